"""Log lines about samples, events, pollers and writes: a trouble begins, lasts, is over.

Used by `cluster.pulling` and `cluster.shipping` for everything that returns, in the driver's main thread. The lines are
notices (`adapters.local.notices`), which fold what repeats itself.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ess_ray.actors.poller import Pulled
from ess_ray.adapters.local.notices import Troubles
from ess_ray.core.batch import STATUSES, Batch, device_of
from ess_ray.core.errors import Terminal, first_line
from ess_ray.core.reasons import Reason
from ess_ray.core.running.logfields import about
from ess_ray.core.running.work import growth
from ess_ray.core.samples import Event, EventKind, Status
from ess_ray.core.storing.flush import Committed, Key

# Troubles of a device by the event that ends each.
BEGUN_BY = {
    EventKind.DEVICE_BACK: EventKind.DEVICE_LOST,
    EventKind.DEVICE_MOVES: EventKind.DEVICE_FROZEN,
    EventKind.DEVICE_AS_EXPECTED: EventKind.DEVICE_CHANGED,
}
MOST_NAMED = 20  # samples of one batch that get a notice each; of more incomplete ones only their number is given


class CollectionLog:
    """The notices of one run. A sample is incomplete if its status is not `stored`: partial or failed."""

    def __init__(self) -> None:
        self._troubles = Troubles(__name__)
        self._incomplete_us: dict[str, int] = {}  # by device with a trouble that is not over: its last incomplete tick
        self._values_dropped: dict[str, int] = {}  # by poller, as of its last pull
        self._many_incomplete: set[str] = set()  # sites of which the number alone was given

    def report_ended(self) -> None:
        """Report troubles that have stayed away; to be called every round."""
        self._troubles.report_ended()

    # --- pollers ------------------------------------------------------------------------------------------------------

    def pull_failed(self, poller: str, error: BaseException) -> None:
        """Report that a pull of the poller with this name has raised an error of its own."""
        fields = about("pull failed", error=error)
        self._troubles.met(("pull", poller), f"{poller}: {first_line(error)}", fields, logging.ERROR)

    def pulled(self, poller: str, pulled: Pulled) -> None:
        """Report the events of a pull that has succeeded, and what the journal lost since the pull before.

        `poller`: its name.
        """
        self._troubles.over(("pull", poller), f"{poller} answers again", about("pull back"))
        for event in pulled.events:
            self._event(event)
        values_dropped = growth(self._values_dropped.get(poller, 0), pulled.values_dropped)
        self._values_dropped[poller] = pulled.values_dropped
        if values_dropped:
            text = (
                f"{poller}: the database was away too long: {values_dropped} samples are kept without values "
                f"(reason {Reason.JOURNAL_FULL}); raise journal.max_mb or journal.max_age_h"
            )
            fields = about("journal full", reason=Reason.JOURNAL_FULL, count=values_dropped)
            self._troubles.met(("journal", poller), text, fields, logging.ERROR)
        else:
            self._troubles.over(("journal", poller), f"{poller}: its journal has room again", about("journal back"))

    def _event(self, event: Event) -> None:
        fields = about(event.kind, device=event.device, tick_us=event.time_us)
        level = logging.WARNING if event.kind.bad_news else logging.INFO
        text = f"{event.device}: {event.kind} {event.detail}".rstrip()
        if event.kind in BEGUN_BY:
            self._troubles.over((event.device, BEGUN_BY[event.kind]), text, fields)
        elif event.kind in BEGUN_BY.values():
            self._troubles.met((event.device, event.kind), text, fields, level)
        else:
            self._troubles.happened((event.device, event.kind, event.detail), text, fields, level)

    # --- samples ------------------------------------------------------------------------------------------------------

    def committed(self, batches: Iterable[Batch], committed: Committed) -> None:
        """Report what one transaction stored incompletely: rows that the database refused, samples by their reason."""
        for table, rows in committed.rejected.items():
            text = f"the database refuses rows of {table}: they are in the table `rejected`, each with its reason"
            fields = about("rows rejected", table=table, reason=Reason.REJECTED, count=rows)
            self._troubles.met(("rejected", table), text, fields, logging.ERROR)
        for (device, tick_us), status in committed.demoted.items():
            self._incomplete(str(device), tick_us, status, Reason.REJECTED)
        for batch in batches if not committed.left else ():
            self._batch(batch, committed.demoted)

    def _batch(self, batch: Batch, demoted: Mapping[Key, Status]) -> None:
        ticks_us, codes = batch.headers["tick_us"], batch.headers["status"]
        incomplete = [index for index in batch.notes if STATUSES[codes[index]] is not Status.STORED]
        if len(incomplete) > MOST_NAMED:
            self._many(batch, incomplete)
            return
        for index in incomplete:
            reason = batch.notes[index].reason or ""
            self._incomplete(batch.devices[index], int(ticks_us[index]), STATUSES[codes[index]], reason)
        if self._many_incomplete:
            self._no_longer_many(batch)
        if not self._incomplete_us:
            return
        for index, name in enumerate(batch.devices):
            if name in self._incomplete_us and STATUSES[codes[index]] is Status.STORED:
                tick_us = int(ticks_us[index])
                if tick_us > self._incomplete_us[name] and (device_of(name), tick_us) not in demoted:
                    del self._incomplete_us[name]
                    fields = about("samples complete", device=device_of(name), tick_us=tick_us, status=Status.STORED)
                    self._troubles.over((name, "samples"), f"{name}: samples are stored completely again", fields)

    def _many(self, batch: Batch, incomplete: Sequence[int]) -> None:
        """So many at once have one cause: a notice each would flood the log and cost more than the samples."""
        ((reason, _),) = Counter(batch.notes[index].reason or "" for index in incomplete).most_common(1)
        for site in {batch.devices[index].partition("/")[0] for index in incomplete}:
            self._many_incomplete.add(site)
            fields = about("samples failed", site=site, reason=reason, count=len(incomplete))
            text = (
                f"{site}: {len(incomplete)} of {len(batch)} samples of one batch are incomplete, most of them: {reason}"
            )
            self._troubles.met((site, "many"), text, fields)

    def _no_longer_many(self, batch: Batch) -> None:
        for site in {name.partition("/")[0] for name in batch.devices} & self._many_incomplete:
            self._many_incomplete.remove(site)
            fields = about("samples complete", site=site)
            self._troubles.over(
                (site, "many"), f"{site}: at most {MOST_NAMED} samples of a batch are incomplete", fields
            )

    def _incomplete(self, name: str, tick_us: int, status: Status, reason: str) -> None:
        self._incomplete_us[name] = max(tick_us, self._incomplete_us.get(name, 0))
        fields = about("sample " + status, device=device_of(name), tick_us=tick_us, status=status, reason=reason)
        self._troubles.met((name, "samples"), f"{name}: sample {status}: {reason}", fields)

    # --- writes -------------------------------------------------------------------------------------------------------

    def write_failed(self, count: int, error: BaseException) -> None:
        """Report that the database did not take a shipment of so many samples, or events."""
        text = f"{count} samples or events are not stored yet and are tried again: {first_line(error)}"
        level = logging.ERROR if isinstance(error, Terminal) else logging.WARNING
        self._troubles.met("write", text, about("write failed", count=count, error=error), level)

    def refused(self, layout: str, subject: str, count: int, set_aside: bool, error: BaseException) -> None:
        """Report that a batch is refused for good; `set_aside`: all of its layout waits. `subject`: what is in it."""
        if set_aside:
            text = (
                f"{subject} are refused and wait in their journals; once a minute it is tried whether they are accepted"
            )
        else:
            text = f"{count} {subject} are refused and wait in their journal, those after them are stored"
        fields = about("samples refused", count=count, error=error)
        self._troubles.met(("refused", layout), f"{text}: {first_line(error)}", fields, logging.ERROR)

    def accepted(self, layout: str) -> None:
        """Report that samples of the layout are stored."""
        text = "samples that were refused are accepted now: what waits of them in the journals is stored"
        self._troubles.over(("refused", layout), text, about("samples accepted"))

    def written(self) -> None:
        """Report that the database takes shipments."""
        self._troubles.over("write", "samples are stored again", about("write back"))
