"""What every reader makes of a file: items, what is left out with its reason, what was taken for granted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from ess_ray.core.maps.order import DEFAULT_ORDER, ORDERS
from ess_ray.core.maps.raw_types import WIDTHS

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Operand:
    """Another item that a computed one is computed from, by its name and place; `negative`: its value times -1."""

    name: str
    where: str
    negative: bool = False


Formula = Mapping[str, Sequence[object]]  # an operation of maps and its operands: Operand, Decimal or Formula


@dataclass(frozen=True, slots=True)
class Item:
    """A value that a file describes, in the words of register maps (docs/register-maps.md)."""

    name: str  # as the file has it
    where: str  # in the file: `line 12`, `sheet BMS, row 7`
    function: int  # 1-4
    address: int  # as sent, from 0
    type: str = "uint16"  # a key of `core.maps.raw_types.TYPES` or "string"; of functions 1 and 2 without meaning
    width: int = 1  # registers
    printed: str = ""  # the address as the file has it, where that is not the one that is sent
    order: str = DEFAULT_ORDER
    scale: Decimal = ONE
    offset: Decimal = Decimal(0)
    unit: str = ""
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    enum: Mapping[int, str] = field(default_factory=dict)
    bits: tuple[int, int] | None = None  # lowest bit of the register, and how many
    sentinels: tuple[int, ...] = ()
    note: str = ""
    period_s: Decimal | None = None  # None: the map's
    words: Mapping[str, object] = field(default_factory=dict)  # further attributes, as the map writes them
    formula: Formula | None = None  # of an item that is computed and reads no register

    @property
    def registers(self) -> list[int]:
        """The addresses of what it reads: a row of them, or those that its word `words` lists."""
        if self.formula is not None:
            return []
        apart = self.words.get("words")
        return apart if isinstance(apart, list) else [*range(self.address, self.address + self.width)]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of the file that is not in the map, and why."""

    name: str
    where: str
    reason: str


@dataclass(slots=True)
class FoundDevice:
    """The items of one device: one map. `name` is empty if the file has only one."""

    name: str = ""
    items: list[Item] = field(default_factory=list)
    period_s: Decimal | None = None  # of most of its values
    unit_id: int | None = None


@dataclass(slots=True)
class Import:
    """What became of a file.

    `form`: what it is, for people. `left_out`: values. `unused`: settings and the like, sentences. `taken`: what the
    file leaves open and how it was read, sentences.
    """

    form: str
    devices: list[FoundDevice] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


class ItemError(ValueError):
    """A value that cannot be carried over; its text is the reason."""


def in_one_register(item: Item) -> Item:
    """The same item about one register, where its `bits` are some of a number of several.

    `item.address` is the first register of `item.width`; bit 0 is the number's least significant one. Raises
    ItemError for bits of two registers.
    """
    assert item.bits is not None
    lowest, count = item.bits
    word, bit = divmod(lowest, 16)  # counted from the least significant word
    if bit + count > 16:
        raise ItemError(f"its bits {lowest} to {lowest + count - 1} are in two registers")
    words = ORDERS[item.order].words(item.width)
    register = words.index(item.width - 1 - word)
    # Of one register only the order of its two bytes is left.
    order = ORDERS[item.order]
    plain = "BADC" if order.low_byte_first else DEFAULT_ORDER
    return replace(item, address=item.address + register, width=1, bits=(bit, count), order=plain, type="uint16")


def operands(formula: Formula) -> Iterator[Operand]:
    """The items that a formula is computed from."""
    for terms in formula.values():
        for term in terms:
            if isinstance(term, Operand):
                yield term
            elif isinstance(term, Mapping):
                yield from operands(term)


def width_of(type_: str, length: int = 1) -> int:
    """The registers of a type of the map; `length`: of a text."""
    return length if type_ == "string" else WIDTHS[type_]


def is_long(item: Item) -> bool:
    """True for a text or an array: no number, and wider in a row."""
    return item.type in ("string", "datetime") or "format" in item.words or "count" in item.words


def registers(number: int) -> str:
    """`1 register`, `2 registers`."""
    return f"{number} register{'s' * (number != 1)}"
