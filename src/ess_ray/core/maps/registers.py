"""Register maps, expanded: a `Value` for each value that a poll delivers, and the protocol's limits.

Shapes: addresses are 0-based as sent on the wire; widths count 16-bit registers, or bits for functions 1 and 2.
A map is immutable once made; `core.maps.mapfile` makes it from its YAML form, `core.maps.plan` the requests from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, NamedTuple, TypeAlias

from ess_ray.core.maps.encodings import DEFAULT_ENCODING
from ess_ray.core.maps.expressions import Expression
from ess_ray.core.maps.order import DEFAULT_ORDER
from ess_ray.core.maps.raw_types import raw_limits
from ess_ray.core.maps.standard import Table

READ_COILS, READ_DISCRETE_INPUTS, READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS = 1, 2, 3, 4
FUNCTIONS = (READ_COILS, READ_DISCRETE_INPUTS, READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS)
BIT_FUNCTIONS = (READ_COILS, READ_DISCRETE_INPUTS)
# MODBUS Application Protocol V1.1b3, sections 6.1-6.4: quantity of outputs, inputs and registers of one request.
MAX_REGISTERS, MAX_BITS = 125, 2000

TEXT_TYPES = ("string", "datetime")  # raw types beside those of numbers


class Expected(NamedTuple):
    """What a register, or a bit, has to hold for values to be what the map says that they are."""

    function: int
    address: int
    number: int  # 0 to 65535; of a bit 0 or 1


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a poll: where its registers are, how they are decoded, which cell of the data standard it fills."""

    table: str
    column: str
    element: int | None  # number in an array column, from 1; None: the column is no array
    ids: tuple[int, ...]  # the identity of its row, in the order of the table's identity columns
    function: int  # 1-4
    address: int  # of its first register, of words apart the most significant one
    width: int  # registers; 1 bit for functions 1 and 2
    raw_type: str  # a key of `core.maps.raw_types.TYPES`, or "bits", "bit", or of TEXT_TYPES
    order: str = DEFAULT_ORDER  # a key of `core.maps.order.ORDERS`
    scale: Decimal = Decimal(1)
    offset: Decimal = Decimal(0)  # value = raw * scale + offset, exact in decimals
    minimum: Decimal | None = None  # of the value after scaling, inclusive
    maximum: Decimal | None = None
    invert: str | None = None  # "swap01": 0 and 1 change places; "nonzero": 0 becomes 1, everything else 0
    sentinels: tuple[int, ...] = ()  # raw numbers (as signed or unsigned as raw_type says) that mean "no value"
    patterns: tuple[int, ...] = ()  # bits of a float that mean the same, most significant byte first
    choices: tuple[int, ...] = ()  # of an enumeration, sorted; another number is out of range; empty: not one
    encoding: str = DEFAULT_ENCODING  # of a text
    bits: tuple[int, int] | None = None  # lowest bit (0 = least significant) and count, for "bits"
    period_us: int = 0  # of its own, microseconds: see `core.maps.rates`; 0: read at each tick
    column_type: str = "float8"  # PostgreSQL type of the column: float8, int2, int4, int8, bool, text, int2[] …
    unit: str = ""
    note: str = ""
    line: int = 0  # of the map file, for error messages
    source: str = ""  # the included map that has this line; empty: the map itself
    expected: tuple[Expected, ...] = ()  # it is not read where one of these holds something else
    sides: tuple[Side, ...] = ()  # registers without which the raw number is no value; in the order of ROLES
    signed: str = ""  # COMPLEMENT or MAGNITUDE of `core.maps.raw_types`, where the raw type does not say it
    words: tuple[int, ...] = ()  # addresses of its registers if they are apart, most significant first
    apart: bool = False  # they may be read by several requests
    format: str = ""  # of FORMATS of `core.maps.formats`: the number is stored as such a text
    parts: tuple[str, ...] = ()  # of a date and time: what each register holds (`core.maps.clocks`)
    zone: str = ""  # of a date and time: the time zone that it is in, or is shown in; "": none is added

    @property
    def is_text(self) -> bool:
        """True if what is stored of it is a text."""
        return self.raw_type in TEXT_TYPES or bool(self.format)

    @property
    def addresses(self) -> Sequence[int]:
        """Its own registers, in the order in which they carry it."""
        return self.words or range(self.address, self.address + self.width)

    @property
    def limits(self) -> tuple[int, int] | None:
        """The lowest and highest raw number that it can have, both inclusive; None for floats and texts."""
        return raw_limits(self.raw_type, self.bits, self.signed)

    @property
    def keys(self) -> list[tuple[int, int]]:
        """(function, address) of all registers that it takes to know the value: its own, then those of its sides."""
        own = [(self.function, address) for address in self.addresses]
        return own + [key for side in self.sides for key in side.value.keys]


@dataclass(frozen=True, slots=True)
class Side:
    """A register beside a value that says what the value's raw number is to be multiplied by.

    `value`: what it reads, as of any value, but for a cell of its own: of that it has its value's. Its `minimum` and
    `maximum` are of numbers that can be meant: with another one there is no value. `strides` and `step` say how it
    moves while a map is expanded.
    """

    role: str  # one of ROLES
    value: Value
    negative: tuple[int, ...] = ()  # of a sign: its numbers that make the value negative
    apart: bool = False  # it may be read by another request than the value
    strides: tuple[tuple[str, int], ...] = ()  # registers from one row to the next, by identity column
    step: int = 0  # registers from one column of an entry to the next


# What a register beside a value can be: value = raw * scale * factor * 10**exponent / divisor + offset, and its sign.
ROLES = ("exponent", "factor", "divisor", "sign")


@dataclass(frozen=True, slots=True)
class Computed:
    """A column of one row that is computed from others of it (`core.maps.computed`), in the words of `Value`."""

    table: str
    column: str
    ids: tuple[int, ...]
    expression: Expression
    minimum: Decimal | None = None  # of the result, inclusive
    maximum: Decimal | None = None
    column_type: str = "float8"
    unit: str = ""
    note: str = ""
    line: int = 0
    source: str = ""

    element: ClassVar[None] = None  # no array is computed
    address: ClassVar[None] = None  # it reads no register


COMPUTED = "computed"  # instead of a raw type, where a computed column is shown among values
Cell: TypeAlias = Value | Computed


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """The register map of a kind of device: the values that a poll delivers, and addresses that may be read along.

    `period_s`: seconds from one poll to the next, unless the device is configured otherwise. `map_hash`: 16 hexadecimal
    digits, see `core.maps.mapcheck.map_hash`. `own`: by table, the columns of the user's own that the map fills, from
    `new` of the map or from files in `standard/`.
    """

    name: str
    period_s: float
    values: tuple[Value, ...]  # by function, address, lowest bit
    readable_holes: frozenset[tuple[int, int]]  # (function, address) that hold no value but may be read
    map_hash: str  # of everything that decides what is stored; equal hashes decode alike
    own: Mapping[str, Table] = field(default_factory=dict)
    computed: tuple[Computed, ...] = ()  # each behind those that it is computed from

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Everything that a poll fills in: read and computed."""
        return (*self.values, *self.computed)
