"""Polls random devices through random faults, in simulated time: `python -m tests.fuzz_polls 2000 SEED`.

The devices of one connection reply, refuse, are silent, are slow or busy, each block or now and then; connections are
refused, late or lost; settings are what a user may set; meanwhile the settings change and the wall clock is set.
Whatever comes, each tick has exactly one sample until the stop, a sample holds what its registers hold and nothing
where it says that they are missing, and after the stop the connection ends.
"""

from __future__ import annotations

import heapq
import random
import struct
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ess_ray.core.polling.cadence import Now
from ess_ray.core.reasons import Reason
from ess_ray.core.samples import Sample, Status
from tests.played_line import START_US, Behaviour, PlayedLine, S, make_plan_of

DRAIN_S = 120
MOST_WAKES = 20_000  # at one moment: more are an endless loop
Change = tuple[int, Callable[["FaultyLine"], None]]  # microseconds since the start, and what happens then
# How often a request meets silence, an exception, a reply that comes late.
FAULTS = [(0, 0, 0), (0.05, 0.05, 0.05), (0.3, 0, 0), (0, 0.3, 0), (0, 0, 0.5), (0.9, 0, 0), (1, 0, 0)]
EXCEPTIONS = (1, 2, 3, 4, 5, 6, 10, 11, 99)
SETTINGS: Mapping[str, tuple[Any, ...]] = {
    "timeout_us": (200_000, S, 3 * S),
    "retries": (0, 1, 3),
    "keep_connection": (True, True, True, False),
    "requests_at_once": (1, 1, 3),
    "connect_pause_us": (0, 0, 100_000),
    "request_pause_us": (0, 0, 20_000),
    "poll_limit_us": (800_000, 2 * S, 5 * S),
    "connect_timeout_us": (500_000, 3 * S),
    "backoff_max_us": (0, 5 * S, 60 * S),
    "park_retry_us": (5 * S, 600 * S),
    "phase_us": (0, 0, 0, 300_000),
}


class FaultyLine(PlayedLine):
    """A played line whose connections come late, are refused and are lost, and whose wall clock is set."""

    def __init__(
        self, *played: Any, rng: random.Random | None = None, refused: float = 0, lost: float = 0, **settings: Any
    ) -> None:
        """`refused`, `lost`: how often a connection is refused or late, and a reply is the end of its connection."""
        self.clock_us = 0
        self.changed_from_us = 0  # since 1970 UTC: the last change's first tick
        self._rng, self._refused, self._lost = rng or random.Random(0), refused, lost
        self._connected_us: int | None = None  # when the attempt to connect ends, if there is one
        super().__init__(*played, **settings)

    def run(self, until_s: float, changes: tuple[Change, ...] = ()) -> FaultyLine:
        end_us, ahead, wakes = round(until_s * S), sorted(changes, key=lambda change: change[0]), 0
        while True:
            arriving_us = self._arriving[0][0] if self._arriving else None
            moments = [self.connection.wake_at_us(self._now), self._connected_us, arriving_us]
            moments += [us for us, _ in ahead[:1]]
            next_us = min((us for us in moments if us is not None), default=end_us + 1)
            if next_us > end_us:
                self._us = end_us
                return self
            wakes = 0 if next_us > self._us else wakes + 1
            assert wakes < MOST_WAKES, "the connection is woken again and again"
            self._us = max(self._us, next_us)
            if ahead and ahead[0][0] <= self._us:
                ahead.pop(0)[1](self)
            elif self._connected_us is not None and self._connected_us <= self._us:
                self._end_attempt()
            elif self._arriving and self._arriving[0][0] <= self._us:
                self._arrive()
            else:
                self.connection.wake(self._now)

    def _end_attempt(self) -> None:
        self._connected_us = None
        if self._rng.random() < self._refused:
            self.connection.connect_failed(Reason.REFUSED, self._now)
        else:
            self.connection.connected(self._now)

    def _arrive(self) -> None:
        """A reply, now and then in two pieces, or the end of its connection instead."""
        _, _, connection, adu = heapq.heappop(self._arriving)
        if connection != self.connects or self._connected_us is not None:
            return
        if self._rng.random() < self._lost:
            self._arriving.clear()
            self.connection.closed(self._now)
            return
        cut = self._rng.randrange(1, len(adu)) if self._rng.random() < 0.1 else len(adu)
        for piece in filter(None, (adu[:cut], adu[cut:])):
            self.connection.received(piece, self._now)

    def connect(self) -> None:
        self.connects += 1
        late_s = self._rng.choice([0, 0.2, 0.9, 1.5, 10]) if self._rng.random() < self._refused else 0.001
        self._connected_us = self._us + round(late_s * S)

    def close(self) -> None:
        self._connected_us = None
        self._arriving.clear()

    @property
    def _now(self) -> Now:
        return Now(self._us, START_US + self._us + self.clock_us)


def _behaviour(rng: random.Random, units: int, blocks: list[range]) -> Behaviour:
    silence, exceptions, late = rng.choice(FAULTS)
    took_s = rng.choice([0.001, 0.01, 0.1, 0.4])
    always: dict[tuple[int, int], Any] = {}  # of a unit's block
    if rng.random() < 0.5:
        always = {
            (unit, block.start): rng.choice([True, True, True, 1, 2, 4, None])
            for unit in range(1, units + 1) for block in blocks
        }  # fmt: skip

    def behave(unit: int, registers: range, _: float) -> tuple[float, bool | int | None]:
        block = next(block for block in blocks if registers.start in block)
        if (reply := always.get((unit, block.start), True)) is not True:
            return took_s, reply
        draw = rng.random()
        if draw < silence:
            return 0, None
        if draw < silence + exceptions:
            return took_s, rng.choice(EXCEPTIONS)
        return (
            rng.choice([0.5, 1.2, 3.0]) if draw < silence + exceptions + late else took_s * rng.uniform(0.2, 1.5)
        ), True

    return behave


def _changes(rng: random.Random, line: FaultyLine, end_s: int) -> tuple[tuple[Change, ...], bool]:
    """Reloads, and steps of the wall clock; True if there are such."""
    settings = [device.settings for device in line.connection.polled.devices]

    def reload(line: FaultyLine) -> None:
        first_us = (line._now.wall_us // S + rng.choice([0, 1, 2])) * S
        line.changed_from_us = max(line.changed_from_us, first_us)
        changed = [replace(each, timeout_us=rng.choice([each.timeout_us, 700_000])) for each in settings]
        line.connection.change(changed, line.changed_from_us, None)

    def set_clock(line: FaultyLine) -> None:
        line.clock_us += rng.choice([-5 * S, -S, 700_000, 3 * S, 40 * S])

    reloads = rng.choice([1, 4]) if rng.random() < 0.3 else 0
    steps = rng.choice([1, 3]) if rng.random() < 0.2 else 0
    happens = [reload] * reloads + [set_clock] * steps
    return tuple((round(rng.uniform(1, end_s) * S), change) for change in happens), steps > 0


def play(seed: int) -> list[Sample]:
    """One random line through random faults; its samples. Raises AssertionError if a promise is not kept."""
    rng = random.Random(seed)
    units, blocks, address = rng.choice([1, 1, 2, 5]), [], 0
    for _ in range(rng.choice([1, 2, 4])):
        blocks.append(range(address, address + rng.choice([1, 3, 20])))
        address = blocks[-1].stop + rng.choice([1, 5])
    settings = {name: rng.choice(values) for name, values in SETTINGS.items()}
    if settings["requests_at_once"] > 1:
        settings["request_pause_us"] = 0
    line = FaultyLine(
        _behaviour(rng, units, blocks), make_plan_of(*blocks), range(1, units + 1), rng.random() < 0.5,
        rng=rng, refused=rng.choice([0, 0, 0.1, 0.9, 1]), lost=rng.choice([0, 0, 0.02, 0.3]), **settings,
    )  # fmt: skip
    end_s = rng.choice([20, 60, 200])
    changes, clock_is_set = _changes(rng, line, end_s)
    line.run(end_s, changes)
    stop_us = (line._now.wall_us // S + 1) * S
    line.connection.stop(stop_us)
    line.run(end_s + DRAIN_S)
    assert not line.connection.busy, "the connection does not end"
    for unit in range(1, units + 1):
        _check_ticks([sample.tick_us for sample in line.of(unit)], None if clock_is_set else stop_us)
    for sample in line.samples:
        _check(sample, blocks)
    return line.samples


def _check_ticks(ticks: list[int], stop_us: int | None) -> None:
    """`stop_us` None: the clock was set, and some ticks may never have been."""
    assert len(ticks) == len(set(ticks)), "a tick has two samples"
    if stop_us is not None:
        assert ticks == list(range(START_US, stop_us, S)), "a tick has no sample"


def _check(sample: Sample, blocks: list[range]) -> None:
    assert min(sample.requests, sample.retries, sample.read_ms) >= 0, "a count or a time is negative"
    assert (sample.status is Status.PARTIAL) <= bool(sample.missing), "partial, and nothing is missing"
    assert (sample.status is Status.FAILED) == (not sample.image), "failed, and something was read"
    unit, offset = int(sample.device.device.removeprefix("unit")), 0
    for register in (register for block in blocks for register in block if sample.image):
        missing = any(start <= offset < end for start, end in sample.missing)
        expected = 0 if missing else (1000 * unit + register) % 65536
        assert struct.unpack_from(">H", sample.image, offset) == (expected,), "a register has another value"
        offset += 2


def main() -> None:
    runs, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    samples = failed = 0
    for number in range(seed, seed + runs):
        try:
            samples += len(play(number))
        except AssertionError as error:
            failed += 1
            print(f"python -m tests.fuzz_polls 1 {number}: {error}")
    print(f"{runs} runs, {samples} samples, {failed} runs with a promise that was not kept")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
