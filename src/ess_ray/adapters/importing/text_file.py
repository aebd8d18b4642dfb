"""The text of a file in whatever encoding it was saved: with a byte-order mark, UTF-8, UTF-16, or Korean Windows'."""

from __future__ import annotations

from pathlib import Path

from ess_ray.core.errors import ConfigError

MOST_BYTES = 64 << 20  # of a file; the largest register table that was found has 2 MB
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
LEGACY = ("cp949", "gb18030")  # tried in this order for what is no UTF-8; both refuse most of the other's texts
LAST = "latin-1"  # reads anything


def read_bytes(file: Path) -> bytes:
    """The file's bytes. Raises ConfigError that names `from` if it cannot be read, or is no table's size."""
    try:
        if (size := file.stat().st_size) > MOST_BYTES:
            raise ConfigError("from", f"{file} has {size:,} bytes, which no register table has")
        return file.read_bytes()
    except OSError as error:
        raise ConfigError("from", f"{file} cannot be read: {error.strerror}") from error


def read_text(file: Path, encoding: str | None = None) -> tuple[str, str]:
    """The file's text, and the encoding that it was read in.

    `encoding`: the one that it has; None: found out. Raises ConfigError if the file cannot be read, or not so.
    """
    data = read_bytes(file)
    if encoding is not None:
        try:
            return data.decode(encoding), encoding
        except (LookupError, UnicodeDecodeError) as error:
            raise ConfigError("encoding", f"{file} is not {encoding}: {error}") from error
    if marked := next((name for mark, name in MARKS if data.startswith(mark)), None):
        return data.decode(marked, errors="replace"), marked
    if 0 in data:  # no letter of another encoding is a zero: UTF-16 without a mark
        return data.decode("utf-16-le", errors="replace"), "utf-16-le"
    for name in ("utf-8", *LEGACY):
        try:
            return data.decode(name), name
        except UnicodeDecodeError:
            continue
    return data.decode(LAST), LAST
