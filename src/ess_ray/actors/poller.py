"""The poller: owns its devices' connections, ticks and journal. A Ray actor, or a plain object without a cluster.

The conductor calls `ready` and `poll` once a process start (`poll` again when its devices change, both when what was
pulled is lost) and `pull` each round; the loop goes on polling whatever happens downstream. A poller that comes back
after a crash finds in its journal what the database has not committed, and is given its devices anew.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from ess_ray.actors.process import ProcessInfo, begin_process
from ess_ray.adapters.journal.bounds import Limits
from ess_ray.adapters.journal.journal import Journal
from ess_ray.adapters.journal.lock import LOCK_WAIT_S
from ess_ray.adapters.journal.memory import now_us
from ess_ray.adapters.journal.owner import SUFFIX, JournalOwner, journal_folder
from ess_ray.adapters.local.logs import LogFile, log_to
from ess_ray.adapters.local.own_folder import check_own
from ess_ray.adapters.modbus.loop import ModbusLoop
from ess_ray.core.batch import Packed
from ess_ray.core.errors import ConfigError, JournalBusy, JournalFailed
from ess_ray.core.polling.counts import CountGrowth, PollerCounts
from ess_ray.core.samples import Device, Event
from ess_ray.core.settings import DeviceSettings

GROWTH_EVERY_US = 4_000_000  # how often counts are handed over
NODE_DIR = "ESS_RAY_NODE_DIR"  # in the environment of a node's Ray: its state folder, if it has one of its own


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """Where a poller's journal is. `adopt`: journals that no poller has any more, whose samples this one takes over.

    `path` and `adopt` are paths of files, NAME.journal; `state_dir` is empty without a cluster. In a cluster a poller
    may come up on any node, with a journal there: see `open`.
    """

    path: str
    owner: JournalOwner
    limits: Limits
    adopt: tuple[str, ...] = ()
    state_dir: str = ""  # of a cluster: where every node keeps what is its own, unless NODE_DIR says otherwise
    wait_s: float = LOCK_WAIT_S  # for a predecessor that was killed and is still dying

    @property
    def folder(self) -> Path:
        """The journals' folder on the node of this process; in a cluster NODE_DIR of its environment counts."""
        return journal_folder(self._node_dir, self.owner) if self.state_dir else Path(self.path).parent

    @property
    def _node_dir(self) -> Path:
        return Path(os.environ.get(NODE_DIR) or self.state_dir)

    def open(self) -> Journal:
        """The journal, opened. Raises JournalBusy if another process has it, JournalFailed if the disk refuses
        or if another user made this node's folder.

        In a cluster a journal of this name may be in use here: a keeper drains what an earlier process has left.
        Then it is the first free one beside it, `NAME~2.journal` and so on.
        """
        path = self.folder / Path(self.path).name
        if not self.state_dir:
            adopt = [Path(orphan) for orphan in self.adopt if Path(orphan).exists()]
            return Journal(path, self.owner, self.limits, adopt, self.wait_s)
        try:
            check_own("state_dir", self._node_dir)
        except ConfigError as error:
            raise JournalFailed(f"journal {path}: {error}") from error
        for number in count(2):
            try:
                return Journal(path, self.owner, self.limits, (), self.wait_s)
            except JournalBusy:
                path = self.folder / f"{Path(self.path).stem}~{number}{SUFFIX}"
        raise AssertionError


@dataclass(frozen=True, slots=True)
class Ready:
    """A poller that is up: where it runs, and what its journal holds."""

    process: ProcessInfo
    notes: tuple[str, ...]  # about the journal, for a person
    recipes: Mapping[str, str]  # how to decode every layout in the journal
    waiting: int  # items in the journal
    node: str = ""  # of a cluster


@dataclass(frozen=True, slots=True)
class Pulled:
    """The result of a pull: batches and events with the journal's numbers, to be acknowledged once committed.

    `numbers` are those of `batches`, one each, `event_numbers` those of `events`; `watermark_us` is in microseconds
    since 1970 UTC, `recipes` by layout.
    """

    numbers: tuple[int, ...]
    batches: tuple[Packed, ...]
    fresh: int  # the first so many batches are fresh, the others are backlog
    event_numbers: tuple[int, ...]
    events: tuple[Event, ...]
    waiting: int  # samples and events not acknowledged, these included
    values_dropped: int  # samples that lost their values to the journal's bounds, since the start
    trouble: str | None  # why the journal's disk does not take what is written, now
    busy: bool  # a poll is at work or a tick still to come
    watermark_us: int  # every tick before is committed, polls at work aside
    growth: CountGrowth | None = None  # of the counts, every few seconds
    notes: tuple[str, ...] = ()  # for a person
    recipes: Mapping[str, str] = field(default_factory=dict)  # how to decode layouts that `ready` has not given
    journal_bytes: int = 0  # of the journal's groups
    passed_over: frozenset[str] = frozenset()  # layouts that are set aside and of which the journal has something
    only_set_aside: bool = False  # all that waits is of such layouts
    idle: bool = False  # no poll is at work, and all that was read was given: nothing comes before the next tick
    pid: int = field(default_factory=os.getpid)  # of the process that was pulled from


class Poller:
    """Polls some devices, on the grid, until it is stopped. Its journal is opened by the first call that needs it.

    So `ready`, `poll` or `pull`, whichever is first, may raise JournalBusy or JournalFailed. One call at a time.
    """

    def __init__(self, journal: JournalSettings, log: LogFile | None = None) -> None:
        self._log = log
        self._journal_settings = journal
        self._journal: Journal | None = None
        self._loop: ModbusLoop | None = None
        self._counts = PollerCounts()
        self._growth_us = 0  # when counts were handed over last, on the wall clock

    def ready(self) -> Ready:
        """Begin the log and open the journal; a note is given once only.

        Raises JournalBusy if another process has the journal, JournalFailed if the disk refuses. Called
        again, when the journal is open: the caller has lost what was pulled, and will be given it again.
        """
        log_to(self._log)
        was_open = self._journal is not None
        journal = self._open()
        if was_open:
            journal.offer_again()
        notes, journal.notes = journal.notes, ()  # each is reported once
        return Ready(begin_process(), notes, journal.recipes, len(journal))

    def poll(
        self, devices: Sequence[DeviceSettings], first_us: int, end_us: int | None, connect_ahead: bool = False
    ) -> Mapping[Device, int]:
        """Poll these, every tick in [first_us, end_us), microseconds since 1970 UTC, instead of what was polled.

        Waits for no device; `end_us` None: without end. A device that is polled already and stays as it is keeps its
        connection and misses nothing. `connect_ahead`: no other poller may have a connection to these devices, so
        connect before the first tick. Gives, for every device that is new, changed or gone, the moment from which the
        change holds: `first_us`, or behind the last tick that was taken, if that was later.
        """
        journal = self._open()
        journal.learn({device.plan.layout: device.recipe for device in devices})
        changed_us = self._loop.poll(devices, first_us, end_us) if self._loop else None
        if changed_us is None:
            self._loop = ModbusLoop(journal.put, self._counts)
            changed_us = self._loop.poll(devices, first_us, end_us, connect_ahead)
        return changed_us or {}

    def stop(self, end_us: int) -> None:
        """Take no tick at or after `end_us` (microseconds since 1970 UTC); polls at work are finished, to be pulled.

        Does not wait: `Pulled.busy` is false once all have ended.
        """
        if self._loop:
            self._loop.stop(end_us)

    def pull(
        self,
        committed: Sequence[int],
        fresh: int,
        backlog: int,
        wait_s: float = 0.0,
        set_aside: Set[str] = frozenset(),
        journal_bytes: int | None = None,
    ) -> Pulled:
        """Acknowledge what the database has committed; take about `fresh` fresh samples and `backlog` older ones.

        `committed`: numbers of batches and events of earlier pulls. What was pulled and is not committed is not given
        again before `ready`. Groups of samples are not split, so it may be more; empty if nothing waits. `wait_s`: how
        many seconds to wait at most for the polls at work, so that their samples come at once and together.
        `set_aside`: layouts whose samples with values, or events, are not given: see `core.storing.taking.Taken.add`.
        `journal_bytes`: what its journal may have from now on; None: as before.
        """
        journal = self._open()
        if journal_bytes is not None:
            journal.bound(journal_bytes)
        journal.acknowledge(committed)
        if self._loop is not None and self._loop.busy:
            journal.wait(wait_s, lambda: not self._counts.polls_running)
        busy = self._loop is not None and self._loop.busy  # before taking: what ends in between is pulled next time
        if self._loop is not None and not busy:
            self._loop.settle()  # or the last sample might come behind the pull that says that nothing is left
        oldest_us = journal.oldest_us()
        idle = not self._counts.polls_running  # then everything that was read is in the journal
        taken = journal.take(fresh, backlog, set_aside)
        return Pulled(
            numbers=tuple(taken.numbers),
            batches=tuple(taken.batches),
            fresh=taken.fresh,
            event_numbers=tuple(taken.event_numbers),
            events=tuple(taken.events),
            waiting=len(journal),
            values_dropped=journal.values_dropped,
            trouble=journal.trouble,
            busy=busy,
            watermark_us=now_us() if oldest_us is None else oldest_us,
            growth=self._growth(),
            journal_bytes=journal.bytes,
            passed_over=frozenset(taken.layouts_passed_over),
            only_set_aside=journal.only_passed_over,
            idle=idle and journal.all_taken,
        )

    def close(self) -> None:
        """Write what is pending and close the journal; an empty one is deleted. The polls must have ended before."""
        if self._journal is not None:  # an empty one is false
            self._journal.close()
            self._journal = None

    def _growth(self) -> CountGrowth | None:
        moment_us = now_us()
        if abs(moment_us - self._growth_us) < GROWTH_EVERY_US:
            return None
        self._growth_us = moment_us
        return self._counts.growth()

    def _open(self) -> Journal:
        if self._journal is None:
            self._journal = self._journal_settings.open()
        return self._journal
