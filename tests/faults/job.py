"""The job as its user starts it, from the outside: its processes, their deaths, and what is left of them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.faults.devices import groups

MARK = "ESS_RAY_FAULTS"
UP_S = 150.0  # from the start to the first answer of a device
GONE_S = 30.0  # from the driver's end to the end of everything it started
PERIOD_S, LONG_PERIOD_S, LIMIT_S = 1, 2, 1.5
ACTORS = ("poller", "normaliser", "writer")


class Ended(NamedTuple):
    """When the ticks of some devices may have ended: their poller, or the whole job, died, hung or was told to stop."""

    devices: tuple[int, ...]
    at_s: float
    run: bool = False  # the whole job
    planned: bool = False  # polls at work were finished


def period_s(device: int) -> int:
    """Every fourth device has the long one."""
    return LONG_PERIOD_S if device % 4 == 3 else PERIOD_S


def write_conf(
    folder: Path, ports: Sequence[int], devices: int, host: str = "127.0.0.1", offers: Sequence[str] = ()
) -> Path:
    """A folder for --config-dir: the site `oracle` with all the devices behind `ports`, each to be polled by a node
    with one of `offers`, in turn. Every other one takes both requests of a poll at once.
    """
    conf = folder / "conf"
    shutil.copytree(Path(__file__).parent / "conf", conf)
    lines = ["# @package sites.oracle", "timezone: UTC", "devices:"]
    for number, (port, group) in enumerate(zip(ports, groups(devices), strict=True)):
        placement = f", placement: {{{offers[number % len(offers)]}: 1}}" if offers else ""
        lines += [
            f"  d{device:03}: {{map: numbered, host: {host}, port: {port}, unit_id: {unit}, timeout_s: 0.5, "
            f"period_s: {period_s(device)}, poll_limit_s: {LIMIT_S}, requests_at_once: {1 + device % 2}{placement}}}"
            for unit, device in enumerate(group, 1)
        ]
    (conf / "site").mkdir()
    (conf / "site" / "oracle.yaml").write_text("\n".join(lines) + "\n")
    return conf


class Job:
    """One job over one state folder, started again and again."""

    def __init__(self, folder: Path, notes: Path, devices: int, *words: str, **environment: str) -> None:
        self.ended: list[Ended] = []
        self.started_s: list[float] = []
        self.troubles: list[str] = []
        self._folder = folder
        self._notes = notes
        self.devices = devices
        self._devices = tuple(range(devices))
        self._words = [*words, f"state_dir={folder / 'state'}", "cluster.dashboard_port=0"]
        self._environment = {**os.environ, **environment, MARK: str(folder)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the job and wait until it collects."""
        command = [sys.executable, "-m", "ess_ray.main", *self._words]
        seen = self._notes.stat().st_size if self._notes.exists() else 0
        self.started_s.append(time.time())
        with (self._folder / "job.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline_s = time.monotonic() + UP_S
        while not self._notes.exists() or self._notes.stat().st_size == seen:
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError(f"the job does not collect:\n{self.output()[-2000:]}")
            time.sleep(0.05)

    def output(self) -> str:
        """The job's output."""
        return (self._folder / "job.log").read_text(errors="replace")

    @property
    def code(self) -> int | None:
        """The job's exit code; None while it runs."""
        assert self._process
        return self._process.poll()

    def stop(self, limit_s: float) -> int:
        """Ctrl-C, and its exit code."""
        assert self._process
        self.ended.append(Ended(self._devices, time.time(), run=True, planned=True))
        self._process.send_signal(signal.SIGINT)
        try:
            code = self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.troubles.append(f"the job has not ended {limit_s:g} s after Ctrl-C")
            self._process.kill()
            code = self._process.wait()
        self._bury()
        return code

    def report(self, day: str, dsn: str) -> str:
        """The output of `job=report` for a day, as JSON; its exit code is not looked at: faults bring loss."""
        words = [*self._words, "job=report", f"day={day}", "report.format=json", "storage.late_s=0"]
        command = [sys.executable, "-m", "ess_ray.main", *words]
        environment = self._environment | {"ESS_RAY_DSN": dsn}
        ran = subprocess.run(command, check=False, cwd=self._folder, env=environment, capture_output=True, text=True)
        return ran.stdout

    def kill(self, role: str, pid: int) -> None:
        """kill -9; the death of `driver` or `raylet` is waited for, with all that they take along."""
        self._note_end(role, pid)
        os.kill(pid, signal.SIGKILL)
        if role in ("driver", "raylet"):
            self.mourn(role)

    def hang(self, role: str, pid: int) -> None:
        """SIGSTOP, for ever."""
        self._note_end(role, pid)
        os.kill(pid, signal.SIGSTOP)

    def mourn(self, why: str) -> None:
        """Wait for the end of the driver and all that it started; what does not end by itself is a trouble."""
        assert self._process
        try:
            code = self._process.wait(GONE_S)
        except subprocess.TimeoutExpired:
            self.troubles.append(f"the driver lives {GONE_S:g} s after the end of: {why}")
            self._process.kill()
            code = self._process.wait()
        if code == 0:
            self.troubles.append(f"the driver ended with 0 after the end of: {why}")
        self._bury()

    def died(self) -> None:
        """The driver has ended by itself."""
        self.troubles.append(f"the driver ended by itself with {self.code}: {self.output()[-500:]}")
        self.ended.append(Ended(self._devices, time.time(), run=True))
        self._bury()

    def pids(self, role: str) -> list[int]:
        """The processes of a role: driver, raylet, poller, normaliser, writer."""
        assert self._process
        if role == "driver":
            return [self._process.pid]
        wanted = "/raylet/raylet " if role == "raylet" else f"ray::{role}"
        return sorted(pid for pid, words in self.processes().items() if wanted in words.lower())

    def processes(self) -> dict[int, str]:
        """Command lines of all that belongs to the job: it inherits the mark."""
        mark, found = f"{MARK}={self._folder}".encode(), {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (place / "environ").read_bytes().split(b"\0"):
                    found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found

    def _note_end(self, role: str, pid: int) -> None:
        if role in ("driver", "raylet"):
            self.ended.append(Ended(self._devices, time.time(), run=True))
        elif role == "poller":
            self.ended.append(Ended(self._polled_by(pid), time.time()))

    def _polled_by(self, pid: int) -> tuple[int, ...]:
        """The devices of a poller: from the one that its journal is named after to the next journal's."""
        starts = sorted(int(path.stem[-3:]) for path in self._folder.glob("state/journal/*/oracle__d*.journal"))
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                path = link.readlink()
            except OSError:
                continue
            if path.suffix == ".journal":
                start = int(path.stem[-3:])
                return self._devices[start : next((one for one in starts if one > start), None)]
        return self._devices  # its journal was not opened yet

    def _bury(self) -> None:
        deadline_s = time.monotonic() + GONE_S
        while (left := self.processes()) and time.monotonic() < deadline_s:
            time.sleep(0.1)
        if left:
            self.troubles.append(f"left running {GONE_S:g} s after the driver's end: {sorted(left.values())}")
        self.clear(left)

    def clear(self, pids: Iterable[int] | None = None) -> None:
        """End what is left of the job, however it ended."""
        for pid in self.processes() if pids is None else pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
