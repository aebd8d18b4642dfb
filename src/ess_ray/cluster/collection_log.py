"""What the log says of samples, events, pollers and writes: that a trouble begins, that it lasts, that it is over."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ess_ray.actors.poller import Pulled
from ess_ray.adapters.local.notices import Troubles
from ess_ray.core.batch import STATUSES, Batch, device_of
from ess_ray.core.errors import Terminal
from ess_ray.core.reasons import Reason
from ess_ray.core.running.logfields import about
from ess_ray.core.samples import Event, EventKind, Status
from ess_ray.core.storing.flush import Committed, Key

log = logging.getLogger(__name__)

MOST_NAMED = 20  # of the samples of one batch: more that are not whole are told together


class CollectionLog:
    """Of one run; called by `cluster.collect` for all that comes back."""

    def __init__(self) -> None:
        self._troubles = Troubles(__name__)
        self._failing: dict[str, int] = {}  # by device: its last tick that was not stored whole
        self._many_of: set[str] = set()  # sites of which many samples at once were not whole

    def settle(self) -> None:
        """To be called every round."""
        self._troubles.report_ended()

    # --- pollers ------------------------------------------------------------------------------------------------------

    def pull_failed(self, poller: str, error: BaseException) -> None:
        """A poller's own error."""
        fields = about("pull failed", error=error)
        self._troubles.met(("pull", poller), f"{poller}: {first_line(error)}", fields, logging.ERROR)

    def pulled(self, poller: str, pulled: Pulled, values_dropped: int) -> None:
        """A pull of a poller. `values_dropped`: samples that lost their values to its journal's bounds."""
        self._troubles.over(("pull", poller), f"{poller} answers again", about("pull back"))
        for event in pulled.events:
            self._event(event)
        if values_dropped:
            text = f"{poller}: its journal is full, {pulled.values_dropped} samples have lost their values"
            fields = about("journal full", reason=Reason.JOURNAL_FULL, count=pulled.values_dropped)
            self._troubles.met(("journal", poller), text, fields, logging.ERROR)
        else:
            self._troubles.over(("journal", poller), f"{poller}: its journal has room again", about("journal back"))

    def _event(self, event: Event) -> None:
        fields = about(event.kind, device=event.device, tick_us=event.time_us)
        level = logging.WARNING if event.kind.bad_news else logging.INFO
        text = f"{event.device}: {event.kind} {event.detail}".rstrip()
        if event.kind is EventKind.DEVICE_BACK:
            self._troubles.over((event.device, EventKind.DEVICE_LOST), text, fields)
        elif event.kind is EventKind.DEVICE_LOST:
            self._troubles.met((event.device, event.kind), text, fields, level)
        else:
            self._troubles.happened((event.device, event.kind, event.detail), text, fields, level)

    # --- samples ------------------------------------------------------------------------------------------------------

    def committed(self, batches: Iterable[Batch], answer: Committed) -> None:
        """What one transaction stored: samples that are not whole, rows that were refused."""
        for table, rows in answer.rejected.items():
            text = f"the database refuses rows of {table}: they are in the table rejected, with its reason"
            fields = about("rows rejected", table=table, reason=Reason.REJECTED, count=rows)
            self._troubles.met(("rejected", table), text, fields, logging.ERROR)
        for (device, tick_us), status in answer.demoted.items():
            self._not_whole(str(device), tick_us, status, Reason.REJECTED)
        for batch in batches:
            self._batch(batch, answer.demoted)

    def _batch(self, batch: Batch, demoted: Mapping[Key, Status]) -> None:
        ticks_us, codes = batch.headers["tick_us"], batch.headers["status"]
        bad = [place for place in batch.notes if STATUSES[codes[place]] is not Status.STORED]
        if len(bad) > MOST_NAMED:
            self._many(batch, bad)
            return
        for place in bad:
            note = batch.notes[place]
            self._not_whole(batch.devices[place], int(ticks_us[place]), STATUSES[codes[place]], note.reason or "")
        if self._many_of:
            self._few(batch)
        if not self._failing:
            return
        for place, name in enumerate(batch.devices):
            if name in self._failing and STATUSES[codes[place]] is Status.STORED:
                tick_us = int(ticks_us[place])
                if tick_us > self._failing[name] and (device_of(name), tick_us) not in demoted:
                    del self._failing[name]
                    fields = about("samples whole", device=device_of(name), tick_us=tick_us, status=Status.STORED)
                    self._troubles.over((name, "samples"), f"{name}: samples are whole again", fields)

    def _many(self, batch: Batch, bad: Sequence[int]) -> None:
        """So many at once have one cause: a line each would flood the log and cost more than the samples."""
        ((reason, _),) = Counter(batch.notes[place].reason or "" for place in bad).most_common(1)
        for site in {batch.devices[place].partition("/")[0] for place in bad}:
            self._many_of.add(site)
            fields = about("samples failed", site=site, reason=reason, count=len(bad))
            text = f"{site}: {len(bad)} of {len(batch)} samples at once are not whole, most of them: {reason}"
            self._troubles.met((site, "many"), text, fields)

    def _few(self, batch: Batch) -> None:
        for site in {name.partition("/")[0] for name in batch.devices} & self._many_of:
            self._many_of.remove(site)
            self._troubles.over((site, "many"), f"{site}: no longer many at once", about("samples whole", site=site))

    def _not_whole(self, name: str, tick_us: int, status: Status, reason: str) -> None:
        self._failing[name] = max(tick_us, self._failing.get(name, 0))
        fields = about("sample " + status, device=device_of(name), tick_us=tick_us, status=status, reason=reason)
        self._troubles.met((name, "samples"), f"{name}: sample {status}: {reason}", fields)

    # --- writes -------------------------------------------------------------------------------------------------------

    def write_failed(self, count: int, error: BaseException) -> None:
        """The database did not take them."""
        text = f"{count} samples are not stored yet and are tried again: {first_line(error)}"
        level = logging.ERROR if isinstance(error, Terminal) else logging.WARNING
        self._troubles.met("write", text, about("write failed", count=count, error=error), level)

    def written(self) -> None:
        """It did."""
        self._troubles.over("write", "samples are stored again", about("write back"))


def first_line(error: BaseException) -> str:
    """Of what it says, or its name."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
