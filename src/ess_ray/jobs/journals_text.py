"""The lines of `job=journals`: what waits in the journals, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from ess_ray.actors.adopter import AdoptionProgress
from ess_ray.adapters.journal.listing import ListedJournal
from ess_ray.core.exporting.extent import clock

SIMULATED = "simulated"  # the source of samples that go into no server


def listing_lines(journals: Sequence[ListedJournal], present: str, names: Mapping[str, str]) -> Iterator[str]:
    """A line for the journals of each source and database, with one below for each journal.

    `present`: the identity of the database of the settings, "" if it is not known. `names`: of databases that were used
    from this state folder, by identity.
    """
    if not journals:
        yield "no journals: everything that was polled is in its database"
    by_owner = sorted(journals, key=lambda each: (each.owner is None, str(each.owner), str(each.path)))
    for owner, group in groupby(by_owner, key=lambda each: each.owner):
        of_owner = list(group)
        if owner is None:
            yield "files that are no readable journals:"
        else:
            name = f" ({names[owner.database]})" if owner.database in names else ""
            source = "SIMULATED devices" if owner.source == SIMULATED else "plants"
            yield f"samples of {source} for database {owner.database}{name}: {_extent(of_owner)}"
            yield f"  {_advice(owner.source, owner.database, present)}"
        for journal in of_owner:
            what = journal.problem or _extent([journal])
            yield f"  {journal.path.parent.name}/{journal.path.name}: {what}{', in use' if journal.in_use else ''}"


def _advice(source: str, database: str, present: str) -> str:
    if database == present:
        return "this is the database of these settings: the main job stores them, at the latest at its next start"
    start = "they are stored when the main job is started with that database"
    if source == SIMULATED:
        return f"{start}; simulated samples are brought into no server but with storage.allow_simulated=true"
    return f"{start}. If it is gone for good: job=journals journals.adopt={database} brings them into the present one"


def _extent(journals: Sequence[ListedJournal]) -> str:
    items, size = sum(each.items for each in journals), sum(each.bytes for each in journals)
    text = f"{items} samples and events, {size / 1e6:.1f} MB"
    firsts = [each.first_us for each in journals if each.first_us is not None]
    lasts = [each.last_us for each in journals if each.last_us is not None]
    return f"{text}, ticks from {clock(min(firsts))} to {clock(max(lasts))}" if firsts else text


def adoption_lines(journal: ListedJournal, progress: AdoptionProgress) -> Iterator[str]:
    """A line for a journal that was adopted, and one for each reason why something of it stays."""
    name = f"{journal.path.parent.name}/{journal.path.name}"
    stored = f"{progress.samples} samples ({progress.duplicates} of them were there before), {progress.events} events"
    stays = f"; {progress.refused} samples and events stay in the journal" if progress.refused else ""
    yield f"{name}: {stored} are in the database{stays}"
    for problem in sorted(progress.problems):
        yield f"{name}: {problem}"
