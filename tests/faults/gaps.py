"""No healthy device has a gap that is not its own: each tick that was not read needs a fault of its own device.

Its network, its poller (killed, hung, stopped), the end of the whole job, or, for values that a full journal gave up,
its journal's disk. What was done to the database, to a writer, a normaliser, a stopped driver or other devices explains
nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict

from tests.faults.history import History, Tick
from tests.faults.plants import LIMIT_S
from tests.faults.tables import Tables
from tests.faults.verdict import Verdict

BACKOFF_S = 10.0  # `backoff_max_s`: a device that was silent is probed again by then
REPLY_S = 2.0  # from then until it is read
START_S = 2.0  # a poller that has just begun has no connection yet
RESTARTED_S = 45.0  # a poller that was killed or hangs polls again by then
JOURNAL = "journal"


def judge_gaps(verdict: Verdict, tables: Tables, history: History) -> None:
    """Accuse every sample that is not stored and that no fault of its device explains."""
    stored: dict[int, list[int]] = defaultdict(list)
    for (device, second), (status, _) in sorted(tables.samples.items()):
        if status == "stored":
            stored[device].append(second)
    for tick, (status, reason) in sorted(tables.samples.items()):
        if status != "stored" and not _is_own(history, tick, reason or "", stored[tick[0]]):
            if any(from_s - LIMIT_S < tick[1] < until_s + LIMIT_S for from_s, until_s in history.stalls):
                verdict.stalled += 1
            else:
                verdict.accuse("gap", tick, f"{status} {reason}, and nothing was done to the device")


def _is_own(history: History, tick: Tick, reason: str, stored: list[int]) -> bool:
    device, second = tick
    for hurt in history.hurts:
        fits = device in hurt.devices and (reason == "journal_full") == (hurt.what == JOURNAL)
        if fits and hurt.from_s - LIMIT_S < second < _over_s(hurt.until_s, stored, BACKOFF_S + REPLY_S):
            return True
    return any(
        device in end.devices and end.at_s - LIMIT_S < second < _over_s(end.at_s, stored, RESTARTED_S)
        for end in history.ended
    )


def _over_s(until_s: float, stored: list[int], longest_s: float) -> float:
    """When a fault that was taken back has no effect any more: once the device is read again, or so long after."""
    behind = bisect_left(stored, until_s + LIMIT_S)
    read_s = stored[behind] if behind < len(stored) else float("inf")
    return max(until_s + LIMIT_S, min(read_s, until_s + longest_s))
