"""The data standard as a page: `scripts/standard` writes docs/data-standard.md so.

Made from the standard, `core.maps.fixed_columns` and the maps of the chosen sites (`site=all` unless the settings name
others); a test holds the page in docs/ against it. `python -m ess_ray.generate.standard_page` takes the words of the
command line that name settings.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ess_ray.app.exit_codes import OK, UNUSABLE
from ess_ray.config.arguments import arguments
from ess_ray.config.compose import compose_config
from ess_ray.config.load import load_settings
from ess_ray.core.decoding.normalise import MISSING
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps import fixed_columns
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.core.reasons import ExceptionCode, Reason, Whose, exception_reason
from ess_ray.core.samples import EventKind, Status
from ess_ray.core.settings import Settings

STATUSES = {
    Status.STORED: "complete: all its rows are there",
    Status.PARTIAL: "its rows are there, less those that the database refused; where registers are missing, values are "
    f"NULL and their rows have {MISSING} in `quality`",
    Status.FAILED: "no rows but this one",
}
INTRODUCTION = """\
# The data standard

Made by `./scripts/standard` from `conf/standard/ess.yaml` and the maps: change these, not this page.

All plants go into the same tables. A table has the columns of all plants together; where a plant does not deliver a
column, it is NULL in the database and absent from that plant's exported files. A value that could not be read is NULL,
never a guess; a device's own sign for "no value" is NULL too. Types are PostgreSQL's: float8 is a 64-bit floating-point
number, int2 a 16-bit whole one, `int2[]` an array of these, timestamptz a moment."""


def page(settings: Settings) -> str:
    """The page as one text in Markdown, with the standard of `settings` and the maps of the sites chosen there."""
    maps = {site: _map_of(settings, site) for site in settings.timezones}
    parts = [INTRODUCTION, *_own(settings), _plants(settings, maps), _every_table(settings.standard)]
    parts += [_data_table(table, maps) for table in settings.standard.tables.values()]
    parts += [_sample(), _event()]
    return "\n\n".join(parts) + "\n"


def _own(settings: Settings) -> Iterator[str]:
    """Where the columns of the user's own are described; nothing if there are none."""
    places = dict.fromkeys(
        column.place.partition(",")[0] for table in settings.own.values() for column in table.columns.values()
    )
    if places:
        yield f"Columns and tables of these plants' own stand last. They are described in {', '.join(places)}."


def _map_of(settings: Settings, site: str) -> list[RegisterMap]:
    return [settings.maps[d.map_name] for d in settings.devices if d.device.site == site]


def _plants(settings: Settings, maps: Mapping[str, Sequence[RegisterMap]]) -> str:
    tables = list(settings.standard.tables)
    lines = []
    for site, site_maps in maps.items():
        rows = Counter(table for map_ in site_maps for table, _ in {(value.table, value.ids) for value in map_.values})
        periods = sorted({d.period_us / 1e6 for d in settings.devices if d.device.site == site})
        numbers = ", ".join(f"{period:g}" for period in periods)
        lines.append([site, settings.timezones[site], numbers, *(str(rows[table] or "") for table in tables)])
    text = "## Plants\n\nHow often a plant is read, and how many rows that gives each time.\n\n"
    return text + _markdown(["plant", "time zone", "period, s", *tables], lines)


def _every_table(standard: Standard) -> str:
    identity = dict.fromkeys(name for table in standard.tables.values() for name in table.identity)
    text = "## In every table\n\nThose of the identity columns that the section of the table names.\n\n"
    return text + _columns(fixed_columns.leading_columns(identity))


def _data_table(table: Table, maps: Mapping[str, Sequence[RegisterMap]]) -> str:
    delivered = {site: _lengths(table.name, of) for site, of in maps.items()}
    lines = [[f"`{c.name}`", c.type, c.unit, c.meaning, _who(c, delivered)] for c in table.columns.values()]
    identity = ", ".join(f"`{name}`" for name in table.identity)
    row = f"A row for each {identity} and tick." if identity else "One row a tick."
    return f"## {table.name}\n\n{row}\n\n" + _markdown(["column", "type", "unit", "meaning", "plants"], lines)


def _lengths(table: str, maps: Iterable[RegisterMap]) -> dict[str, set[int]]:
    """The columns that the maps deliver, and how long their arrays are (0 for a single value)."""
    last: dict[tuple[str, tuple[int, ...]], int] = {}
    for cell in (cell for map_ in maps for cell in map_.cells if cell.table == table):
        key = cell.column, cell.ids
        last[key] = max(last.get(key, 0), cell.element or 0)
    lengths: dict[str, set[int]] = {}
    for (column, _), length in last.items():
        lengths.setdefault(column, set()).add(length)
    return lengths


def _who(column: Column, delivered: Mapping[str, Mapping[str, set[int]]]) -> str:
    """The plants that deliver a column, arrays with their lengths."""
    names = [site for site, columns in delivered.items() if column.name in columns]
    if "[" in column.type:
        long = {site: " or ".join(map(str, sorted(delivered[site][column.name]))) for site in names}
        return ", ".join(f"{site} ({length} long)" for site, length in long.items())
    return "all" if len(names) == len(delivered) > 1 else ", ".join(names) or "none of these"


def _sample() -> str:
    text = "## sample\n\nOne row for each device and tick that was expected, whether it could be read or not.\n\n"
    return "\n\n".join([
        text + _columns(fixed_columns.SAMPLE),
        _markdown(["status", "meaning"], [[f"`{status}`", STATUSES[status]] for status in Status]),
        "Where on its way from the device to the database the sample was lost:\n\n"
        + "\n".join(f"- *{whose}*: {whose.meaning}" for whose in Whose),
        _markdown(["reason", "where", "meaning", "what to do"], [_reason(reason) for reason in Reason]),
        "Exception codes as Modbus defines them (MODBUS Application Protocol V1.1b3, section 7); devices have others.",
        _markdown(["reason", "meaning", "what to do"], [_exception(code) for code in ExceptionCode]),
    ])  # fmt: skip


def _reason(reason: Reason) -> list[str]:
    return [f"`{reason}`", reason.whose, reason.meaning, reason.advice]


def _exception(code: ExceptionCode) -> list[str]:
    return [f"`{exception_reason(code)}`", code.meaning, code.advice]


def _event() -> str:
    text = "## event\n\nWhat happened to a device: transitions only.\n\n"
    kinds = _markdown(["kind", "meaning"], [[f"`{kind}`", kind.meaning] for kind in EventKind])
    return f"{text}{_columns(fixed_columns.EVENT)}\n\n{kinds}"


def _columns(columns: Iterable[Column]) -> str:
    lines = [[f"`{column.name}`", column.type, column.unit, column.meaning] for column in columns]
    return _markdown(["column", "type", "unit", "meaning"], lines)


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (header, *rows)]
    return "\n".join([lines[0], "|---" * len(header) + "|", *lines[1:]])


def main(words: Sequence[str] | None = None) -> int:
    """Print the page; returns the exit code, UNUSABLE after a line on stderr if the settings cannot be used.

    `words`: those of the command line behind the program's name; None: `sys.argv`'s.
    """
    given = arguments().parse_intermixed_args(words)
    try:
        composed = compose_config(["job=report", *given.settings], given.config_dir)  # which needs no hosts
        print(page(load_settings(composed, {})), end="")
    except ConfigError as error:
        print(f"ess_ray: {error}", file=sys.stderr)
        return UNUSABLE
    return OK


if __name__ == "__main__":
    sys.exit(main())
