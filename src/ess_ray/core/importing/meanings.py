"""How tables say what numbers and bits mean: `0: off ⏎ 1: on`, `0=Open;1=Closed`, `Bit3: fault`, `1- Fault, 0- OK`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from itertools import zip_longest

RESERVED = re.compile(
    r"^\W*(?:reserved|spare|unused|not used|undefined|unknown register|rsvd|reserviert|nicht belegt|"
    r"미사용|사용 ?안 ?함|保留|预留|备用|未使用|未定义)\b|"
    r"^\W*(?:reserve|none|unknown|n/?a|frei|예약|예비|보류)?[\W\d]*$",
    re.IGNORECASE,
)
LONGEST_LABEL = 80
LARGEST = 0xFFFFFFFF
_ENUM_PART = re.compile(
    r"(?:^|[\n;,，；、|]|(?<=\s))\s*\"?(0x[0-9a-f]+|[-+]?\d{1,10})\"?\s*(?:::?|：|=+|[-–—]+>?|\)|\.(?!\d))\s*",
    re.IGNORECASE,
)
_BIT = re.compile(
    r"(?:^|[\n;,，；、|(]|(?<=\s))\s*b(?:it)?[\s_.]*0*(\d{1,2})(?:\s*(?:-|~|–|\.\.|to|:)\s*(?:b(?:it)?)?[\s_.]*0*(\d{1,2})"
    r"(?=\s*(?:[:：=)\s-]|$)))?\s*[:：=)—–.-]*\s*",
    re.IGNORECASE,
)


def is_reserved(text: str) -> bool:
    """Whether a name says that there is nothing: reserved, spare, 예약, 保留 …, or is empty."""
    return bool(RESERVED.match(text))


def read_enum(text: str) -> dict[int, str]:
    """Numbers with their meanings; empty for a cell that lists fewer than two, or no text behind them.

    `0: off\n1: on`, `0=Open;1=Closed`, `1- Fault，0- Normal`, `0 = stop 1 = run`, with full-width signs too.
    """
    plain = unicodedata.normalize("NFKC", text)
    if _BIT.search(plain):
        return {}
    marks = list(_ENUM_PART.finditer(plain))
    if len(marks) < 2:
        return {}
    labels: dict[int, str] = {}
    for mark, following in zip_longest(marks, marks[1:]):
        end = following.start() if following else len(plain)
        label = _label(plain[mark.end() : end])
        number = int(mark[1], 16 if "x" in mark[1].lower() else 10)
        if label and not re.fullmatch(r"[-+\d.,\s]*", label) and abs(number) <= LARGEST:
            labels.setdefault(number, label)
    return labels if len(labels) > 1 else {}


def _label(text: str) -> str:
    line = text.strip().split("\n")[0]
    return re.sub(r"\s+", " ", line).strip(" ;,，；、|\"'")[:LONGEST_LABEL]


def read_bits(text: str) -> dict[tuple[int, int], str]:
    """Bits (lowest, count) with their meanings: `Bit0:Run ⏎ Bit1:Stop`, `bit4-7: mode`; empty for none.

    Reserved ones are among them, with what is said of them.
    """
    plain = unicodedata.normalize("NFKC", text)
    marks = list(_BIT.finditer(plain))
    labels: dict[tuple[int, int], str] = {}
    for mark, following in zip_longest(marks, marks[1:]):
        first, last = int(mark[1]), int(mark[2] or mark[1])
        first, last = min(first, last), max(first, last)
        end = following.start() if following else len(plain)
        if last <= 63:
            labels.setdefault((first, last - first + 1), _label(plain[mark.end() : end]))
    return labels


def two_labels(zero: str, one: str) -> dict[int, str]:
    """The meanings of 0 and 1 out of two columns; empty unless both are said."""
    return {0: _label(zero), 1: _label(one)} if _label(zero) and _label(one) else {}


# Endings of names; a bare `high` or `low` is none, since it may be a limit.
_HIGH = (
    r"high(?:er)?[ -]?(?:order|word|digital|16 ?bits?|byte|part)s?(?: (?:word|digital))?|hw|msw|upper word|"
    r"상위(?: ?워드)?|高(?:位|字|16位)|16\s*[-~]\s*31 ?bits?|31\s*[-~]\s*16 ?bits?|bits? ?16\s*[-~]\s*31"
)
_LOW = (
    r"low(?:er)?[ -]?(?:order|word|digital|16 ?bits?|byte|part)s?(?: (?:word|digital))?|lw|lsw|lower word|"
    r"하위(?: ?워드)?|低(?:位|字|16位)|0\s*[-~]\s*15 ?bits?|15\s*[-~]\s*0 ?bits?|bits? ?0\s*[-~]\s*15"
)
_HALF = re.compile(rf"[\s_-]*[(\[（【]?\s*(?:(?P<high>{_HIGH})|(?P<low>{_LOW}))\s*[)\]）】]?\s*$", re.IGNORECASE)


def half_of(name: str) -> tuple[str, str] | None:
    """The name without its ending, and `high` or `low`, if it says that the row is one word of a number of two."""
    match = _HALF.search(unicodedata.normalize("NFKC", name))
    if match is None or not match.start():
        return None
    return name[: match.start()].strip(), "high" if match["high"] else "low"


def joined(labels: Mapping[int, str]) -> str:
    """Labels as a note: `0: off, 1: on`."""
    return ", ".join(f"{number}: {label}" for number, label in sorted(labels.items()))
