"""The devices' answers against the rows of the database: every tick of every device exactly once, with the very values.

- wrong: values that no answer of that device at that tick carried, values used twice, values or rows where the sample
  says that there are none, a gap without a reason;
- doubled: more than one row of a tick;
- lost: an expected tick without its sample, or a sample without its rows;
- gone: a row that was in an object of the archive and is not any more (`tests.faults.archive`);
- gap: a tick of a healthy device that failed, and no fault of its own explains it (`tests.faults.gaps`);
- explained: `partial` and `failed`, each with its reason;
- apart: what a restored backup did not have or an administrator deleted, unless it came back.

Expected is every tick of a run, from the first answer on. Where the harness has ended a poller or the whole job, the
ticks from there to the first one of its successor are "collector down", but for those whose answers were all given
while the poller had `TAKEN_S` to live: these were taken. After a reload the new configuration's ticks are expected.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from tests.faults.devices import HEAD, PARTS, Answer, checksum
from tests.faults.history import Ended, History, Tick
from tests.faults.plants import LIMIT_S
from tests.faults.tables import Row, Rows, Tables

TAKEN_S = 1.0  # from a poll's last answer until the journal has it, on a busy machine
BACK_S = 45.0  # a poller that was killed or hangs polls again by then
SHOWN = 5
BAD = ("lost", "doubled", "wrong", "gap", "gone")  # what must not be
EMPTY: Row = (None,) * 4


@dataclass
class Verdict:
    """The counts, and the first cases of what must not be."""

    expected: int = 0
    stored: int = 0
    explained: int = 0
    down: int = 0  # ticks of a run for which there was no poller: no part of `expected`
    forgotten: int = 0  # samples that a restored copy did not have and that are not there now: likewise
    deleted: int = 0  # by an administrator: likewise
    exported: int = 0  # samples that were in an object ever
    held: int = 0  # objects that are held in the end
    stalled: int = 0  # ticks that failed while the whole machine stood still
    without_rows: set[tuple[int, str]] = field(default_factory=set)  # devices and tables of which data was deleted only
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    cases: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def accuse(self, kind: str, tick: Tick, why: str) -> None:
        """One tick that is lost, doubled or wrong."""
        self.counts[kind] += 1
        if len(self.cases[kind]) < SHOWN:
            self.cases[kind].append(f"{kind}: device {tick[0]} at {tick[1]}: {why}")

    @property
    def good(self) -> bool:
        """Nothing lost, nothing twice, nothing wrong."""
        return not self.counts.total()

    def problems(self) -> list[str]:
        """The first cases of what must not be."""
        return [case for cases in self.cases.values() for case in cases]

    def against(self, report: Reported, spans_lost: bool = False) -> list[str]:
        """Where the job's own report says something else.

        `spans_lost`: a database was restored that did not know what was configured since; the report derives from that
        what was expected, and calls the samples of that time unexpected: all others are counted as here.
        """
        judged = Reported(self.expected, self.stored, self.explained, 0, self.without_rows, self.reasons)
        if spans_lost or self.deleted:
            report.expected = judged.expected
        if spans_lost:
            report.unproven = judged.unproven
        fewer = report.stored <= judged.stored and report.reasons <= judged.reasons
        if spans_lost and fewer and report.samples == judged.samples:
            return []
        return [] if report == judged else [f"job=report counts {report}, the oracle counts {judged}"]

    def numbers(self) -> dict[str, int]:
        """The counts that the soak prints."""
        bad = {kind: self.counts[kind] for kind in BAD}
        apart = {name: getattr(self, name) for name in ("down", "stalled", "forgotten", "deleted", "exported", "held")}
        return {"expected": self.expected, "stored": self.stored, "explained": self.explained} | apart | bad


@dataclass
class Reported:
    """The numbers of the job's own report, summed over devices."""

    expected: int = 0  # without "collector down"
    stored: int = 0
    explained: int = 0
    unexpected: int = 0  # samples that nobody expected
    # Devices and their tables whose rows do not agree with the samples.
    unproven: set[tuple[int, str]] = field(default_factory=set)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def samples(self) -> int:
        """All that the database has."""
        return self.stored + self.explained + self.unexpected

    def add(self, number: int, device: Mapping[str, Any]) -> None:
        """The part of the report about the device with this number."""
        self.expected += device["expected"] - device["collector_down"]
        self.stored += device["stored"]
        self.explained += device["partial"] + device["failed"]
        self.unexpected += device["unexpected"]
        self.unproven |= {(number, identity["table"]) for identity in device["unproven"]}
        for status, reasons in device["reasons"].items():
            self.reasons.update({f"{status} {reason}": ticks for reason, ticks in reasons.items()})


class Complete(NamedTuple):
    """Both answers of a tick were given."""

    at_s: float
    connections: set[int]


class Given:
    """The answers, by device and number, and by device in the order of time."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.by_number = {(answer.device, answer.number): answer for answer in answers}
        self.by_device: dict[int, list[Answer]] = defaultdict(list)
        for answer in answers:
            self.by_device[answer.device].append(answer)
        self._clocks = {device: [answer.clock_ms for answer in given] for device, given in self.by_device.items()}

    def first_after(self, moment_s: float) -> int | None:
        """The second of the first answer of any device at or after the moment."""
        later = [clock for clocks in self._clocks.values() for clock in clocks if clock >= moment_s * 1000]
        return min(later) // 1000 if later else None

    def complete(self, tick: Tick) -> Complete | None:
        """When and where the device had given both answers of a tick, within its own period; None if it had not."""
        device, start_s = tick
        clocks = self._clocks.get(device, [])
        start = bisect_right(clocks, start_s * 1000 - 1)
        first: dict[int, Answer] = {}  # by address
        for answer in self.by_device[device][start:]:
            if answer.clock_ms >= (start_s + 1) * 1000:
                break
            first.setdefault(answer.address, answer)
        if first.keys() != {HEAD, PARTS}:
            return None
        at_ms = max(answer.clock_ms for answer in first.values())
        return Complete(at_ms / 1000, {answer.connection for answer in first.values()})

    def mixed(self, head: Answer, parts: Answer) -> bool:
        """True if the answers belong to two polls: the parts' connection had the head's request again in between.

        A head that is asked for after the parts was lost before, or the device was silent and is asked in turn.
        """
        between = range(head.number + 1, parts.number)
        others = (self.by_number[head.device, number] for number in between)
        return any(other.address == HEAD and other.connection == parts.connection for other in others)


def judge(answers: Sequence[Answer], tables: Tables, history: History) -> Verdict:
    """The verdict over all runs; the last one has been stopped and has drained."""
    given, verdict = Given(answers), Verdict()
    used: Counter[tuple[int, int]] = Counter()
    for tick, (status, reason) in tables.samples.items():
        verdict.stored += status == "stored"
        verdict.explained += status != "stored"
        if reason:
            verdict.reasons[f"{status} {reason.partition(': ')[0]}"] += 1  # without what came, as the report counts
        _judge_tick(verdict, given, tick, tables, history, used)
    for (device, number), times in used.items():
        if times > 1:
            verdict.accuse("wrong", (device, 0), f"answer {number} stands at {times} ticks")
    for tick in (tables.heads.keys() | tables.parts.keys()) - tables.samples.keys():
        verdict.accuse("wrong", tick, "rows without a sample")
    _judge_missing(verdict, given, tables, history)
    return verdict


def _judge_missing(verdict: Verdict, given: Given, tables: Tables, history: History) -> None:
    """Expected ticks without a sample: deleted, forgotten by a restored copy, without a poller, or lost."""
    missing = _expected(given, history) - tables.samples.keys()
    deleted = missing & history.deleted["sample"]
    forgotten = (missing & history.forgotten) - deleted
    ticks_of: dict[int, list[int]] = defaultdict(list)
    for device, second in sorted(tables.samples.keys() | deleted | forgotten):
        ticks_of[device].append(second)
    absent = sorted(missing - deleted - forgotten)
    lost = [tick for tick in absent if not _was_down(given, tick, ticks_of[tick[0]], history.ended)]
    for tick in lost:
        verdict.accuse("lost", tick, "no sample")
    verdict.deleted, verdict.forgotten, verdict.down = len(deleted), len(forgotten), len(absent) - len(lost)
    verdict.expected = len(tables.samples) + len(lost)


def _judge_tick(
    verdict: Verdict, given: Given, tick: Tick, tables: Tables, history: History, used: Counter[tuple[int, int]]
) -> None:
    heads, parts = tables.heads.get(tick, []), tables.parts.get(tick, [])
    _judge_rows(verdict, tick, tables.samples[tick], heads, parts, history)
    answers = []
    for address, rows in ((HEAD, heads), (PARTS, parts)):
        for row in {row for _, row in rows} - {EMPTY}:
            answer = given.by_number.get((tick[0], row[1] or 0))
            if why := why_wrong(answer, tick, row, address):
                verdict.accuse("wrong", tick, f"{why}: {row}, {answer}")
            elif answer:
                answers.append(answer)
                used[answer.device, answer.number] += 1
    if len(answers) == 2 and given.mixed(*answers):
        verdict.accuse("wrong", tick, f"answers of two polls: {answers}")


def _judge_rows(
    verdict: Verdict, tick: Tick, sample: tuple[str, str | None], heads: Rows, parts: Rows, history: History
) -> None:
    """Accuse rows that do not fit the status of their sample; those that an administrator deleted may be missing."""
    status, reason = sample
    head_rows, part_rows = [part for part, _ in heads], sorted(part for part, _ in parts if part)
    values = {row for _, row in (*heads, *parts)}
    if status != "stored" and not reason:
        verdict.accuse("wrong", tick, f"{status} without a reason")
    if len(set(head_rows)) < len(head_rows) or len(set(part_rows)) < len(part_rows):
        verdict.accuse("doubled", tick, f"{len(heads)} + {len(parts)} rows")
    elif status == "failed" and (heads or parts):
        verdict.accuse("wrong", tick, f"failed, with {len(heads)} + {len(parts)} rows")
    elif status != "failed":
        for table, rows, all_rows in (("head", head_rows, [None]), ("part", part_rows, [1, 2])):
            if not rows and tick in history.deleted[table]:
                verdict.without_rows.add((tick[0], table))
            elif rows != all_rows:
                verdict.accuse("lost", tick, f"{status}, with {len(heads)} + {len(parts)} rows")
    if status == "stored" and EMPTY in values:
        verdict.accuse("wrong", tick, "stored, but values are missing")
    if status == "partial" and values == {EMPTY} and tick not in history.deleted["head"] | history.deleted["part"]:
        verdict.accuse("wrong", tick, "partial, but nothing was read")


def why_wrong(answer: Answer | None, tick: Tick, row: Row, address: int) -> str | None:
    """The reason why this row is not what the device answered to the request at that tick; None if it is."""
    if answer is None:
        return "an answer that was never given"
    device, number, clock_ms, _, requested = answer
    if row != (device, number, clock_ms, checksum(device, number, clock_ms)):
        return "not the values of that answer"
    if requested != address:
        return "the answer to another request"
    # A request that went out at the end of the poll's limit may be answered a little later, and then is not taken.
    if not 0 <= clock_ms - tick[1] * 1000 <= LIMIT_S * 1000:
        return "an answer of another tick"
    return None


def _expected(given: Given, history: History) -> set[Tick]:
    """Every tick of every run, as configured then: from the run's first answer to the end of its driver."""
    ticks: set[Tick] = set()
    starts_s = [*history.started_s, float("inf")]
    for start_s, next_s in pairwise(starts_s):
        end_s = max(at_s for at_s in history.run_ends_s if start_s < at_s < next_s)
        if (first := given.first_after(start_s)) is not None:
            for tick in ((d, s) for d in sorted(given.by_device) for s in range(first, int(end_s) + 1) if s < end_s):
                period_s = history.period_s(tick)
                if period_s and not tick[1] % period_s:
                    ticks.add(tick)
    return ticks


def _was_down(given: Given, tick: Tick, ticks: list[int], ended: Sequence[Ended]) -> bool:
    """True if no poller could have taken the tick."""
    device, second = tick
    ends = [end for end in ended if device in end.devices and not end.planned]
    complete = given.complete(tick)
    if complete is None or _was_too_late(given, tick, complete, ticks, ends):
        return any(_covers(given, end, tick, ticks) for end in ends)
    if any(second <= end.at_s < complete.at_s + TAKEN_S for end in ends):
        return any(_covers(given, end, tick, ticks) for end in ends)
    return False  # its poller lived long enough to take it


def _was_too_late(given: Given, tick: Tick, complete: Complete, ticks: list[int], ends: Sequence[Ended]) -> bool:
    """True if the answers were for a poller that had died before the tick: its network had held the requests back.

    They were given before the next poller's first tick, and on other connections than that.
    """
    device, second = tick
    for end in ends:
        after = bisect_right(ticks, end.at_s)
        if end.at_s < second and after < len(ticks) and second < ticks[after]:
            successor = given.complete((device, ticks[after]))
            if successor and not successor.connections & complete.connections:
                return True
    return False


def _covers(given: Given, end: Ended, tick: Tick, ticks: list[int]) -> bool:
    """A tick at work when the poller died, or one before the first of the next poller.

    A poller may die before its own first tick, while the driver reads its devices and does so until it would begin: on
    the connections that stood before. A dead poller's connections are gone with it.
    """
    device, second = tick
    after = bisect_right(ticks, end.at_s)
    stood = given.complete((device, ticks[after - 1])) if after else None
    while stood and after < len(ticks) and _connections(given, (device, ticks[after])) == stood.connections:
        after += 1
    next_s: float = ticks[after] if after < len(ticks) else float("inf")
    until_s = end.at_s if end.run else min(next_s, end.at_s + BACK_S)  # the next run has ticks of its own
    return end.at_s - LIMIT_S - TAKEN_S < second < until_s


def _connections(given: Given, tick: Tick) -> set[int]:
    complete = given.complete(tick)
    return complete.connections if complete else set()


def lines(verdict: Verdict) -> Iterator[str]:
    """For a person: what must not be, and how often each reason was given."""
    yield from verdict.problems()
    yield f"collector down: {verdict.down} ticks; reasons: {dict(verdict.reasons)}"
