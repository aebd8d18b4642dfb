"""The faults of a run: each is done, held for a while, and taken back."""

from __future__ import annotations

import heapq
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path

import psycopg

from tests.faults.database import Server
from tests.faults.database_faults import DatabaseFaults
from tests.faults.deck import WITH_RELOAD
from tests.faults.devices import groups
from tests.faults.disk import SilentDisk, SmallDisk
from tests.faults.gaps import JOURNAL
from tests.faults.history import Hurt
from tests.faults.job import Job
from tests.faults.pollers import PolledBy
from tests.faults.proxy import Mode, Proxy
from tests.faults.reload import Reloads

Undo = Callable[[], object]
WRITTEN_S = 2.0  # a disk that has room again is tried within a second
HAND_OVER_S = 0.1  # behind the whole second: the polls are in the journal, the next pull comes at 0.15
SHORT_S, LONG_S, LOCK_S, STILL_S = (0.3, 4.0), (1.0, 10.0), (5.0, 20.0), (13.0, 20.0)
HUNG_S, BEHIND_S = (4.0, 15.0), (2.0, 8.0)
TRIES = 20  # of a fault whose victim is hurt already
OVERTIME = 1.5  # a run whose faults take longer than it should ends then
LOOK_S, PAUSE_S = 1.0, 0.3


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
        silent_disk: SilentDisk | None,
        folder: Path,
    ) -> None:
        """`devices`: the proxies, as `tests.faults.devices.groups` has the devices. `folder`: for copies."""
        self.done: Counter[str] = Counter()
        self._chance = random.Random(seed + 1)  # whom and how long
        self._job, self._server, self._devices, self._database = job, server, devices, database
        self._behind = dict(zip(devices, groups(job.plants.devices), strict=True))
        self._journal_disk, self._silent_disk = journal_disk, silent_disk
        self._undo: list[tuple[float, int, str, Undo]] = []
        self._numbers = count()
        polled_by = PolledBy({proxy.port: tuple(group) for proxy, group in self._behind.items()})
        job.polled_by = lambda pid: polled_by.of(pid, job.pids("poller"))
        self._polled_by, self._looked_s = polled_by, 0.0
        self._reloads = Reloads(job, polled_by)
        self._accidents = DatabaseFaults(server, database, job.history, folder / "copies", self._chance)

    def run(self, seconds: float, deck: Sequence[str]) -> None:
        """The faults, spread over the time; then everything is whole again."""
        began_s = time.monotonic()
        waiting = [(kind, 0) for kind in deck]
        pace_s = seconds / max(1, len(waiting))
        while waiting and time.monotonic() < began_s + OVERTIME * seconds:
            due_s = began_s + pace_s * (len(deck) - len(waiting))
            self._pause(max(PAUSE_S, due_s - time.monotonic()))
            kind, tries = waiting.pop(0)
            if not self.do(kind) and tries < TRIES:
                waiting.insert(min(2, len(waiting)), (kind, tries + 1))
        self.heal()
        while self._reloads.under_way:
            self._pause(PAUSE_S)
        self._job.history.notes += [f"not made: {kind}" for kind, _ in waiting]

    def do(self, kind: str) -> bool:
        """One fault, if its victim is there and not hurt already; False if not."""
        what, _, how = kind.partition(" ")
        what = {"restore": "database"}.get(what, what)
        if any(hurt == what for _, _, hurt, _ in self._undo):
            return False
        act: dict[str, Callable[[str], bool]] = {
            "kill": self._kill,
            "stop": self._stop,
            "hang": self._hang,
            "modbus": self._modbus,
            "journal": self._journal,
            "reload": lambda _how: self._reload(),
        }
        try:
            done = act.get(what, self._hurt_database)(how if kind != "restore" else kind)
        except (psycopg.Error, subprocess.CalledProcessError) as error:  # the other faults may still find something
            self._job.history.troubles.append(f"{kind} could not be made: {error}")
            self._make_whole()
            done = False
        self.done[kind] += done
        if self._job.code is not None:
            self._restart()
        return done

    def wait(self, seconds: float) -> None:
        """Meanwhile what has to be taken back is, and a job that was killed is started again."""
        self._pause(seconds)

    def heal(self) -> None:
        """Take back every fault that is held."""
        while self._undo:
            heapq.heappop(self._undo)[-1]()

    def _make_whole(self) -> None:
        """The database is there and can be reached, whatever a fault left that failed in the middle."""
        try:
            self._server.query("SELECT 1")
        except psycopg.Error:
            self._server.stop()
            self._server.recover()
        self._database.set(Mode.PASS)

    def _pause(self, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            while self._undo and self._undo[0][0] <= time.monotonic():
                heapq.heappop(self._undo)[-1]()
            if self._job.code is not None:
                self._job.died()
                self._restart()
            self._reloads.look()
            if time.monotonic() > self._looked_s + LOOK_S:
                self._looked_s = time.monotonic()
                self._polled_by.look(self._job.pids("poller"))
            time.sleep(0.02)

    def _restart(self) -> None:
        self.heal()
        self._reloads.run_ended()
        self._polled_by.forget()
        self._job.start()

    def _hold(self, what: str, hold_s: tuple[float, float], undo: Undo) -> bool:
        """Take it back after a while, and perhaps reload meanwhile."""
        until_s = time.monotonic() + self._chance.uniform(*hold_s)
        heapq.heappush(self._undo, (until_s, next(self._numbers), what, undo))
        self._perhaps_reload()
        return True

    def _perhaps_reload(self) -> None:
        if self._chance.random() < WITH_RELOAD:
            self.done["reload"] += self._reload()

    def _reload(self) -> bool:
        return self._reloads.request(self._chance)

    # --- what can be hurt ---------------------------------------------------------------------------------------------

    def _victim(self, role: str) -> int | None:
        pids = self._job.pids(role)
        return self._chance.choice(pids) if pids else None

    def _kill(self, what: str) -> bool:
        role, _, moment = what.partition(" ")
        pid = self._victim(role)
        if pid is None:
            return False
        if self._job.ends_all(role) and not moment.startswith(("in ", "behind ")):
            role = "driver" if self._job.one_process else role
            self.heal()  # what hurts the start of the next run is another fault
        match moment:
            case "in COPY":
                self._database.trap(b"PGCOPY", whole=False, spring=partial(self._kill_at_once, role))
            case "behind COMMIT":
                self._database.trap(b"COMMIT", whole=True, spring=partial(self._kill_at_once, role))
            case "before hand-over":
                time.sleep((HAND_OVER_S - time.time()) % 1)
                self._job.kill(role, pid)
            case _:
                self._job.kill(role, pid)
        return True

    def _kill_at_once(self, role: str) -> None:
        """For the proxy's thread, which must not wait; if it ends the job, `_pause` starts that again."""
        if pid := self._victim(role):
            self._job.kill(role, pid)

    def _journal(self, how: str) -> bool:
        """While its disk is full or hangs a journal is in memory only: nobody is killed before it was written again."""
        full, silent = self._journal_disk, self._silent_disk
        if full is None or any(hurt == "stop" for _, _, hurt, _ in self._undo):
            return False
        began_s = time.time()
        if how == "full":
            full.fill()
            undo, hold_s = full.free, SHORT_S
        elif silent:
            silent.stop_answering()
            undo, hold_s = silent.answer, HUNG_S
        else:
            return False
        self._perhaps_reload()
        time.sleep(self._chance.uniform(*hold_s))
        undo()
        self._job.history.hurts.append(Hurt(JOURNAL, self._job.devices, began_s, time.time()))
        time.sleep(WRITTEN_S)
        return True

    def _stop(self, who: str) -> bool:
        role, _, long = who.partition(" ")
        pid = self._victim(role)
        return pid is not None and self._hold("stop", STILL_S if long else SHORT_S, self._job.halt(role, pid))

    def _hang(self, role: str) -> bool:
        if pid := self._victim(role):
            self._job.hang(role, pid)
        return pid is not None

    def _modbus(self, how: str) -> bool:
        proxies = self._chance.sample(self._devices, self._chance.randint(1, len(self._devices)))
        return self._network("modbus", proxies, how)

    def _network(self, what: str, proxies: Sequence[Proxy], how: str) -> bool:
        began_s = time.time()
        devices = tuple(device for proxy in proxies for device in self._behind.get(proxy, ()))
        if how == "cut":
            for proxy in proxies:
                proxy.cut()
            self._note(what, devices, began_s)
            return True
        _set(proxies, Mode(how))

        def undo() -> None:
            _set(proxies, Mode.PASS)
            self._note(what, devices, began_s)

        return self._hold(what, LONG_S, undo)

    def _note(self, what: str, devices: tuple[int, ...], began_s: float) -> None:
        if devices:
            self._job.history.hurts.append(Hurt(what, devices, began_s, time.time()))

    def _hurt_database(self, how: str) -> bool:
        server, proxy, accidents = self._server, self._database, self._accidents
        at_once: dict[str, Callable[[], bool | None]] = {
            "cut in COPY": partial(proxy.trap, b"PGCOPY", whole=False),
            "cut behind COMMIT": partial(proxy.trap, b"COMMIT", whole=True),
            "end backends": server.end_backends,
            "promote": lambda: accidents.promote(self._chance.uniform(*BEHIND_S)),
            "backup": accidents.back_up,
            "restore": accidents.restore,
            "drop": accidents.drop,
        }
        held: dict[str, tuple[Callable[[], bool | None], Undo]] = {
            "stop fast": (server.stop, server.start),
            "stop immediate": (server.crash, server.start),
            "kill": (server.kill, server.recover),
            "disk full": (server.fill, server.free),
        }
        if how in at_once:
            return at_once[how]() is not False
        if how in held:
            act, undo = held[how]
            return act() is not False and self._hold("database", LONG_S, undo)
        if how == "lock":
            unlock = accidents.lock()
            return unlock is not None and self._hold("database", LOCK_S, unlock)
        return self._network("database", [proxy], how)


def _set(proxies: Sequence[Proxy], mode: Mode) -> None:
    for proxy in proxies:
        proxy.set(mode)
