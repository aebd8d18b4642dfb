"""From the conductor through a normaliser to the writer, and what became of it. Used by `cluster.collect`.

A shipment that fails goes back to the conductor and is tried again after a pause. While writes fail, one batch at a
time asks whether the database is back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from ess_ray.cluster.collection_log import CollectionLog, first_line
from ess_ray.cluster.liveness import WriteInFlight, end_dead
from ess_ray.cluster.pollers import wall_us
from ess_ray.cluster.supervised_actor import SupervisedActor
from ess_ray.core.batch import unpack
from ess_ray.core.errors import EssRayError
from ess_ray.core.running.account import Account
from ess_ray.core.running.logfields import about
from ess_ray.core.running.work import Work
from ess_ray.core.settings import Settings
from ess_ray.core.storing.conduct import MOST_PER_SHIPMENT, Conductor
from ess_ray.core.storing.flush import Committed

log = logging.getLogger(__name__)

RETRY_S, LONGEST_RETRY_S = 1.0, 4.0
PROBE = 1  # sample, or one batch: enough to see whether the database is back
GROWTH = 8  # times as much with each success: where rows are refused one by one, only little gets done in time


class Shipping:
    """All shipments of a run."""

    def __init__(
        self,
        settings: Settings,
        conductor: Conductor,
        normalisers: Sequence[SupervisedActor],
        writer: SupervisedActor,
        account: Account,
        collection_log: CollectionLog,
    ) -> None:
        self._conductor, self._account, self._collection_log = conductor, account, collection_log
        self._normalisers, self._writer = normalisers, writer
        self._late_us = settings.storage.late_us
        self.recipes = {device.plan.layout: device.recipe for device in settings.devices}
        self.writes: dict[Any, WriteInFlight] = {}  # on their way
        self._shipped = 0
        self._retry_at_s, self._retry_s, self._most = 0.0, RETRY_S, MOST_PER_SHIPMENT
        self._others: set[str] = set()  # collectors that poll the same devices
        self._notes: list[str] = []
        self.work = Work()  # for the metrics
        self.may_write = True  # the database is prepared
        self.problem: str | None = None  # what a person should know now

    def take_notes(self) -> list[str]:
        """What a person should know once, and was not told yet."""
        notes, self._notes = self._notes, []
        return notes

    def ship(self) -> None:
        """Send what waits through a normaliser to the writer; the bytes go from one to the other, not through here."""
        while self._may_ship and (shipment := self._conductor.next_shipment(self._most)):
            flush, normaliser = None, None
            if shipment.events:
                ref = self._writer.handle.write_events.remote(shipment.events)
            else:
                self._shipped += 1
                normaliser = self._normalisers[self._shipped % len(self._normalisers)]
                data = [batch.data for batch in shipment.batches]
                recipe, late_us = self.recipes.get(shipment.layout, ""), self._late_us
                flush = normaliser.handle.normalise.remote(shipment.layout, recipe, data, wall_us(), late_us)
                ref = self._writer.handle.write.remote(flush)
            self.writes[ref] = WriteInFlight(shipment, flush, normaliser, time.monotonic())

    @property
    def _may_ship(self) -> bool:
        """While writes fail, one shipment at a time asks whether the database is back."""
        probing = self._retry_s > RETRY_S and self.writes
        return self.may_write and self._writer.up and not probing and time.monotonic() >= self._retry_at_s

    def written(self, ref: Any) -> None:
        """What became of a shipment."""
        write = self.writes.pop(ref)
        shipment = write.shipment
        try:
            committed: Committed | None = ray.get(ref)
        except (RayError, EssRayError) as error:
            self._failed(write, error)
            return
        self.problem, self._retry_s, self._most = None, RETRY_S, min(GROWTH * self._most, MOST_PER_SHIPMENT)
        self._collection_log.written()
        self._conductor.committed(shipment)
        self._account.events(shipment.events)
        if committed:
            self.work.committed(len(shipment.batches), committed)
            for other in set(committed.other_collectors) - self._others:
                self._others.add(other)
                text = f"another collector, {other}, polls the same devices: each tick is stored once"
                log.warning(text, extra=about("note"))
                self._notes.append(text)
            batches = [unpack(batch.data) for batch in shipment.batches]
            self._account.committed(batches, committed)
            self._collection_log.committed(batches, committed)

    def _failed(self, write: WriteInFlight, error: RayError | EssRayError) -> None:
        cause = error.cause if isinstance(error, RayTaskError) else error
        if isinstance(cause, RayError):  # an actor died, not the database
            end_dead(write, self._writer, cause)
        else:
            self.problem = first_line(cause)
            self._collection_log.write_failed(len(write.shipment), cause)
        self._conductor.failed(write.shipment)
        self.work.failed()
        self._retry_at_s = time.monotonic() + self._retry_s
        self._retry_s, self._most = min(2 * self._retry_s, LONGEST_RETRY_S), PROBE
