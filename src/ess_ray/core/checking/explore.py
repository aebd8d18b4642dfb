"""How far the registers of a device go on, and how many of them one request may have. Pure."""

from __future__ import annotations

from ess_ray.core.checking.survey import Read, Survey, limit_of
from ess_ray.core.maps.numbering import LAST_ADDRESS

MOST_AT_ONCE = 8  # requests in one send, to see how many of them get a reply


def explore(survey: Survey, read: Read) -> None:
    """Find the largest request for the functions that were read, then the addresses next to the registers that were.

    Calls `read` for one request at a time, as often as the search needs, until it returns None.
    """
    functions = sorted({function for function, _ in survey.registers})
    for function in functions:
        find_largest(survey, function, read)
    for function, first, last in survey.runs:
        _grow(survey, function, last + 1, 1, read)
        _grow(survey, function, first - 1, -1, read)
    for function in functions:  # runs may be longer now
        find_largest(survey, function, read)


def find_largest(survey: Survey, function: int, read: Read) -> None:
    """Find the largest request, by bisection in the longest run of registers that were read."""
    runs = [(last - first + 1, first) for of, first, last in survey.runs if of == function]
    if not runs or function in survey.bounded:
        return
    length, start = max(runs, key=lambda run: (run[0], -run[1]))
    good = survey.largest[function]
    most = min(length, limit_of(function))
    count = most
    while good < most:
        reply = survey.ask(function, start, start + count - 1, read)
        if reply is None:
            return
        if isinstance(reply, bytes):
            good = count
        else:
            survey.bounded.add(function)
            most = count - 1
        count = (good + most + 1) // 2


def _grow(survey: Survey, function: int, start: int, step: int, read: Read) -> None:
    """Find how far registers go on behind the end of a run, at most by the length of one request; `step`: 1 or -1."""
    room = start + 1 if step < 0 else LAST_ADDRESS - start + 1
    longest = min(survey.most_at_once(function), room)
    good, most, count = 0, longest, 1
    while good < most and (function, start) not in survey.refused:
        first, last = sorted((start, start + step * (count - 1)))
        reply = survey.ask(function, first, last, read)
        if reply is None:
            return
        if isinstance(reply, bytes):
            good = count
        else:
            most = count - 1
        count = min(2 * count, most) if most == longest else (good + most + 1) // 2
    end = start + step * good
    if good == longest or (function, end) in survey.refused or not good:
        return
    if isinstance(survey.ask(function, end, end, read), bytes):  # the register is there: the length was refused
        survey.bounded.add(function)
