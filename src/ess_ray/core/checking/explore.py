"""The search for the addresses that a device has, and for the most registers that one request may have. Pure.

`Read` sends one read request (function, address, count) and returns the data of its reply, the code of an exception
reply, the reason why there is no reply, or None if no request is allowed any more. A refused request is split into
halves, and all halves of one size are count before any smaller one: a search that is cut short has covered everything
coarsely.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ess_ray.core.checking.reading import split_reply
from ess_ray.core.maps.plan import Request
from ess_ray.core.maps.registers import BIT_FUNCTIONS, LAST_ADDRESS, MAX_BITS, MAX_REGISTERS
from ess_ray.core.reasons import ExceptionCode, exception_reason

Read = Callable[[int, int, int], bytes | int | str | None]
AddressRange = tuple[int, int, int]  # function, first address, last address
MOST_AT_ONCE = 8  # requests in one send, to see how many of them get a reply
MOST_SILENT = 3  # requests without a reply at the very beginning after which the search is given up


@dataclass(slots=True)
class Explored:
    """The result of a search so far. Keys are (function, address); `registers` has what each register read."""

    registers: dict[tuple[int, int], int] = field(default_factory=dict)
    refused: dict[tuple[int, int], str] = field(default_factory=dict)  # single registers, and why
    not_searched: list[AddressRange] = field(default_factory=list)  # refused, and not tried in smaller parts
    largest: dict[int, int] = field(default_factory=dict)  # registers of the largest request that was read, by function
    bounded: set[int] = field(default_factory=set)  # functions of which a request larger than that was refused
    unknown_functions: set[int] = field(default_factory=set)
    silence: str | None = None  # why there was no reply at all

    @property
    def runs(self) -> list[AddressRange]:
        """The registers that were read, neighbours joined."""
        return address_ranges(self.registers)


def address_ranges(registers: Mapping[tuple[int, int], object]) -> list[AddressRange]:
    """The ranges of neighbouring (function, address), in order; only the keys of `registers` count."""
    runs: list[list[int]] = []
    for function, address in sorted(registers):
        if runs and runs[-1][0] == function and runs[-1][2] + 1 == address:
            runs[-1][2] = address
        else:
            runs.append([function, address, address])
    return [(function, first, last) for function, first, last in runs]


def explore(windows: Sequence[AddressRange], read: Read) -> Explored:
    """Search the windows, then the largest request, then the addresses next to those that were read.

    Calls `read` for one request at a time, as often as the search needs; a `read` that returned None has to do so ever
    after, and the result is what was found until then. A device without any reply is given up after MOST_SILENT ones.
    """
    explored = Explored()
    _halve(explored, windows, read)
    functions = {function: None for function, _, _ in windows}
    for function in functions:
        _largest(explored, function, read)
    for function, first, last in explored.runs:
        _grow(explored, function, last + 1, 1, read)
        _grow(explored, function, first - 1, -1, read)
    for function in functions.keys() - explored.bounded:  # runs may be longer now
        _largest(explored, function, read)
    return explored


def limit_of(function: int) -> int:
    """The most registers, or bits for functions 1 and 2, in one request.

    Source: MODBUS Application Protocol V1.1b3, sections 6.1 to 6.4.
    """
    return MAX_BITS if function in BIT_FUNCTIONS else MAX_REGISTERS


def _halve(explored: Explored, windows: Sequence[AddressRange], read: Read) -> None:
    waiting = deque(piece for window in windows for piece in _pieces(window))
    silent = 0
    while waiting:
        function, first, last = waiting.popleft()
        if function in explored.unknown_functions:
            continue
        reply = _try(explored, function, first, last, read)
        silent = silent + 1 if isinstance(reply, str) and not explored.registers and not explored.refused else 0
        if reply is None:
            explored.not_searched += [(function, first, last), *waiting]
            return
        if silent == MOST_SILENT and isinstance(reply, str):
            explored.silence = reply
            return
        if isinstance(reply, bytes):
            continue
        if reply == ExceptionCode.ILLEGAL_FUNCTION:
            explored.unknown_functions.add(function)
        elif first == last:
            explored.refused[function, first] = str(reply) if isinstance(reply, str) else exception_reason(reply)
        else:
            middle = (first + last) // 2
            waiting += [(function, first, middle), (function, middle + 1, last)]


def _pieces(window: AddressRange) -> list[AddressRange]:
    function, first, last = window
    step = limit_of(function)
    return [(function, start, min(start + step - 1, last)) for start in range(first, last + 1, step)]


def _largest(explored: Explored, function: int, read: Read) -> None:
    """Find the largest request, by bisection in the longest run of registers that were read."""
    runs = [(last - first + 1, first) for of, first, last in explored.runs if of == function]
    if not runs:
        return
    length, start = max(runs, key=lambda run: (run[0], -run[1]))
    good = explored.largest[function]
    most = min(length, limit_of(function))
    count = most
    while good < most:
        reply = _try(explored, function, start, start + count - 1, read)
        if reply is None:
            return
        if isinstance(reply, bytes):
            good = count
        else:
            explored.bounded.add(function)
            most = count - 1
        count = (good + most + 1) // 2


def _grow(explored: Explored, function: int, start: int, step: int, read: Read) -> None:
    """Find how far registers go on behind the end of a run, at most by the length of one request; `step`: 1 or -1."""
    room = start + 1 if step < 0 else LAST_ADDRESS - start + 1
    longest = min(explored.largest[function] if function in explored.bounded else limit_of(function), room)
    good, most, count = 0, longest, 1
    while good < most and (function, start) not in explored.refused:
        first, last = sorted((start, start + step * (count - 1)))
        reply = _try(explored, function, first, last, read)
        if reply is None:
            return
        if isinstance(reply, bytes):
            good = count
        else:
            most = count - 1
        count = min(2 * count, most) if most == longest else (good + most + 1) // 2
    end = start + step * good
    if good == longest or (function, end) in explored.refused:
        return
    reply = _try(explored, function, end, end, read) if good else 0
    if isinstance(reply, bytes):  # the register is there: it was the length that was refused
        explored.bounded.add(function)
    elif reply is not None:
        explored.refused[function, end] = "not readable"


def _try(explored: Explored, function: int, first: int, last: int, read: Read) -> bytes | int | str | None:
    count = last - first + 1
    reply = read(function, first, count)
    if isinstance(reply, bytes):
        explored.registers |= split_reply(Request(function, first, count, (), 0), reply)
        explored.largest[function] = max(count, explored.largest.get(function, 0))
    return reply
