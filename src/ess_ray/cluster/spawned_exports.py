"""Exports in processes of this machine, each for one object after the other: without Ray."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from typing import Any

from ess_ray.actors.exporter import Exporter
from ess_ray.cluster.actor_system import ActorError, ActorLostError
from ess_ray.cluster.export_processes import NICENESS, ExportProcess
from ess_ray.core.exporting.objects import DayObject
from ess_ray.core.exporting.outcome import ExportReport

END_S = 5.0  # for a process without work to end


class _Spawned:
    """A process, and this end of the pipe to it."""

    def __init__(self) -> None:
        context = get_context("spawn")  # a fork would take this process's threads' locks with it
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_work, args=(other,), name="export", daemon=True)
        self.process.start()
        other.close()


class SpawnedExports:
    """See `cluster.export_processes.ExportProcesses`. `_idle`: processes that have nothing to do now."""

    def __init__(self) -> None:
        self._idle: list[_Spawned] = []

    def start(self, exporter: Exporter, day_object: DayObject, verify: bool) -> ExportProcess:
        """See there."""
        spawned = self._idle.pop() if self._idle else _Spawned()
        with suppress(OSError):  # it has ended: `report` says so
            spawned.pipe.send((exporter, day_object, verify))
        return spawned

    def ready(self, processes: Sequence[ExportProcess], timeout_s: float) -> list[ExportProcess]:
        """See there."""
        by_pipe = {spawned.pipe: spawned for spawned in processes}
        return [by_pipe[pipe] for pipe in connection.wait(list(by_pipe), timeout_s) if isinstance(pipe, Connection)]

    def report(self, process: ExportProcess) -> ExportReport | None:
        """See there."""
        try:
            report: ExportReport | Exception | None = process.pipe.recv()
        except (EOFError, OSError):
            process.process.join(END_S)
            raise ActorLostError(f"exit code {process.process.exitcode}") from None
        if report is None or isinstance(report, Exception):
            self._idle.append(process)
        if isinstance(report, Exception):
            raise ActorError(report)
        return report

    def end(self, process: ExportProcess) -> None:
        """See there."""
        process.process.kill()

    def release(self) -> None:
        """See there."""
        for spawned in self._idle:
            spawned.pipe.close()  # whereupon it ends
            spawned.process.join(END_S)
        self._idle.clear()


def _work(pipe: Connection) -> None:
    """In the process: export until the other end is closed; of each object its reports, then None or its error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all: the driver ends this
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    with suppress(EOFError, OSError):
        while True:
            exporter, day_object, verify = pipe.recv()
            pipe.send(_export(pipe, exporter, day_object, verify))


def _export(pipe: Connection, exporter: Exporter, day_object: DayObject, verify: bool) -> Exception | None:
    reports: Any = exporter.verify(day_object) if verify else exporter.export(day_object)
    while True:
        try:
            report = next(reports)
        except StopIteration:
            return None
        except Exception as error:  # noqa: BLE001  # the driver repeats or reports it
            return error if _can_be_sent(error) else RuntimeError(f"{type(error).__name__}: {error}")
        pipe.send(report)


def _can_be_sent(error: Exception) -> bool:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    except Exception:  # noqa: BLE001
        return False
    return True
