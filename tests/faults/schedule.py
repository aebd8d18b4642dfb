"""The faults, drawn by chance from a seed: each is done, held for a while, and taken back."""

from __future__ import annotations

import heapq
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count

from tests.faults.database import Server
from tests.faults.disk import SmallDisk
from tests.faults.job import ACTORS, Job
from tests.faults.proxy import Mode, Proxy

Undo = Callable[[], None]
NETWORK = (Mode.DELAY, Mode.DRIP, Mode.BLACKHOLE, Mode.REFUSE)
WEIGHTS = {
    **{f"kill {role}": 6 for role in ACTORS},
    "kill poller before hand-over": 2,
    "kill writer in COPY": 2,
    "kill writer behind COMMIT": 2,
    "kill driver": 1,
    "kill raylet": 1,
    **{f"stop {role}": 2 for role in (*ACTORS, "driver")},
    "hang poller": 1,
    "hang normaliser": 1,
    **{f"modbus {mode}": 2 for mode in NETWORK},
    "modbus cut": 3,
    **{f"database {mode}": 1 for mode in NETWORK},
    "database cut": 3,
    "database cut in COPY": 3,
    "database cut behind COMMIT": 3,
    "database stop fast": 2,
    "database stop immediate": 2,
    "database end backends": 3,
    "database disk full": 2,
    "journal disk full": 2,
}
WRITTEN_S = 2.0  # a disk that has room again is tried within a second
HAND_OVER_S = 0.1  # behind the whole second: the polls are in the journal, the next pull comes at 0.15
SHORT_S, LONG_S = (0.3, 4.0), (1.0, 10.0)


class Schedule:
    """The parts of a run that faults can hurt, and those that are hurt now."""

    def __init__(
        self,
        seed: int,
        job: Job,
        server: Server,
        devices: Sequence[Proxy],
        database: Proxy,
        journal_disk: SmallDisk | None,
    ) -> None:
        self.done: Counter[str] = Counter()
        self._kinds = random.Random(seed)  # which and when: the same again, whatever became of the victims
        self._chance = random.Random(seed + 1)  # whom and how long
        self._job, self._server, self._devices, self._database = job, server, devices, database
        self._journal_disk = journal_disk
        self._undo: list[tuple[float, int, str, Undo]] = []
        self._numbers = count()

    def run(self, seconds: float, weights: dict[str, int], gap_s: tuple[float, float]) -> None:
        """Faults until the time is over; then everything is whole again."""
        deadline_s = time.monotonic() + seconds
        kinds = list(weights)
        while time.monotonic() < deadline_s:
            (kind,) = self._kinds.choices(kinds, list(weights.values()))
            self.do(kind)
            self._pause(self._kinds.uniform(*gap_s))
        self.heal()

    def do(self, kind: str) -> None:
        """One fault, if its victim is there and not hurt already."""
        what, _, how = kind.partition(" ")
        if any(hurt == what for _, _, hurt, _ in self._undo):
            return
        act = {
            "kill": self._kill,
            "stop": self._stop,
            "hang": self._hang,
            "modbus": self._modbus,
            "journal": self._journal,
        }
        if act.get(what, self._hurt_database)(how):
            self.done[kind] += 1
        if self._job.code is not None:
            self._restart()

    def heal(self) -> None:
        """Take back every fault that is held."""
        while self._undo:
            heapq.heappop(self._undo)[-1]()

    def _pause(self, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            while self._undo and self._undo[0][0] <= time.monotonic():
                heapq.heappop(self._undo)[-1]()
            if self._job.code is not None:
                self._job.died()
                self._restart()
            time.sleep(0.02)

    def _restart(self) -> None:
        self.heal()
        self._job.start()

    def _hold(self, what: str, hold_s: tuple[float, float], undo: Undo) -> bool:
        until_s = time.monotonic() + self._chance.uniform(*hold_s)
        heapq.heappush(self._undo, (until_s, next(self._numbers), what, undo))
        return True

    # --- what can be hurt ---------------------------------------------------------------------------------------------

    def _victim(self, role: str) -> int | None:
        pids = self._job.pids(role)
        return self._chance.choice(pids) if pids else None

    def _kill(self, what: str) -> bool:
        role, _, moment = what.partition(" ")
        pid = self._victim(role)
        if pid is None:
            return False
        if role in ("driver", "raylet"):
            self.heal()  # what hurts the start of the next run is another fault
        match moment:
            case "in COPY":
                self._database.trap(b"PGCOPY", whole=False, spring=partial(self._kill, role))
            case "behind COMMIT":
                self._database.trap(b"COMMIT", whole=True, spring=partial(self._kill, role))
            case "before hand-over":
                time.sleep((HAND_OVER_S - time.time()) % 1)
                self._job.kill(role, pid)
            case _:
                self._job.kill(role, pid)
        return True

    def _journal(self, _how: str) -> bool:
        """While its disk is full a journal is in memory only: nobody is killed before it was written again."""
        if self._journal_disk is None or any(hurt == "stop" for _, _, hurt, _ in self._undo):
            return False
        self._journal_disk.fill()
        time.sleep(self._chance.uniform(*SHORT_S))
        self._journal_disk.free()
        time.sleep(WRITTEN_S)
        return True

    def _stop(self, role: str) -> bool:
        pid = self._victim(role)
        if pid is None:
            return False
        os.kill(pid, signal.SIGSTOP)
        return self._hold("stop", SHORT_S, partial(_go_on, pid))

    def _hang(self, role: str) -> bool:
        if pid := self._victim(role):
            self._job.hang(role, pid)
        return pid is not None

    def _modbus(self, how: str) -> bool:
        proxies = self._chance.sample(self._devices, self._chance.randint(1, len(self._devices)))
        return self._network("modbus", proxies, how)

    def _network(self, what: str, proxies: Sequence[Proxy], how: str) -> bool:
        if how == "cut":
            for proxy in proxies:
                proxy.cut()
            return True
        _set(proxies, Mode(how))
        return self._hold(what, LONG_S, partial(_set, proxies, Mode.PASS))

    def _hurt_database(self, how: str) -> bool:
        match how:
            case "cut in COPY":
                self._database.trap(b"PGCOPY", whole=False)
            case "cut behind COMMIT":
                self._database.trap(b"COMMIT", whole=True)
            case "stop fast":
                self._server.stop()
                return self._hold("database", LONG_S, self._server.start)
            case "stop immediate":
                self._server.crash()
                return self._hold("database", LONG_S, self._server.start)
            case "end backends":
                self._server.end_backends()
            case "disk full":
                return self._server.fill() and self._hold("database", LONG_S, self._server.free)
            case _:
                return self._network("database", [self._database], how)
        return True


def _go_on(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return  # it was killed meanwhile


def _set(proxies: Sequence[Proxy], mode: Mode) -> None:
    for proxy in proxies:
        proxy.set(mode)
