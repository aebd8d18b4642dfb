"""What a device answers, found by asking: which addresses, how many at once. Pure: asking is an argument.

`Ask` sends one read request (function, address, count) and gives its data, a Modbus exception's code, the reason why
there is no answer, or None if no request is allowed any more. What is refused is asked again in halves, all halves of
one size before any smaller one, so that an exploration which is cut short knows a little about everything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ess_ray.core.checking.reading import split_answer
from ess_ray.core.maps.plan import Request
from ess_ray.core.maps.registers import BIT_FUNCTIONS, LAST_ADDRESS, MAX_BITS, MAX_REGISTERS
from ess_ray.core.reasons import ExceptionCode, Reason, exception_reason

Ask = Callable[[int, int, int], bytes | int | Reason | None]
Span = tuple[int, int, int]  # function, first address, last address
MOST_AT_ONCE = 8  # requests in one send, to see how many of them are answered
MOST_SILENT = 3  # requests in a row before anything was heard: then nobody is there


@dataclass(slots=True)
class Explored:
    """What was found."""

    registers: dict[tuple[int, int], int] = field(default_factory=dict)
    refused: dict[tuple[int, int], str] = field(default_factory=dict)  # single registers, and why
    unsettled: list[Span] = field(default_factory=list)  # refused as a whole, and not asked in smaller parts
    largest: dict[int, int] = field(default_factory=dict)  # registers of the largest answered request, by function
    bounded: set[int] = field(default_factory=set)  # functions of which a larger request was refused
    unknown_functions: set[int] = field(default_factory=set)
    silence: Reason | None = None  # why nothing was heard at all

    @property
    def runs(self) -> list[Span]:
        """Registers that answer, neighbours joined."""
        return spans(self.registers)


def spans(places: Mapping[tuple[int, int], object]) -> list[Span]:
    """Neighbouring places joined."""
    runs: list[list[int]] = []
    for function, address in sorted(places):
        if runs and runs[-1][0] == function and runs[-1][2] + 1 == address:
            runs[-1][2] = address
        else:
            runs.append([function, address, address])
    return [(function, first, last) for function, first, last in runs]


def explore(windows: Sequence[Span], ask: Ask) -> Explored:
    """Look at the windows, then at the largest request, then beyond the ends of what answers."""
    found = Explored()
    _halve(found, windows, ask)
    functions = {function: None for function, _, _ in windows}
    for function in functions:
        _largest(found, function, ask)
    for function, first, last in found.runs:
        _grow(found, function, last + 1, 1, ask)
        _grow(found, function, first - 1, -1, ask)
    for function in functions.keys() - found.bounded:  # runs may have become longer
        _largest(found, function, ask)
    return found


def limit_of(function: int) -> int:
    """The protocol's limit of one request."""
    return MAX_BITS if function in BIT_FUNCTIONS else MAX_REGISTERS


def _halve(found: Explored, windows: Sequence[Span], ask: Ask) -> None:
    waiting = deque(piece for window in windows for piece in _pieces(window))
    silent = 0
    while waiting:
        function, first, last = waiting.popleft()
        if function in found.unknown_functions:
            continue
        answer = _try(found, function, first, last, ask)
        silent = silent + 1 if isinstance(answer, Reason) and not found.registers and not found.refused else 0
        if answer is None:
            found.unsettled += [(function, first, last), *waiting]
            return
        if silent == MOST_SILENT and isinstance(answer, Reason):
            found.silence = answer
            return
        if isinstance(answer, bytes):
            continue
        if answer == ExceptionCode.ILLEGAL_FUNCTION:
            found.unknown_functions.add(function)
        elif first == last:
            found.refused[function, first] = answer.value if isinstance(answer, Reason) else exception_reason(answer)
        else:
            middle = (first + last) // 2
            waiting += [(function, first, middle), (function, middle + 1, last)]


def _pieces(window: Span) -> list[Span]:
    function, first, last = window
    step = limit_of(function)
    return [(function, start, min(start + step - 1, last)) for start in range(first, last + 1, step)]


def _largest(found: Explored, function: int, ask: Ask) -> None:
    """How many registers one request may have, looked for in the longest run that answers."""
    runs = [(last - first + 1, first) for of, first, last in found.runs if of == function]
    if not runs:
        return
    length, start = max(runs, key=lambda run: (run[0], -run[1]))
    good = found.largest[function]
    most = min(length, limit_of(function))
    tried = most
    while good < most:
        answer = _try(found, function, start, start + tried - 1, ask)
        if answer is None:
            return
        if isinstance(answer, bytes):
            good = tried
        else:
            found.bounded.add(function)
            most = tried - 1
        tried = (good + most + 1) // 2


def _grow(found: Explored, function: int, start: int, way: int, ask: Ask) -> None:
    """How far answers go on behind the end of a run: at most one request's length."""
    room = start + 1 if way < 0 else LAST_ADDRESS - start + 1
    longest = min(found.largest[function] if function in found.bounded else limit_of(function), room)
    good, most, tried = 0, longest, 1
    while good < most and (function, start) not in found.refused:
        first, last = sorted((start, start + way * (tried - 1)))
        answer = _try(found, function, first, last, ask)
        if answer is None:
            return
        if isinstance(answer, bytes):
            good = tried
        else:
            most = tried - 1
        tried = min(2 * tried, most) if most == longest else (good + most + 1) // 2
    end = start + way * good
    if good == longest or (function, end) in found.refused:
        return
    answer = _try(found, function, end, end, ask) if good else 0
    if isinstance(answer, bytes):  # so it was the length that was refused
        found.bounded.add(function)
    elif answer is not None:
        found.refused[function, end] = "not answered"


def _try(found: Explored, function: int, first: int, last: int, ask: Ask) -> bytes | int | Reason | None:
    count = last - first + 1
    answer = ask(function, first, count)
    if isinstance(answer, bytes):
        found.registers |= split_answer(Request(function, first, count, (), 0), answer)
        found.largest[function] = max(count, found.largest.get(function, 0))
    return answer
