"""The job as its user starts it, from the outside: its processes, their deaths, and what is left of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.faults.history import Configured, Ended, History, Hurt
from tests.faults.plants import SITE, Plants

MARK = "ESS_RAY_FAULTS"
UP_S = 150.0  # from the start to the first answer of a device
GONE_S = 30.0  # from the driver's end to the end of everything it started
ACTORS = ("poller", "normaliser", "writer")
HANGS_S = 5.0
GOES_ON_S = 1.0  # what stood still and went on has taken its ticks by then, on a busy machine


class Job:
    """One job over one state folder, started again and again."""

    def __init__(self, folder: Path, notes: Path, plants: Plants, *words: str, **environment: str) -> None:
        """`notes`: the devices' answers, see `tests.faults.devices`."""
        self.history = History()
        self.plants = plants
        self._folder = folder
        self.state_dir = folder / "state"
        self._notes = notes
        self.polled_by: Callable[[int], tuple[int, ...]] = lambda _pid: self.devices
        words = ("--config-dir", str(plants.conf), f"site={SITE}", *words, f"state_dir={self.state_dir}")
        self._words = [*words, "cluster.dashboard_port=0"]
        self.one_process = "cluster=none" in words  # the driver, and all actors in it
        self._environment = {**os.environ, **plants.environment, **environment, MARK: str(folder)}
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False  # this process: its end is no surprise
        self._halted_s: dict[int, float] = {}  # since when processes that poll stand still
        self._went_on: dict[int, tuple[float, float]] = {}  # since when they stood, and until when

    def switch(self) -> None:
        """From the next start on with Ray if it was without, and the other way round."""
        self._words += ["cluster=local" if self.one_process else "cluster=none"]
        self.one_process = not self.one_process

    @property
    def devices(self) -> tuple[int, ...]:
        """All devices, configured now or not."""
        return tuple(range(self.plants.devices))

    def start(self) -> None:
        """Start the job and wait until it collects."""
        command = [sys.executable, "-m", "ess_ray.main", *self._words]
        self._killed = False
        seen = self._notes.stat().st_size if self._notes.exists() else 0
        self.history.started_s.append(time.time())
        self.history.configured.append(Configured(time.time(), dict(self.plants.periods)))
        with (self._folder / "job.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline_s = time.monotonic() + UP_S
        while not self._notes.exists() or self._notes.stat().st_size == seen:
            if self._killed and self._process.poll() is not None:
                return  # by a fault that waited for what the job does first: it is started again as after any kill
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
        self.history.ended.append(Ended(self.devices, time.time(), run=True, planned=True))
        self._process.send_signal(signal.SIGINT)
        try:
            code = self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.history.troubles.append(f"the job has not ended {limit_s:g} s after Ctrl-C")
            self._process.kill()
            code = self._process.wait()
        self._bury()
        return code

    def run(self, *words: str, **environment: str) -> tuple[int, str]:
        """The exit code and the output of another job with the same configuration, as `job=report`."""
        command = [sys.executable, "-m", "ess_ray.main", *self._words, *words]
        ran = subprocess.run(
            command, check=False, cwd=self._folder, env=self._environment | environment, capture_output=True, text=True
        )
        with (self._folder / "job.log").open("a") as log:
            log.write(ran.stderr)
        return ran.returncode, ran.stdout

    def kill(self, role: str, pid: int) -> None:
        """kill -9; the death of `driver` or `raylet` is waited for, with all that they take along."""
        self._note_end(role, pid)
        self._killed = self.ends_all(role)
        os.kill(pid, signal.SIGKILL)
        if role in ("driver", "raylet"):
            self.mourn(role)

    def ends_all(self, role: str) -> bool:
        """True if the whole job ends with this process."""
        return self.one_process or role in ("driver", "raylet")

    def hang(self, role: str, pid: int) -> None:
        """SIGSTOP, for ever; the one process is killed after a while, as whoever supervises it would."""
        if self.one_process:
            self.halt(role, pid)
            time.sleep(HANGS_S)
            self.kill("driver", pid)
        else:
            self._note_end(role, pid)
            os.kill(pid, signal.SIGSTOP)

    def halt(self, role: str, pid: int) -> Callable[[], None]:
        """SIGSTOP; gives what lets the process go on."""
        devices = self.devices if self.one_process else self.polled_by(pid) if role == "poller" else ()
        began_s = time.time()
        os.kill(pid, signal.SIGSTOP)
        if devices:
            self._halted_s[pid] = began_s

        def go_on() -> None:
            if self._halted_s.pop(pid, None):
                self._went_on[pid] = began_s, time.time()
            if devices:
                self.history.hurts.append(Hurt(f"stop {role}", devices, began_s, time.time()))
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                return  # it was killed meanwhile

        return go_on

    def mourn(self, why: str) -> None:
        """Wait for the end of the driver and all that it started; what does not end by itself is a trouble."""
        assert self._process
        try:
            code = self._process.wait(GONE_S)
        except subprocess.TimeoutExpired:
            self.history.troubles.append(f"the driver lives {GONE_S:g} s after the end of: {why}")
            self._process.kill()
            code = self._process.wait()
        if code == 0:
            self.history.troubles.append(f"the driver ended with 0 after the end of: {why}")
        self._bury()

    def died(self) -> None:
        """The driver has ended, by itself unless it was killed a moment ago."""
        if self._killed:
            self.mourn("kill")
            return
        self.history.troubles.append(f"the driver ended by itself with {self.code}: {self.output()[-500:]}")
        self.history.ended.append(Ended(self.devices, time.time(), run=True))
        self._bury()

    def pids(self, role: str) -> list[int]:
        """The processes of a role: driver, raylet, poller, normaliser, writer."""
        assert self._process
        if role == "driver" or (self.one_process and role in ACTORS):
            return [self._process.pid] if self._process.poll() is None else []
        wanted = "/raylet/raylet " if role == "raylet" else f"ray::{role}"
        return sorted(pid for pid, words in self.processes().items() if wanted in words.lower())

    def processes(self) -> dict[int, str]:
        """Command lines of all that belongs to the job: it inherits the mark."""
        mark, processes = f"{MARK}={self._folder}".encode(), {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    processes[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return processes

    def _note_end(self, role: str, pid: int) -> None:
        """One that stood still, or went on a moment ago, has taken nothing since then."""
        now_s = time.time()
        stood_s, until_s = self._went_on.get(pid, (now_s, 0.0))
        end_s = self._halted_s.pop(pid, stood_s if now_s < until_s + GOES_ON_S else now_s)
        if self.ends_all(role):
            self.history.ended += [Ended(self.polled_by(other), since_s) for other, since_s in self._halted_s.items()]
            self.history.ended.append(Ended(self.devices, end_s, run=True))
        elif role == "poller":
            self.history.ended.append(Ended(self.polled_by(pid), end_s))

    def _bury(self) -> None:
        deadline_s = time.monotonic() + GONE_S
        while (left := self.processes()) and time.monotonic() < deadline_s:
            time.sleep(0.1)
        if left:
            self.history.troubles.append(f"left running {GONE_S:g} s after the driver's end: {sorted(left.values())}")
        self.clear(left)

    def clear(self, pids: Iterable[int] | None = None) -> None:
        """End what is left of the job, however it ended."""
        for pid in self.processes() if pids is None else pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
