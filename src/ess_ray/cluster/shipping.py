"""From the conductor through a normaliser to the writer, and back: committed or failed. Used by `cluster.collect`.

A shipment is some batches of one layout (or events) on their way to the database; small ones share a transaction. One
that fails goes back to the conductor and is sent again after a pause. While writes fail, a single small shipment at a
time probes whether the database is back. One that is refused for good costs its layout only: see
`core.storing.set_aside`. Runs in the driver's main thread.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence

from ess_ray.cluster.actor_system import ActorError, ActorLostError, ActorSystem, Call, CallError
from ess_ray.cluster.collection_log import CollectionLog
from ess_ray.cluster.liveness import WriteInFlight, note_death
from ess_ray.cluster.pollers import wall_us
from ess_ray.cluster.supervised_actor import SupervisedActor
from ess_ray.core.batch import unpack
from ess_ray.core.errors import Transient, first_line
from ess_ray.core.running.account import Account
from ess_ray.core.running.awake import AwakeClock
from ess_ray.core.running.logfields import about
from ess_ray.core.running.work import Work
from ess_ray.core.settings import Settings
from ess_ray.core.storing.conduct import MOST_PER_SHIPMENT, PART, Conductor
from ess_ray.core.storing.flush import Committed
from ess_ray.core.storing.shipment import Shipment

log = logging.getLogger(__name__)

RETRY_S, LONGEST_RETRY_S = 1.0, 4.0  # the pause after a write that failed, doubled with each further one
PROBE_SAMPLES = 1  # a shipment of one batch is enough to see whether the database is back
MOST_NAMED = 3  # devices of a layout that is refused
# What may be over later by itself; every other error of normaliser or writer is a refusal for good.
TRANSIENT = (Transient, MemoryError, OSError)
GROWTH = 8  # times as much with each success: where rows are refused one by one, only little gets done in time


class Shipping:
    """All shipments of a run.

        storing ── a write fails ──▶ probing    one shipment of a batch at a time, after a pause that grows
        probing ── a write succeeds ──▶ storing    with shipments that grow again

    Probing means `_retry_s` > RETRY_S; then at most one call is in `writes`. A shipment is either in `writes` or with
    the conductor.
    """

    def __init__(
        self,
        system: ActorSystem,
        settings: Settings,
        conductor: Conductor,
        normalisers: Sequence[SupervisedActor],
        writer: SupervisedActor,
        account: Account,
        collection_log: CollectionLog,
        clock: AwakeClock,
    ) -> None:
        self._system, self._clock = system, clock
        self._conductor, self._account, self._collection_log = conductor, account, collection_log
        self._normalisers, self._writer = normalisers, writer
        self._late_us = settings.storage.late_us
        self._recipes = {device.plan.layout: device.recipe for device in settings.devices}  # by layout
        self.writes: dict[Call, WriteInFlight] = {}
        self._sent = 0  # shipments of samples: the normalisers take turns
        self._retry_at_s = 0.0  # of the monotonic clock
        self._retry_s = RETRY_S
        self._most_samples = MOST_PER_SHIPMENT
        # Layouts that travel with others: what was sent last of them was stored, and they have their decoders.
        self._proven: set[str] = set()
        self._other_collectors: set[str] = set()  # that poll the same devices; each is reported once
        self._notes: list[str] = []
        self.work = Work()  # for the metrics
        self.may_write = True  # False until the database is prepared; set by the job
        self.problem: str | None = None  # why the database does not store samples now, for a person
        self._set_aside: dict[str, str] = {}  # by layout that is set aside: what it is and why, for a person

    @property
    def set_aside(self) -> Sequence[str]:
        """A sentence for a person about each layout that is set aside."""
        return list(self._set_aside.values())

    def take_notes(self) -> list[str]:
        """Sentences for a person, each given once."""
        notes, self._notes = self._notes, []
        return notes

    def learn(self, recipes: Mapping[str, str]) -> None:
        """Remember how samples of these layouts are decoded: by layout, its recipe, JSON (`core.maps.recipe`)."""
        self._recipes.update(recipes)

    def begin(self) -> None:
        """Send all that may go, without waiting; the calls are in `writes`, to be given to `finish`.

        The bytes go from a normaliser to the writer, not through here. Small shipments travel together.
        """
        together: list[Shipment] = []
        while self._may_send(together) and (
            shipment := self._conductor.next_shipment(self._most_samples, time.monotonic())
        ):
            alone = bool(shipment.events) or shipment.layout not in self._proven
            if together and (alone or sum(map(len, together)) + len(shipment) > PART):
                self._send(together)
                together = []
            together.append(shipment)
            if alone:
                self._send(together)
                together = []
        if together:
            self._send(together)

    def _may_send(self, together: Sequence[Shipment]) -> bool:
        """True if another shipment may be sent, beside those that are sent `together` now."""
        probes = self._retry_s > RETRY_S and (self.writes or together)
        return self.may_write and self._writer.up and not probes and time.monotonic() >= self._retry_at_s

    def _send(self, shipments: Sequence[Shipment]) -> None:
        flushes, normaliser = None, None
        if shipments[0].events:
            call = self._writer.call("write_events", shipments[0].events)
        else:
            flushes, normaliser = self._normalise(shipments)
            call = self._writer.call("write_together", flushes)
        self.writes[call] = WriteInFlight(tuple(shipments), flushes, normaliser, self._clock.now_s)

    def _normalise(self, shipments: Sequence[Shipment]) -> tuple[Call, SupervisedActor]:
        """The call that gives the bytes to write, and the normaliser that makes them."""
        self._sent += 1
        normaliser = self._normalisers[self._sent % len(self._normalisers)]
        samples = [
            (each.layout, self._recipes.get(each.layout, ""), [batch.data for batch in each.batches])
            for each in shipments
        ]
        return normaliser.call("normalise_together", samples, wall_us(), self._late_us), normaliser

    def finish(self, call: Call) -> None:
        """Take the result of a write that has returned; `call` is one of `writes`.

        A write that failed raises nothing: its shipments go back to the conductor. `problem` says why, unless an actor
        died.
        """
        write = self.writes.pop(call)
        try:
            results: Sequence[Committed | None] = self._system.result(call) or [None]  # None: of events
        except CallError as error:
            self._failed(write, error)
            return
        self.problem, self._retry_s = None, RETRY_S
        self._most_samples = min(GROWTH * self._most_samples, MOST_PER_SHIPMENT)
        self._collection_log.written()
        for shipment, committed in zip(write.shipments, results, strict=True):
            self._written(shipment, committed)

    def _written(self, shipment: Shipment, committed: Committed | None) -> None:
        if committed and committed.left:  # many rows are refused: what is stored of it is a duplicate the next time
            self._conductor.failed(shipment)
            self._count(shipment, committed)
            return
        self._conductor.committed(shipment)
        self._proven.add(shipment.layout)
        if shipment.layout not in self._conductor.set_aside:
            self._set_aside.pop(shipment.layout, None)
            self._collection_log.accepted(shipment.layout)
        self._account.events(shipment.events)
        if committed:
            self._count(shipment, committed)

    def _count(self, shipment: Shipment, committed: Committed) -> None:
        self.work.committed(0 if committed.left else len(shipment.batches), committed)
        for other in set(committed.other_collectors) - self._other_collectors:
            self._other_collectors.add(other)
            text = f"another collector, {other}, polls the same devices: each tick is stored once"
            log.warning(text, extra=about("note"))
            self._notes.append(text)
        batches = [unpack(batch.data) for batch in shipment.batches]
        self._account.committed(batches, committed)
        self._collection_log.committed(batches, committed)

    def _failed(self, write: WriteInFlight, error: CallError) -> None:
        if isinstance(error, ActorError):
            if not isinstance(error.cause, TRANSIENT):
                self._refused(write.shipments, error.cause)
                return
            self.problem = first_line(error.cause)
            self._collection_log.write_failed(sum(map(len, write.shipments)), error.cause)
        elif isinstance(error, ActorLostError):  # not the database
            note_death(self._system, write, self._writer, error)
        for shipment in write.shipments:
            self._conductor.failed(shipment)
        self.work.failed()
        self._retry_at_s = time.monotonic() + self._retry_s
        self._retry_s, self._most_samples = min(2 * self._retry_s, LONGEST_RETRY_S), PROBE_SAMPLES

    def _refused(self, shipments: Sequence[Shipment], cause: Exception) -> None:
        """Neither time nor another try helps: the layout waits for a person, all others go on without a pause.

        Of several it may be any: they are sent again, one by one.
        """
        self.work.failed()
        self._proven -= {shipment.layout for shipment in shipments}
        if len(shipments) > 1:
            for each in shipments:
                self._conductor.failed(each)
            return
        shipment = shipments[0]
        begins = self._conductor.refused(shipment, time.monotonic())
        subject = self._subject(shipment)
        if begins:
            self._set_aside[shipment.layout] = f"{subject} are refused and wait in their journals: {first_line(cause)}"
        if begins or len(shipment.origins) == 1:
            set_aside = shipment.layout in self._conductor.set_aside
            self._collection_log.refused(shipment.layout, subject, len(shipment), set_aside, cause)

    def _subject(self, shipment: Shipment) -> str:
        """The content of a shipment, for a person."""
        if shipment.events:
            return "events"
        devices = sorted({name for batch in shipment.batches for name in unpack(batch.data).devices})
        named = ", ".join(devices[:MOST_NAMED]) + (" and others" if len(devices) > MOST_NAMED else "")
        recipe = self._recipes.get(shipment.layout)
        return f"samples of {named}" + (f" with map {json.loads(recipe)['map']}" if recipe else "")
