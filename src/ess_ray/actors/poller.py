"""The poller: owns its devices' connections, ticks and outbox. A Ray actor, or a plain object without a cluster.

The conductor calls `start` once and `pull` each round; the loop goes on polling whatever happens downstream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ess_ray.adapters.modbus import ModbusLoop
from ess_ray.core.outbox import MemoryOutbox
from ess_ray.core.samples import Sample
from ess_ray.core.settings import DeviceSettings


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull gives: samples with the outbox's numbers, to be acknowledged once committed."""

    numbers: tuple[int, ...]
    samples: tuple[Sample, ...]
    waiting: int  # samples not acknowledged, these included
    overflowed: int  # samples that lost their values to the outbox's bound, since the start
    busy: bool  # a poll is at work or a tick still to come


class Poller:
    """Polls some devices, on the grid, until told to stop."""

    def __init__(self, devices: Sequence[DeviceSettings], outbox_bytes: int) -> None:
        self._devices = devices
        self._outbox = MemoryOutbox(outbox_bytes)
        self._loop: ModbusLoop | None = None

    def ready(self) -> None:
        """The process is up."""

    def start(self, first_us: int, end_us: int | None) -> None:
        """Poll every tick in [first_us, end_us), microseconds since 1970 UTC; a second call changes nothing."""
        if self._loop is None:
            self._loop = ModbusLoop(self._devices, self._outbox.put)
            self._loop.start(first_us, end_us)

    def stop(self, end_us: int) -> None:
        """No tick at or after `end_us`; polls at work are finished and stay to be pulled."""
        if self._loop:
            self._loop.stop(end_us)

    def pull(self, committed: Sequence[int], most: int) -> Pulled:
        """Acknowledge what the database has committed, and take at most `most` samples."""
        self._outbox.acknowledge(committed)
        busy = self._loop is not None and self._loop.busy  # before taking: what ends in between is pulled next time
        taken = self._outbox.take(most)
        return Pulled(
            numbers=tuple(number for number, _ in taken),
            samples=tuple(sample for _, sample in taken),
            waiting=len(self._outbox),
            overflowed=self._outbox.overflowed,
            busy=busy,
        )
