"""What `job=probe` found, for a terminal of any width: the device, its registers in every reading, what is doubtful."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ess_ray.core.checking.explore import MOST_AT_ONCE, Explored, Span, limit_of, spans
from ess_ray.core.checking.interpretations import as_all_types, as_float, as_integer, scaled
from ess_ray.core.checking.probed import Probed
from ess_ray.core.checking.reading import Reading, Registers, range_text, read_values, row_text
from ess_ray.core.checking.skeleton import skeleton
from ess_ray.core.maps.order import ORDERS
from ess_ray.core.maps.registers import BIT_FUNCTIONS, Value
from ess_ray.jobs.check_text import FILE_WIDTH, print_doubts

WIDE = 120  # columns from which on 32-bit readings stand in the table
MOST_DETAILED = 16  # registers of a window that are each shown in all types and orders
MOST_DOUBTFUL = 4  # doubtful values that are
LEAST_FOLDED = 3  # zeros in a row that no map knows


def print_probed(probed: Probed, console: Console) -> None:
    """Everything, the verdict on the map last."""
    if not console.is_terminal:
        console.width = max(console.width, FILE_WIDTH)
    found, settings = probed.found, probed.settings
    name = f"{settings.device.device}, map {settings.device.map_name}" if settings.device else "no map"
    console.print(Text(f"{settings.host}:{settings.port}, unit {settings.unit_id} ({name})", style="bold"))
    for key, text in _facts(probed):
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=18)
        grid.add_column(overflow="fold")
        grid.add_row(f"  {key}", Text(text))
        console.print(grid)
    if not found.registers:
        console.print(Text(_why_nothing(found), style="bold red"))
        return
    readings = {one.value: one for one in read_values(probed.values, found.registers)}
    console.print(_registers(found.registers, list(readings.values()), console.width >= WIDE))
    for function, address in _detailed(probed):
        _print_detail(console, function, address, found.registers)
    _print_skeleton(console, found, probed.values)
    print_doubts(console, probed.doubts)
    for pattern in probed.patterns:
        console.print(Text(f"→ {pattern}", style="bold yellow"))
    if probed.values and not probed.doubts:
        console.print(Text("everything that the map reads is as expected", style="bold green"))


# --- the device -----------------------------------------------------------------------------------------------------


def _facts(probed: Probed) -> Iterator[tuple[str, str]]:
    found, settings = probed.found, probed.settings
    if found.runs:
        yield "answers", _spans(found.runs)
    reasons = sorted({*found.refused.values()})
    for reason in reasons:
        yield "refuses", f"{_spans(spans({key: 0 for key, why in found.refused.items() if why == reason}))} ({reason})"
    if found.unsettled:
        yield "not settled", f"{_spans(sorted(found.unsettled))}: the requests were used up, see probe.most_requests"
    for function, largest in sorted(found.largest.items()):
        more = ", as many as Modbus allows" if largest == limit_of(function) else " or more"
        more = "" if function in found.bounded else more
        yield "largest request", f"function {function}: {largest} {_items(function, largest)}{more}"
    if probed.timed[0]:
        requests, count = probed.timed
        times = f"median {probed.median_ms:.1f} ms, worst {probed.worst_ms:.1f} ms"
        yield "speed", f"{times} ({requests} requests of {count})"
    if probed.connections is not None:
        more = " or more" if probed.connections == settings.most_connections else ""
        yield "connections", f"{probed.connections}{more} at once"
    if probed.at_once is not None:
        yield "requests at once", f"{probed.at_once} of {MOST_AT_ONCE} answered (requests_at_once)"
    yield "sent", f"{probed.sent} requests, at most {settings.requests_s:g} a second"


def _why_nothing(found: Explored) -> str:
    if found.unknown_functions:
        functions = ", ".join(map(str, sorted(found.unknown_functions)))
        return f"the device does not know function {functions}: try probe.function=3 or 4"
    if found.silence:
        return f"nothing was heard ({found.silence}): check unit_id, port, cabling; is its only connection taken?"
    if found.unsettled:
        return (
            "the requests were used up before anything was answered: a higher probe.most_requests, or a smaller window"
        )
    return "the device answers, but has none of these addresses: try others with probe.address and probe.count"


def _items(function: int, count: int) -> str:
    return ("bit" if function in BIT_FUNCTIONS else "register") + ("" if count == 1 else "s")


def _spans(runs: Sequence[Span]) -> str:
    return ", ".join(f"{f}:{first}" if first == last else f"{f}:{first}-{last}" for f, first, last in runs)


# --- its registers --------------------------------------------------------------------------------------------------


def _registers(registers: Registers, readings: Sequence[Reading], wide: bool) -> Table:
    """A line a register: alone, and with the one behind it; next to it what the map says."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    pairs = ("int32 ABCD", "CDAB", "float32 ABCD", "CDAB")
    for name in ("address", "hex", "uint16", "int16", "× 0.1", *(pairs if wide else ())):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("the map says", overflow="fold")
    said: dict[tuple[int, int], list[Reading]] = {}
    for one in readings:
        said.setdefault((one.value.function, one.value.address), []).append(one)
    for zero, group in groupby(sorted(registers), key=lambda place: _folds(registers[place], said.get(place, ()))):
        places = list(group)
        if zero is None or len(places) < LEAST_FOLDED:
            for place in places:
                table.add_row(*_row(place, registers, wide), "; ".join(map(_said, said.get(place, ()))))
            continue
        blank = ["0"] * 2 + [""] * (1 + (len(pairs) if wide else 0))
        known = [one for place in places for one in said.get(place, ())]
        text = f"{row_text(known[0].value)} … {known[-1].value.column}" if known else ""
        table.add_row(_spans(spans(dict.fromkeys(places))), "0000", *blank, text, style="dim")
    return table


def _folds(number: int, said: Sequence[Reading]) -> tuple[object, ...] | None:
    """Zeros fold with the zeros of the same row of the same table; None: this register stands alone."""
    if number or any(one.number != 0 or one.outside for one in said):
        return None
    return (said[0].value.table, said[0].value.ids) if said else ()


def _row(place: tuple[int, int], registers: Registers, wide: bool) -> list[str]:
    function, address = place
    number = registers[place]
    row = [f"{function}:{address}"]
    if function in BIT_FUNCTIONS:
        return [*row, "", str(number), "", "", *([""] * 4 if wide else ())]
    signed = as_integer(number.to_bytes(2, "big"), "ABCD", signed=True)
    row += [f"{number:04X}", str(number), str(signed), scaled(signed, 1)]
    if not wide:
        return row
    after = registers.get((function, address + 1))
    if after is None:
        return [*row, "", "", "", ""]
    data = number.to_bytes(2, "big") + after.to_bytes(2, "big")
    orders = ("ABCD", "CDAB")
    integers = [str(as_integer(data, order, signed=True)) for order in orders]
    return [*row, *integers, *(as_float(data, order) for order in orders)]


def _said(reading: Reading) -> str:
    value = reading.value
    parts = "" if value.bits is None else f".{value.bits[0]}"
    expected = f" (outside {range_text(value)})" if reading.outside else ""
    return f"{row_text(value)}{parts} {reading.text()}{expected}"


def _detailed(probed: Probed) -> list[tuple[int, int]]:
    """Registers to be shown in all types: of a small window that was asked for all, else some doubtful ones."""
    windows = probed.settings.windows
    wanted = [
        place for place in probed.found.registers if any(f == place[0] and a <= place[1] <= b for f, a, b in windows)
    ]
    of_map = probed.settings.device and [(r.function, r.address) for r in probed.settings.device.plan.requests]
    if len(wanted) > MOST_DETAILED or of_map == [window[:2] for window in windows]:
        first = [(one.reading.value.function, one.reading.value.address) for one in probed.doubts]
        wanted = list(dict.fromkeys(first))[:MOST_DOUBTFUL]
    return sorted(place for place in wanted if place[0] not in BIT_FUNCTIONS)


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


def _print_skeleton(console: Console, found: Explored, values: Sequence[Value]) -> None:
    """A map of what answers and no map knows."""
    known = {(value.function, value.address + number) for value in values for number in range(value.width)}
    unknown = spans({place: 0 for place in found.registers if place not in known})
    if not unknown:
        return
    what = "a map to begin with" if not values else "it also answers what its map does not read; as a map"
    console.print(Text(f"{what} (docs/register-maps.md says how to go on):", style="bold"))
    console.print(skeleton(unknown, found.registers), markup=False, soft_wrap=True)
