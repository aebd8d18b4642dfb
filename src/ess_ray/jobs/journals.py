"""`job=journals`: what waits in the journals of this state folder, for which database; and the way into another one.

Without `journals.adopt` it only looks. `journals.adopt=IDENTITY` brings what was written for that database into the one
of the settings, exactly once; it may run beside the main job, and may be stopped and repeated. Ends with 1 if not all
of it is in the database afterwards. In a cluster each node has its own journals: run it on that node.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from contextlib import closing

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ess_ray.actors.adopter import Adopter, AdoptionProgress
from ess_ray.actors.normaliser import Normaliser
from ess_ray.adapters.journal.listing import ListedJournal, list_journals
from ess_ray.adapters.journal.owner import journal_folder
from ess_ray.adapters.local.configured_file import read_record
from ess_ray.adapters.local.logs import JOURNALS_JOB
from ess_ray.adapters.postgres.devices import collector_name, register_past
from ess_ray.adapters.postgres.schema import read_identity
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.app.exit_codes import FAILED, INTERRUPTED, OK
from ess_ray.app.output import print_line
from ess_ray.app.serving import prepare_tables, serving
from ess_ray.app.state_folder import state_folder
from ess_ray.core.errors import ConfigError, EssRayError, JournalBusy, JournalFailed
from ess_ray.core.running.logfields import about
from ess_ray.core.settings import Settings
from ess_ray.jobs.journals_text import SIMULATED, adoption_lines, listing_lines

log = logging.getLogger(__name__)

KEY = "journals.adopt"


def run(settings: Settings) -> int:
    """List the journals or adopt some; gives the exit code: OK, FAILED or INTERRUPTED.

    Raises ConfigError if there is nothing to adopt, or if it must not go into this database; CannotStart or another
    EssRayError if the database cannot be used.
    """
    journals = list_journals(settings.state_dir)
    if settings.adopt is None:
        _list(settings, journals)
        return OK
    try:
        return _adopt(settings, settings.adopt, _chosen(settings, settings.adopt, journals))
    except KeyboardInterrupt:
        print_line("ess_ray: stopped at once: what was committed stays, the same command does the rest", error=True)
        return INTERRUPTED


def _list(settings: Settings, journals: Sequence[ListedJournal]) -> None:
    present = ""
    try:
        with serving(settings) as dsn:
            present = read_identity(dsn)
        print_line(f"database of these settings: {present or 'it was never used by ess_ray'}")
    except EssRayError as error:
        print_line(f"database of these settings: {error}")
    for line in listing_lines(journals, present, _names(settings)):
        print_line(line)


def _names(settings: Settings) -> dict[str, str]:
    """The names of databases that the main job has used, by identity."""
    try:
        remembered = json.loads((settings.state_dir / "databases.json").read_text(encoding="utf-8"))
        return {each["identity"]: each["name"] for each in remembered.values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _chosen(settings: Settings, identity: str, journals: Sequence[ListedJournal]) -> list[ListedJournal]:
    """The journals that are to be adopted. Raises ConfigError if there are none, or none that may be."""
    of_identity = [each for each in journals if each.owner and each.owner.database == identity]
    if not of_identity:
        raise ConfigError(KEY, f"there are no journals for a database {identity}: job=journals lists those that wait")
    real_database = settings.storage.kind != "embedded" and not settings.storage.allow_simulated
    chosen = [each for each in of_identity if not (real_database and each.owner and each.owner.source == SIMULATED)]
    if not chosen:
        problem = (
            "the journals have simulated samples, which would go into a real database: to allow that, set it to true"
        )
        raise ConfigError("storage.allow_simulated", problem)
    if left_out := len(of_identity) - len(chosen):
        print_line(f"ess_ray: {left_out} journals of simulated samples stay: see storage.allow_simulated", error=True)
    return chosen


def _adopt(settings: Settings, identity: str, chosen: Sequence[ListedJournal]) -> int:
    with serving(settings, create=True) as dsn:
        if read_identity(dsn) == identity:
            raise ConfigError(KEY, "this is the database of these settings: the main job stores its journals itself")
        state_folder(settings, JOURNALS_JOB, "journals")
        prepared = prepare_tables(settings, dsn)
        print_line(f"into {prepared.server}, database {prepared.database} ({prepared.identity})")
        _register_past(settings, dsn, prepared.identity, chosen)
        collector = collector_name(settings.state_dir)
        writer = FlushWriter(dsn, settings.state_dir / "rejected", collector, identity=prepared.identity)
        with closing(writer):
            adopter = Adopter(Normaliser(settings.standard_tree), writer, settings.storage.late_us)
            adopted = [_adopt_journal(adopter, journal) for journal in chosen]
            return OK if all(adopted) else FAILED


def _register_past(settings: Settings, dsn: str, identity: str, chosen: Sequence[ListedJournal]) -> None:
    """Enter how the devices were configured while they were polled into these journals."""
    for owner in {each.owner for each in chosen if each.owner}:
        ticks_us = [
            tick_us for each in chosen if each.owner == owner for tick_us in (each.first_us, each.last_us) if tick_us
        ]
        try:
            record = read_record(journal_folder(settings.state_dir, owner))
        except (OSError, ValueError) as error:
            print_line(f"ess_ray: how the devices were configured cannot be read: {error}", error=True)
            continue
        if ticks_us:
            spans = record.spans(min(ticks_us), max(ticks_us) + 1)
            register_past(dsn, spans, max(ticks_us) + 1, collector_name(settings.state_dir), identity)
        if ticks_us and not spans:
            print_line("nobody has recorded how these devices were configured: job=report does not expect their ticks")


def _adopt_journal(adopter: Adopter, journal: ListedJournal) -> bool:
    """Adopt a journal, with a bar on a terminal and lines everywhere; True if nothing of it stays."""
    if not journal.adoptable:
        reason = journal.problem or "a collector has it open: stop that first"
        print_line(f"ess_ray: {journal.path}: {reason}", error=True)
        return False
    console, progress = Console(highlight=False), AdoptionProgress()
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} of {task.total}")
    try:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
            bar = bars.add_task(journal.path.name, total=journal.items)
            for progress in adopter.adopt(journal):
                bars.update(bar, completed=progress.samples + progress.events + progress.refused)
    except (JournalBusy, JournalFailed) as error:
        print_line(f"ess_ray: {error}", error=True)
        return False
    finally:
        for line in adoption_lines(journal, progress):
            print_line(line, error=bool(progress.refused))
            log.info(line, extra=about("adopted", count=progress.samples))
    return not progress.refused
