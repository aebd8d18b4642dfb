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


def load_standard(tree: Mapping[str, object]) -> Standard:
    """The standard out of plain dicts: `tables: {TABLE: {identity: [NAME…], columns: {NAME: {type, unit, meaning}}}}`.

    `identity` and `unit` may be left out. Raises ConfigError that names the key, e.g. `standard.tables.bank.columns`.
    """
    tables = TreeNode(dict(tree), (), _fail).fields(("tables",), needed=("tables",))["tables"].fields()
    return Standard({name: _table(name, node) for name, node in tables.items()})


def _fail(node: TreeNode, problem: str) -> ConfigError:
    return ConfigError(".".join(("standard", *map(str, node.path))), problem)


def _table(name: str, node: TreeNode) -> Table:
    _check_name(name, node)
    if name in RESERVED_TABLES:
        raise node.error(f"{name!r} is the name of a table of the collector's own; choose another")
    fields = node.fields(("identity", "columns"), needed=("columns",))
    identity = [_identity(item) for item in fields["identity"].items()] if "identity" in fields else []
    columns = {key: _column(key, child, identity) for key, child in fields["columns"].fields().items()}
    if not columns or len(set(identity)) != len(identity):
        raise node.error("expected at least one column, and no identity column twice")
    if (number := len(leading_columns(identity)) + len(columns)) > MAX_COLUMNS:
        raise node.error(
            f"has {number} columns with those that every table has, and a table of PostgreSQL can have {MAX_COLUMNS}: "
            "divide them among several tables, or make an array of columns that are alike"
        )
    return Table(name, tuple(identity), columns)


def _identity(node: TreeNode) -> str:
    _check_name(node.text(), node)
    return node.text()


def _column(name: str, node: TreeNode, identity: list[str]) -> Column:
    _check_name(name, node)
    if name in identity:
        raise node.error("is an identity column already; choose another name")
    fields = node.fields(("type", "unit", "meaning"), needed=("type", "meaning"))
    unit = fields["unit"].text() if "unit" in fields else ""
    return Column(name, fields["type"].text(STANDARD_TYPES, "type"), unit, fields["meaning"].text())


def _check_name(name: str, node: TreeNode) -> None:
    # PostgreSQL cuts longer names off silently; lower case needs no quotes.
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
        raise node.error(f"{name!r}: a name is a-z, then a-z, 0-9 and _, at most 63 characters")
    if name in RESERVED_COLUMNS:
        raise node.error(f"{name!r} is kept for the columns that every table has; choose another name")
