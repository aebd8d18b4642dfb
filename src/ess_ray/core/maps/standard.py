"""The common data standard: tables, their identity columns, and every column with type, unit and meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.column_types import STANDARD_TYPES, Column
from ess_ray.core.maps.fixed_columns import ROW_START, leading_columns
from ess_ray.core.maps.tree import TreeNode

MAX_COLUMNS = 1600  # of a table; PostgreSQL documentation, appendix K "PostgreSQL Limits"
RESERVED_COLUMNS = tuple(column.name for column in ROW_START)  # every data table has them
# The collector's own tables, as `adapters.postgres.schema_sql` makes them; a test compares the two.
RESERVED_TABLES = (
    "sample", "event", "device", "rejected", "database_identity", "schema_version", "export_until", "late_commit",
    "export_object",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """A data table. Its full columns: time, site, device, quality, then `identity` (int2 each), then `columns`."""

    name: str
    identity: tuple[str, ...]  # () for pcs and etc; ("bank_id", "rack_id", "module_id") for module
    columns: Mapping[str, Column]  # in the standard's order


@dataclass(frozen=True, slots=True)
class Standard:
    """The common data standard: its data tables by name, in the standard's order."""

    tables: Mapping[str, Table]


def load_standard(tree: Mapping[str, object], place: str = "", base: Standard | None = None) -> Standard:
    """The standard out of plain dicts: `tables: {TABLE: {identity: [NAME…], columns: {NAME: {type, unit, meaning}}}}`.

    `identity` and `unit` may be left out. Raises ConfigError that names the key, e.g. `standard.tables.bank.columns`.
    `place`: of a file of the user's own, which extends `base` (`core.maps.own_columns`): its columns carry that place,
    and tables of `base` need not repeat their identity.
    """

    def fail(node: TreeNode, problem: str) -> ConfigError:
        return ConfigError(".".join((place or "standard", *map(str, node.path))), problem)

    tables = TreeNode(dict(tree), (), fail).fields(("tables",), needed=("tables",))["tables"].fields()
    known = base.tables if base else {}
    return Standard({name: _table(name, node, place, known.get(name)) for name, node in tables.items()})


def tree_of(tables: Mapping[str, Table]) -> dict[str, object]:
    """Tables as the plain dicts that `load_standard` takes: what `place` says is left out."""
    trees = {
        table.name: {
            "identity": list(table.identity),
            "columns": {
                column.name: {"type": column.type, "unit": column.unit, "meaning": column.meaning}
                for column in table.columns.values()
            },
        }
        for table in tables.values()
    }
    return {"tables": trees}


def _table(name: str, node: TreeNode, place: str, known: Table | None) -> Table:
    check_table_name(name, node)
    fields = node.fields(("identity", "columns"), needed=("columns",))
    identity = read_identity(fields["identity"]) if "identity" in fields else known.identity if known else ()
    columns = {key: _column(key, child, identity, place) for key, child in fields["columns"].fields().items()}
    if not columns:
        raise node.error("expected at least one column")
    table = Table(name, identity, columns)
    if problem := too_many_columns(table):
        raise node.error(problem)
    return table


def read_identity(node: TreeNode) -> tuple[str, ...]:
    """The names of identity columns, out of their list. Raises what `node.fail` makes for a name that cannot be one."""
    names = [item.text() for item in node.items()]
    for name in names:
        _check_name(name, node)
    if len({*names}) < len(names):
        raise node.error("expected no identity column twice")
    return tuple(names)


def too_many_columns(table: Table) -> str:
    """Why a table with these columns cannot be made; "" if it can."""
    if (number := len(leading_columns(table.identity)) + len(table.columns)) <= MAX_COLUMNS:
        return ""
    return (
        f"has {number} columns with those that every table has, and a table of PostgreSQL can have {MAX_COLUMNS}: "
        "divide them among several tables, or make an array of columns that are alike"
    )


def _column(name: str, node: TreeNode, identity: tuple[str, ...], place: str) -> Column:
    check_column_name(name, node, identity)
    fields = node.fields(("type", "unit", "meaning"), needed=("type", "meaning"))
    unit = fields["unit"].text() if "unit" in fields else ""
    type_ = fields["type"].text(STANDARD_TYPES, "type")
    return Column(name, type_, unit, fields["meaning"].text(), place=place)


def check_table_name(name: str, node: TreeNode) -> None:
    """Raises what `node.fail` makes for a name that no data table can have."""
    _check_name(name, node)
    if name in RESERVED_TABLES:
        raise node.error(f"{name!r} is the name of a table of the collector's own; choose another")


def check_column_name(name: str, node: TreeNode, identity: tuple[str, ...]) -> None:
    """Raises what `node.fail` makes for a name that no column of a table with this identity can have."""
    _check_name(name, node)
    if name in identity:
        raise node.error("is an identity column already; choose another name")


def _check_name(name: str, node: TreeNode) -> None:
    # PostgreSQL cuts longer names off silently; lower case needs no quotes.
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
        raise node.error(f"{name!r}: a name is a-z, then a-z, 0-9 and _, at most 63 characters")
    if name in RESERVED_COLUMNS:
        raise node.error(f"{name!r} is kept for the columns that every table has; choose another name")
