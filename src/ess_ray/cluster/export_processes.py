"""The processes that export objects, each beside the driver or elsewhere: what `cluster.exports` needs of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ess_ray.actors.exporter import Exporter
from ess_ray.core.exporting.objects import DayObject
from ess_ray.core.exporting.outcome import ExportReport

ExportProcess = Any  # can be a key of a dict

NICENESS = 10  # collecting goes first


class ExportProcesses(Protocol):
    """Starts processes and takes their reports. Used by one thread."""

    def start(self, exporter: Exporter, day_object: DayObject, verify: bool) -> ExportProcess:
        """Export an object, or read it back with `verify`, without waiting."""

    def ready(self, processes: Sequence[ExportProcess], timeout_s: float) -> list[ExportProcess]:
        """Those that have a report or have ended, as soon as there is one, `timeout_s` seconds later anyway."""

    def report(self, process: ExportProcess) -> ExportReport | None:
        """The next report of a process that is `ready`; None: it has ended well.

        Raises ActorError with what the exporter raised, ActorLostError if the process ended otherwise.
        """

    def end(self, process: ExportProcess) -> None:
        """Kill a process, without waiting; nothing if it has ended."""

    def release(self) -> None:
        """Let processes end that have nothing to do: no further `start` is expected soon."""
