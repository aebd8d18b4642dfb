"""The account of one device: which of its ticks are counted, and what became of them. Part of the account of a run.

Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field

from ess_ray.core.polling.cadence import ticks_between
from ess_ray.core.reasons import Reason, bare_reason
from ess_ray.core.samples import Status
from ess_ray.core.settings import DeviceSettings


class Ticks:
    """A set of tick numbers (tick // period), kept as ranges: small, however long a run is without gaps."""

    def __init__(self) -> None:
        self._ranges: list[list[int]] = []  # [first, end), in order, apart from each other

    def count_from(self, tick: int) -> int:
        """The number of ticks in the set from tick number `tick` on, itself included."""
        index = max(bisect_right(self._ranges, [tick, tick]) - 1, 0)
        return sum(max(end - max(first, tick), 0) for first, end in self._ranges[index:])

    def count(self, start: int, end: int) -> int:
        """The number of ticks in the set from tick number `start` on, and below `end`."""
        return self.count_from(start) - self.count_from(max(start, end))

    def add(self, tick: int) -> bool:
        """Put `tick` into the set. False if it was there already."""
        if self._ranges and self._ranges[-1][1] == tick:
            self._ranges[-1][1] += 1
            return True
        index = bisect_right(self._ranges, [tick, tick])
        before, after = self._ranges[max(index - 1, 0) : index], self._ranges[index : index + 1]
        if (before and tick < before[0][1]) or (after and after[0][0] == tick):
            return False
        first = before.pop()[0] if before and before[0][1] == tick else tick
        end = after.pop()[1] if after and after[0][0] == tick + 1 else tick + 1
        self._ranges[index - (first < tick) : index + (end > tick + 1)] = [[first, end]]
        return True


@dataclass(slots=True)
class ConfiguredTime:
    """A device's settings in [first_us, end_us), and the ticks in it that are counted. `end_us` None: until now."""

    settings: DeviceSettings
    first_us: int = 0
    end_us: int | None = None
    ticks: Ticks = field(default_factory=Ticks)  # a poller that was killed offers samples twice: each counts once

    def without_sample(self, from_us: int, until_us: int) -> int:
        """The number of ticks of this time in [from_us, until_us) that are not counted."""
        from_us, until_us = max(from_us, self.first_us), min(until_us, self.end_us or until_us)
        first, end = (-(-time_us // self.settings.period_us) for time_us in (from_us, max(from_us, until_us)))
        return end - first - self.ticks.count(first, end)


class DeviceAccount:
    """One device's ticks of the run: each counted tick has one status; `last_…` are of the newest committed sample."""

    def __init__(self, settings: DeviceSettings, first_us: int = 0) -> None:
        self._spans = [ConfiguredTime(settings, first_us)]
        self.by_status: Counter[Status] = Counter()
        self.reasons: Counter[str] = Counter()
        self.last_tick_us: int | None = None
        self.last_reason: str | None = None
        self.last_status: Status | None = None
        self.lost_us: int | None = None  # since when the device is silent; None: it is not
        self.frozen_us: int | None = None  # since when it is known that its registers stand; None: they do not
        self._reported_us = 0  # the newest event that says whether it is silent
        self._looked_us = 0  # the newest event that says whether they stand
        self._jumps: list[tuple[int, int]] = []  # [from, until) that the wall clock jumped over, apart, in order
        self._jumped = 0  # ticks that are counted as failed for that

    @property
    def settings(self) -> DeviceSettings:
        """The settings that hold now, or held last."""
        return self._spans[-1].settings

    @property
    def since_us(self) -> int:
        """The moment since which the settings hold."""
        return self._spans[-1].first_us

    @property
    def gone(self) -> bool:
        """True if the device is no longer configured."""
        return self._spans[-1].end_us is not None

    def change(self, settings: DeviceSettings | None, first_us: int) -> None:
        """The device has these settings from `first_us` on; None: it is no longer configured."""
        if not self.gone:
            if settings == self.settings:
                return
            self._spans[-1].end_us = first_us
            self.begin_anew(first_us)
        if settings:
            self._spans.append(ConfiguredTime(settings, first_us))

    def new(self, tick_us: int) -> bool:
        """Mark the tick as counted, before `add`. False if it was before: the sample is not to be added again."""
        span = self._spans[-1]
        if tick_us < span.first_us:
            span = next((span for span in reversed(self._spans) if span.first_us <= tick_us), self._spans[0])
        return span.ticks.add(tick_us // span.settings.period_us)

    def add(self, tick_us: int, status: Status, reason: str | None) -> None:
        """Count a committed sample, for which `new` was True; samples may be committed out of order."""
        self.by_status[status] += 1
        if reason:
            self.reasons[bare_reason(reason)] += 1
        if self.last_tick_us is None or tick_us > self.last_tick_us:
            self.last_tick_us, self.last_reason, self.last_status = tick_us, reason, status
        if any(from_us <= tick_us < until_us for from_us, until_us in self._jumps):  # it was set back since
            self._count_jumped()

    def miss(self, reason: str, ticks: int) -> None:
        """Count so many ticks without a sample as failed, for this reason; none if `ticks` is not positive."""
        if ticks > 0:
            self.by_status[Status.FAILED] += ticks
            self.reasons[reason] += ticks

    def reachable(self, time_us: int, reachable: bool) -> None:
        """An event of this time says if the device replies; events may come out of order, the newest one holds."""
        if time_us >= self._reported_us:
            self._reported_us = time_us
            self.lost_us = None if reachable else time_us

    def stands(self, time_us: int, frozen: bool) -> None:
        """An event of this time says if the device is frozen; the newest one holds."""
        if time_us >= self._looked_us:
            self._looked_us = time_us
            self.frozen_us = time_us if frozen else None

    def begin_anew(self, time_us: int) -> None:
        """Another loop polls the device since then: it will say by itself if the device is lost or frozen."""
        self.reachable(time_us, reachable=True)
        self.stands(time_us, frozen=False)

    def jump(self, from_us: int, until_us: int) -> None:
        """The wall clock jumped over [from_us, until_us): its ticks count as failed, those without a sample.

        The same jump may be reported twice; an empty one is none.
        """
        if until_us <= from_us:
            return
        apart = [jump for jump in self._jumps if jump[1] < from_us or jump[0] > until_us]
        joined = [jump for jump in self._jumps if jump not in apart]
        starts, ends = zip((from_us, until_us), *joined, strict=True)
        self._jumps = sorted([*apart, (min(starts), max(ends))])
        self._count_jumped()

    def end(self, end_us: int) -> None:
        """Ticks from `end_us` on are not expected: nor are they failed if the clock jumped over them."""
        self._jumps = [(from_us, min(until_us, end_us)) for from_us, until_us in self._jumps if from_us < end_us]
        self._count_jumped()

    def _count_jumped(self) -> None:
        before, self._jumped = (
            self._jumped,
            sum(span.without_sample(from_us, until_us) for from_us, until_us in self._jumps for span in self._spans),
        )
        if self._jumped != before:
            self.by_status[Status.FAILED] += self._jumped - before
            self.reasons[Reason.CLOCK] += self._jumped - before

    def counted_from(self, first_us: int) -> int:
        """The number of ticks from `first_us` on of which a sample is committed."""
        return sum(span.ticks.count_from(-(-first_us // span.settings.period_us)) for span in self._spans)

    def expected(self, first_us: int, end_us: int) -> int:
        """The number of ticks in [first_us, end_us) by the settings that held at each moment."""
        return sum(
            ticks_between(
                max(first_us, span.first_us), end_us if span.end_us is None else min(end_us, span.end_us),
                span.settings.period_us,
            )
            for span in self._spans
        )  # fmt: skip
