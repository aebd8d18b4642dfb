"""The types of columns: PostgreSQL's, and what each of them is elsewhere.

Data are stored in PostgreSQL (TimescaleDB is an extension of it), so the data standard speaks of its types, and this is
the only list of them: name, the server's own spelling, OID, numpy dtype. What needs another library is derived from
these where that library is used: Arrow's in `adapters.stores.encoders`.

Sources: PostgreSQL documentation, chapter 8 "Data Types"; OIDs: its src/include/catalog/pg_type.dat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

import numpy as np


class TypeFamily(Enum):
    """Types that behave alike."""

    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    TEXT = "text"
    TIME = "time"
    OWN = "own"  # only in tables of the collector's own that are neither copied into nor exported


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type of one value. An array column has the type of its elements here, and `[]` behind its own type's name.

    `oid`: PostgreSQL's, of this type and not of the array's.
    """

    name: str  # as the data standard writes it
    sql_name: str  # as the server spells it (`format_type()`)
    oid: int
    family: TypeFamily
    dtype: np.dtype  # of a value in memory; text: its UTF-8 bytes; timestamptz: microseconds

    @property
    def bits(self) -> int:
        """The size of a number in bits: 16 for int2. Without meaning for text."""
        return 8 * self.dtype.itemsize

    @property
    def copy_dtype(self) -> np.dtype:
        """The dtype of a value in a field of binary COPY: big end first, as the type's `*_recv` function reads it."""
        return self.dtype.newbyteorder(">")


def _types(*rows: tuple[str, str, int, TypeFamily, str]) -> Mapping[str, ColumnType]:
    types = [ColumnType(name, sql_name, oid, family, np.dtype(dtype)) for name, sql_name, oid, family, dtype in rows]
    return MappingProxyType({type_.name: type_ for type_ in types})


TYPES = _types(
    ("float8", "double precision", 701, TypeFamily.FLOAT, "f8"),
    ("float4", "real", 700, TypeFamily.FLOAT, "f4"),
    ("int2", "smallint", 21, TypeFamily.INTEGER, "i2"),
    ("int4", "integer", 23, TypeFamily.INTEGER, "i4"),
    ("int8", "bigint", 20, TypeFamily.INTEGER, "i8"),
    ("bool", "boolean", 16, TypeFamily.BOOLEAN, "?"),
    ("text", "text", 25, TypeFamily.TEXT, "S"),
    ("timestamptz", "timestamp with time zone", 1184, TypeFamily.TIME, "i8"),
    ("date", "date", 1082, TypeFamily.OWN, "i4"),
    ("xid8", "xid8", 5069, TypeFamily.OWN, "u8"),
)
NUMERIC_TYPES = tuple(name for name, type_ in TYPES.items() if type_.family in (TypeFamily.INTEGER, TypeFamily.FLOAT))
# What a column of the data standard may have.
STANDARD_TYPES = (*NUMERIC_TYPES, "bool", "text", *(f"{name}[]" for name in NUMERIC_TYPES))


def is_array(type_name: str) -> bool:
    """True for the type of an array column, as `int2[]`."""
    return type_name.endswith("[]")


def value_type(type_name: str) -> ColumnType:
    """The type of a column's values, of an array column's elements: int2 for both `int2` and `int2[]`.

    Raises KeyError for a name that is no key of TYPES, with or without `[]`.
    """
    return TYPES[type_name.removesuffix("[]")]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: `type` is a key of TYPES, with `[]` behind it for an array.

    `unit` is as the data standard writes it, empty for none; `meaning` is a text for people. `place`: where a column of
    the user's own is described (`standard/mine.yaml`, `map mine, line 3`); empty for those of the standard itself.
    """

    name: str
    type: str
    unit: str
    meaning: str
    required: bool = False  # NOT NULL
    place: str = field(default="", compare=False)
