"""The result of `job=probe` for a terminal of any width: the device, its registers in every reading, its doubts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ess_ray.core.checking.diagnosis import mapped_keys
from ess_ray.core.checking.explore import MOST_AT_ONCE
from ess_ray.core.checking.interpretations import as_all_types, as_float, as_integer, scaled
from ess_ray.core.checking.probed import Probed
from ess_ray.core.checking.reading import Reading, Registers, range_text, row_text
from ess_ray.core.checking.skeleton import skeleton
from ess_ray.core.checking.survey import MOST_SILENT, Survey, address_ranges, limit_of
from ess_ray.core.checking.unread import ranges_text
from ess_ray.core.errors import printable
from ess_ray.core.maps.order import ORDERS
from ess_ray.core.maps.registers import BIT_FUNCTIONS
from ess_ray.core.reasons import exception_code
from ess_ray.jobs.check_text import FILE_WIDTH, print_doubts
from ess_ray.jobs.probe_verdict import print_verdict

WIDE = 120  # columns from which on 32-bit readings stand in the table
MOST_DETAILED = 16  # registers of a window that are each shown in all types and orders
MOST_DOUBTFUL = 4  # doubtful values that are
LEAST_FOLDED = 3  # zeros in a row that become one line


def print_probed(probed: Probed, console: Console) -> None:
    """Print everything, the verdict on the map last; without registers, why there are none.

    A console that is no terminal is widened to FILE_WIDTH.
    """
    if not console.is_terminal:
        console.width = max(console.width, FILE_WIDTH)
    survey, settings = probed.survey, probed.settings
    name = f"{settings.device.device}, map {settings.device.map_name}" if settings.device else "no map"
    console.print(Text(printable(f"{settings.host}:{settings.port}, unit {settings.unit_id} ({name})"), style="bold"))
    for key, text in _facts(probed):
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=18)
        grid.add_column(overflow="fold")
        grid.add_row(f"  {key}", Text(text))
        console.print(grid)
    if survey.registers:
        console.print(_registers(survey.registers, probed.readings, console.width >= WIDE))
        for function, address in _detailed(probed):
            _print_detail(console, function, address, survey.registers)
        _print_skeleton(console, survey, probed.readings)
        for reading in probed.computed:
            console.print(Text(printable(f"computed: {_reading_text(reading)}")))
        print_doubts(console, probed.doubts)
    print_verdict(probed, console)


# --- the device -----------------------------------------------------------------------------------------------------


def _facts(probed: Probed) -> Iterator[tuple[str, str]]:
    survey, settings = probed.survey, probed.settings
    if survey.runs:
        yield "answers", ranges_text(survey.runs)
    for reason in sorted({*survey.refused.values()}):
        refused = address_ranges({key: 0 for key, why in survey.refused.items() if why == reason})
        word = "refuses" if exception_code(reason) is not None else "does not answer"
        yield word, f"{ranges_text(refused)} ({reason})"
    if survey.not_searched:
        why = "it was silent too often" if survey.silent >= MOST_SILENT else "see probe.most_requests"
        yield "not searched", f"{ranges_text(sorted(survey.not_searched))}: {why}"
    for function, largest in sorted(survey.largest.items()):
        limit = ", as many as Modbus allows" if largest == limit_of(function) else " or more"
        limit = "" if function in survey.bounded else limit
        yield "largest request", f"function {function}: {largest} {_items(function, largest)}{limit}"
    if probed.timed[0]:
        requests, count = probed.timed
        times = f"median {probed.median_ms:.1f} ms, worst {probed.worst_ms:.1f} ms"
        yield "speed", f"{times} ({requests} requests of {count})"
    if probed.connections is not None:
        limit = " or more" if probed.connections == settings.most_connections else ""
        yield "connections", f"{probed.connections}{limit} at once"
    if probed.at_once is not None:
        yield "requests at once", f"{probed.at_once} of {MOST_AT_ONCE} got a reply (see requests_at_once)"
    yield "sent", f"{probed.sent} requests, at most {settings.requests_s:g} a second"


def _items(function: int, count: int) -> str:
    return ("bit" if function in BIT_FUNCTIONS else "register") + ("" if count == 1 else "s")


# --- its registers --------------------------------------------------------------------------------------------------


def _registers(registers: Registers, readings: Sequence[Reading], wide: bool) -> Table:
    """A line for each register: alone, together with the next register, and what the map makes of it."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    pairs = ("int32 ABCD", "CDAB", "float32 ABCD", "CDAB")
    for name in ("address", "hex", "uint16", "int16", "× 0.1", *(pairs if wide else ())):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("the map says", overflow="fold")
    mapped: dict[tuple[int, int], list[Reading]] = {}
    for reading in readings:
        mapped.setdefault((reading.value.function, reading.value.address), []).append(reading)
    for zero, group in groupby(sorted(registers), key=lambda key: _folds(registers[key], mapped.get(key, ()))):
        keys = list(group)
        if zero is None or len(keys) < LEAST_FOLDED:
            for key in keys:
                table.add_row(*_row(key, registers, wide), "; ".join(map(_reading_text, mapped.get(key, ()))))
            continue
        blank = ["0"] * 2 + [""] * (1 + (len(pairs) if wide else 0))
        folded = [reading for key in keys for reading in mapped.get(key, ())]
        text = f"{row_text(folded[0].value)} … {folded[-1].value.column}" if folded else ""
        table.add_row(ranges_text(address_ranges(dict.fromkeys(keys))), "0000", *blank, text, style="dim")
    return table


def _folds(number: int, readings: Sequence[Reading]) -> tuple[object, ...] | None:
    """A key: zeros in a row with the same key are one line (same row of the same table); None: a line of its own."""
    if number or any(reading.number != 0 or reading.outside for reading in readings):
        return None
    return (readings[0].value.table, readings[0].value.ids) if readings else ()


def _row(key: tuple[int, int], registers: Registers, wide: bool) -> list[str]:
    function, address = key
    number = registers[key]
    row = [f"{function}:{address}"]
    if function in BIT_FUNCTIONS:
        return [*row, "", str(number), "", "", *([""] * 4 if wide else ())]
    signed = as_integer(number.to_bytes(2, "big"), "ABCD", signed=True)
    row += [f"{number:04X}", str(number), str(signed), scaled(signed, 1)]
    if not wide:
        return row
    next_number = registers.get((function, address + 1))
    if next_number is None:
        return [*row, "", "", "", ""]
    data = number.to_bytes(2, "big") + next_number.to_bytes(2, "big")
    orders = ("ABCD", "CDAB")
    integers = [str(as_integer(data, order, signed=True)) for order in orders]
    return [*row, *integers, *(as_float(data, order) for order in orders)]


def _reading_text(reading: Reading) -> str:
    value = reading.value
    parts = "" if value.bits is None else f".{value.bits[0]}"
    expected = f" (outside {range_text(value)})" if reading.outside else ""
    return f"{row_text(value)}{parts} {reading.text()}{expected}"


def _detailed(probed: Probed) -> list[tuple[int, int]]:
    """The registers to be shown in all types: all of a small window that was requested, else some doubtful ones."""
    windows = probed.settings.windows
    wanted = [
        (function, address)
        for function, address in probed.survey.registers
        if any(function == of and first <= address <= last for of, first, last in windows)
    ]
    device = probed.settings.device
    of_map = device and [(request.function, request.address) for request in device.plan.requests]
    if len(wanted) > MOST_DETAILED or of_map == [window[:2] for window in windows]:
        doubtful = [(doubt.reading.value.function, doubt.reading.value.address) for doubt in probed.doubts]
        wanted = list(dict.fromkeys(doubtful))[:MOST_DOUBTFUL]
    return sorted(key for key in wanted if key[0] not in BIT_FUNCTIONS)


def _print_detail(console: Console, function: int, address: int, registers: Registers) -> None:
    words: list[int] = []
    while len(words) < 4 and (function, address + len(words)) in registers:
        words.append(registers[function, address + len(words)])
    data = b"".join(word.to_bytes(2, "big") for word in words)
    bits = f"{words[0]:016b}"
    table = Table(
        title=f"{function}:{address}  hex {data.hex(' ', 2)}  bits {bits[:8]} {bits[8:]}", title_justify="left",
        title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    for name in ("as", *ORDERS):
        table.add_column(name, justify="left" if name == "as" else "right", no_wrap=True, min_width=9)
    for name, row in as_all_types(data):
        table.add_row(name, *row)
    console.print(table)


# --- a map for it ---------------------------------------------------------------------------------------------------


def _print_skeleton(console: Console, survey: Survey, readings: Sequence[Reading]) -> None:
    """Print a map of the registers that the device has and its map does not read."""
    mapped = {*mapped_keys(reading.value for reading in readings)}
    unmapped = address_ranges({key: 0 for key in survey.registers if key not in mapped})
    if not unmapped:
        return
    what = "the device has registers that its map does not read; as a map" if readings else "a map to begin with"
    console.print(Text(f"{what} (docs/register-maps.md says how to go on):", style="bold"))
    console.print(skeleton(unmapped, survey.registers), markup=False, soft_wrap=True)
