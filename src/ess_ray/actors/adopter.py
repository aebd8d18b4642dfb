"""The adopter: brings the samples of a journal into another database than the one that it was written for.

A plain class for `job=journals`: journal, normaliser and writer chained by plain calls. What is committed leaves the
journal, so that an adoption that was stopped goes on where it was; the key of `sample` keeps each tick single, also if
the database has some of them already. `adopt` is a generator and yields an `AdoptionProgress` after each step.

Errors: JournalBusy, JournalFailed; DatabaseUnavailable ends it, what the database refuses stays in the journal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

from ess_ray.actors.normaliser import Normaliser
from ess_ray.adapters.journal.bounds import Limits
from ess_ray.adapters.journal.journal import Journal
from ess_ray.adapters.journal.listing import ListedJournal
from ess_ray.adapters.journal.memory import now_us
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.core.batch import Packed
from ess_ray.core.errors import DatabaseRefused, MapError
from ess_ray.core.storing.flush import Flush
from ess_ray.core.storing.taking import Taken

PULL_SAMPLES = 2_000  # of one step
UNBOUNDED = 1 << 62


@dataclass(slots=True)
class AdoptionProgress:
    """Samples and events of one journal so far."""

    samples: int = 0  # stored, those that the database had included
    duplicates: int = 0  # of these, those that it had
    events: int = 0
    refused: int = 0  # samples and events that stay in the journal
    problems: set[str] = field(default_factory=set)  # why, for a person


class Adopter:
    """Brings journals into one database."""

    def __init__(self, normaliser: Normaliser, writer: FlushWriter, late_us: int) -> None:
        self._normaliser, self._writer, self._late_us = normaliser, writer, late_us

    def adopt(self, listed: ListedJournal) -> Iterator[AdoptionProgress]:
        """Store what the journal holds; an empty journal is deleted. `listed` is adoptable."""
        assert listed.owner is not None
        progress = AdoptionProgress()
        limits = Limits(UNBOUNDED, UNBOUNDED, "full")
        with closing(Journal(listed.path, listed.owner, limits, wait_s=0.0)) as journal:
            waiting = len(journal)
            while (taken := journal.take(0, PULL_SAMPLES)).numbers or taken.event_numbers:
                self._store_samples(journal, taken, progress)
                self._store_events(journal, taken, progress)
                yield progress
            if unread := waiting - progress.samples - progress.events - progress.refused:
                progress.refused += unread
                progress.problems.add(f"{unread} of these cannot be read: the log has the reason")
        yield progress

    def _store_samples(self, journal: Journal, taken: Taken, progress: AdoptionProgress) -> None:
        layouts: dict[str, list[tuple[int, Packed]]] = {}
        for number, batch in zip(taken.numbers, taken.batches, strict=True):
            layouts.setdefault(batch.layout, []).append((number, batch))
        for layout, numbered in layouts.items():
            batches = [batch.data for _, batch in numbered]
            try:
                recipe = journal.recipes.get(layout, "")
                flush = self._normaliser.normalise(layout, recipe, batches, now_us(), self._late_us)
                duplicates = self._write(flush)
            except (DatabaseRefused, MapError, ValueError) as error:
                progress.refused += sum(batch.samples for _, batch in numbered)
                progress.problems.add(str(error))
                continue
            journal.acknowledge(number for number, _ in numbered)
            progress.samples += sum(batch.samples for _, batch in numbered)
            progress.duplicates += duplicates

    def _write(self, flush: Flush) -> int:
        """Commit all of a flush, how long it may take to find refused rows; gives the number of duplicates."""
        duplicates = 0
        while True:
            committed = self._writer.write(flush)
            duplicates += len(committed.duplicates)
            if not committed.left:
                return duplicates

    def _store_events(self, journal: Journal, taken: Taken, progress: AdoptionProgress) -> None:
        try:
            self._writer.write_events(taken.events)
        except DatabaseRefused as error:
            progress.refused += len(taken.events)
            progress.problems.add(str(error))
            return
        journal.acknowledge(taken.event_numbers)
        progress.events += len(taken.events)
