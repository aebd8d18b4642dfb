"""One row of a register table → its items: a value, the bits of a register, or one number out of two rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from ess_ray.core.importing.decisions import Decisions
from ess_ray.core.importing.evidence import function_of
from ess_ray.core.importing.factors import bounds_of
from ess_ray.core.importing.item import Item, ItemError, in_one_register, registers, width_of
from ess_ray.core.importing.meanings import half_of, is_reserved, read_bits, read_enum, two_labels
from ess_ray.core.importing.notations import TypeCell, is_write_only, read_order, read_printed, read_type
from ess_ray.core.importing.quantities import decimal, read_scale, read_sentinels, read_unit
from ess_ray.core.importing.rows import TEXTS, TableRow
from ess_ray.core.maps.numbering import MODICON, ONE_BASED, WIRE, Numbering
from ess_ray.core.maps.raw_types import raw_limits
from ess_ray.core.maps.registers import BIT_FUNCTIONS, MAX_REGISTERS

ONE = Decimal(1)
MISTAKEN = (2, 4)  # times as wide as its type: rather a type that is written wrong than a list of numbers
NUMBERINGS = {"0": WIRE, "1": ONE_BASED, "modicon": MODICON}


def is_nothing(row: TableRow) -> bool:
    """Whether the row says that there is nothing: reserved, or neither name nor description."""
    return is_reserved(row.title)


def row_items(row: TableRow, decisions: Decisions, second: TableRow | None, order: str) -> Iterator[Item]:
    """The items of a row. `second`: the row of the other word of its number, `order`: in which the two come.

    Raises ItemError with the reason why it is none that a map could have.
    """
    if is_write_only(row.cell("access")):
        raise ItemError(f"it can only be written ({row.cell('access')})")
    function, address = _sent(row, decisions)
    bit = _bit(row)
    bits = {} if bit else _bits(row)
    type_ = _type(row, function, decisions, second is not None)
    width = width_of(type_.type, type_.length) * type_.count if type_.type != "bit" else 1
    halves = half_of(row.title) if second else None
    name = halves[0] if halves else row.title
    base = Item(
        name, row.where, function, address, type_.type if type_.type != "bit" else "uint16", width,
        printed="" if str(address) == row.cell("address") else row.table.sheet.seen(row.number, row.table.address),
        order=order or type_.order or read_order(row.cell("order")) or decisions.order,
    )  # fmt: skip
    if type_.type in ("string", "bit") or width_of(type_.type) == 1:
        base = replace(base, order="BADC" if base.order in ("BADC", "DCBA") else "ABCD")
    if function in BIT_FUNCTIONS:
        yield replace(base, enum=_enum(row))
    elif bit:
        yield in_one_register(replace(base, bits=bit, enum=_enum(row), order=base.order or "ABCD"))
    elif bits:
        yield from _bit_items(base, bits)
    elif type_.type == "string":
        yield base
    else:
        number = _number(base, row, decisions, type_)
        if type_.count > 1:
            number = replace(number, words={"count": type_.count})
        if type_.byte:
            words = {"signed": True} if type_.type == "int16" else {}
            number = replace(number, type="uint16", bits=(0, 8), words=words)
        yield number


def _sent(row: TableRow, decisions: Decisions) -> tuple[int, int]:
    """Function and address as they are sent."""
    try:
        function, address = Numbering(NUMBERINGS[decisions.base]).sent(row.printed.first, row.printed.digits)
    except ValueError as error:
        raise ItemError(f"address {row.printed.first}: {error}") from None
    return function or function_of(row) or decisions.function, address


def _bit(row: TableRow) -> tuple[int, int] | None:
    """The bits of a row that is about some of a register: by its address, its bit's column, or its size."""
    if row.printed.bit is not None:
        return row.printed.bit, 1
    for role in ("bit", "size"):
        text = row.cell(role).strip()
        pattern = (
            r"(?:bit\s*)?(\d{1,2})(?:\s*[-~]\s*(?:bit\s*)?(\d{1,2}))?"
            if role == "bit"
            else r"bit\s*(\d{1,2})(?:\s*[-~]\s*(?:bit\s*)?(\d{1,2}))?"
        )
        if match := re.fullmatch(pattern, text, re.IGNORECASE):
            first, last = int(match[1]), int(match[2] or match[1])
            return min(first, last), abs(last - first) + 1
    return None


def _bits(row: TableRow) -> dict[tuple[int, int], str]:
    """The bits that the row's remarks list, at least two of them or one of a row that lists nothing else."""
    for role in TEXTS:
        for text in row.texts(role):
            if len(bits := read_bits(text)) > 1:
                return bits
    return {}


def _bit_items(base: Item, bits: Mapping[tuple[int, int], str]) -> Iterator[Item]:
    for (lowest, count), label in bits.items():
        if is_reserved(label):
            continue
        if lowest + count > 16 * base.width:
            raise ItemError(f"it lists bit {lowest + count - 1}, and {base.type} has {16 * base.width}")
        yield in_one_register(
            replace(base, name=f"{base.name} {label}", bits=(lowest, count), order=base.order or "ABCD")
        )


def _type(row: TableRow, function: int, decisions: Decisions, joined: bool) -> TypeCell:
    """The type, out of its cell and the registers that the row has; without a cell by width and range."""
    width = row.printed.width if row.printed.width > 1 else _size(row)
    text = row.cell("type")
    type_cell = read_type(text, width or decisions.widths.get(text, 0))
    if function in BIT_FUNCTIONS:
        return TypeCell("bit")
    if type_cell is None:
        if text and not _says_nothing(text):
            raise ItemError(f"type {text!r} is not among those of register maps")
        type_cell = _guessed(row, width)
    if joined:
        if type_cell.type not in ("int16", "uint16", "int32", "uint32", "float32"):
            raise ItemError(f"two rows of type {text} are no number")
        return replace(type_cell, type=type_cell.type.replace("16", "32"))
    return _fitted(type_cell, text, width)


def _fitted(type_cell: TypeCell, text: str, width: int) -> TypeCell:
    """The type with the length or the count that the row's `width` in registers gives it, 0: it gives none."""
    if type_cell.type == "string":
        length = type_cell.length or width
        if not 0 < length <= MAX_REGISTERS:
            raise ItemError(f"type {text!r} is a text, and the row does not say how many registers it takes")
        return replace(type_cell, length=length)
    if type_cell.type == "bit":
        return replace(type_cell, type="uint16")
    several, rest = divmod(width, width_of(type_cell.type))
    if width and (rest or several in MISTAKEN):
        raise ItemError(f"type {text!r} takes {registers(width_of(type_cell.type))}, and the row has {width}")
    return replace(type_cell, count=several or 1)


def _says_nothing(text: str) -> bool:
    return text.strip().casefold() in {"", "-", "/", "n/a", "na", "none", "?"}


def _size(row: TableRow) -> int:
    """Registers by the columns of the last address or the size; 0 if they say nothing."""
    end = read_printed(row.cell("end"), row.table.hexadecimal or row.printed.hexadecimal)
    if end and end.last >= row.printed.first:
        return end.last - row.printed.first + 1
    match = re.fullmatch(r"(\d{1,3})\s*(words?|world|registers?)?", row.cell("size").strip(), re.IGNORECASE)
    return int(match[1]) if match else 0


def _guessed(row: TableRow, width: int) -> TypeCell:
    """A type for a row without one: an integer as wide as the row, signed if its range goes below 0."""
    if width not in (0, 1, 2, 4):
        raise ItemError(f"it has no type, and takes {width} registers")
    bounds = bounds_of(row)
    return TypeCell(f"{'int' if bounds and bounds[0] < 0 else 'uint'}{16 * (width or 1)}")


def _enum(row: TableRow) -> dict[int, str]:
    """What the row's numbers mean: out of its labels, its enumeration, unit, range or remarks."""
    if labels := two_labels(row.cell("label0"), row.cell("label1")):
        return labels
    for text in (
        *row.texts("enum"),
        row.cell("unit"),
        row.cell("range"),
        *row.texts("note"),
        *row.texts("description"),
    ):
        if listed := read_enum(text):
            return listed
    return {}


def _number(base: Item, row: TableRow, decisions: Decisions, type_: TypeCell) -> Item:
    """A number with its factor, offset, unit, range, meanings, and raw numbers for nothing."""
    unit, scale = read_unit(row.cell("unit")), _scale(row, decisions, type_)
    enum = _enum(row) if scale == 1 and not base.type.startswith("float") else {}
    limits = raw_limits(base.type, None)
    if enum and limits and not all(limits[0] <= number <= limits[1] for number in enum):
        enum = {}
    offset = decimal(row.cell("offset")) or Decimal(0)
    low, high = (None, None) if enum else _range(row, decisions, scale)
    sentinels = [
        number for number in read_sentinels(row.cell("sentinel")) if limits and limits[0] <= number <= 2 * limits[1] + 1
    ]
    return replace(
        base, scale=scale, offset=offset, unit="" if enum else unit.unit, minimum=low, maximum=high, enum=enum,
        sentinels=tuple(sentinels),
    )  # fmt: skip


def _scale(row: TableRow, decisions: Decisions, type_: TypeCell) -> Decimal:
    step, cell = read_unit(row.cell("unit")).step, read_scale(row.cell("scale"))
    factor = ONE
    if cell:
        divides = decisions.divides if cell.divides is None else cell.divides
        factor = ONE / cell.factor if divides else cell.factor
    elif type_.decimals:
        factor = ONE.scaleb(-type_.decimals)
    elif decisions.decimals and type_.type.startswith(("int", "uint")) and (places := decimal(row.cell("decimals"))):
        factor = ONE.scaleb(-int(places)) if 0 < places < 10 else ONE
    if step is None or step == factor:
        return factor
    if factor == 1 or not cell:
        return step
    if step == 1:
        return factor
    raise ItemError(f"its unit {row.cell('unit')!r} says a step of {step:f}, its factor {factor:f}")


def _range(row: TableRow, decisions: Decisions, scale: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """The expected range of the value, where it is known what the row's range is of."""
    bounds = bounds_of(row)
    if bounds is None or (scale != 1 and not decisions.ranges):
        return None, None
    if scale != 1 and decisions.ranges == "raw":
        low, high = sorted(bound * scale for bound in bounds)
        return low, high
    return bounds
