"""A journal that an earlier release left behind is read as it was written: its file format is an interface.

tests/data/journals/format-2.journal was written by the code as of November 2026, a group a second from 1,790,000,000 s
since 1970 on: one that has lost its values to the bound on age, events, failed and partial samples, two layouts. The
group of the fourth second was acknowledged. Never make it anew: a new format has a file of its own beside it.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from ess_ray.adapters.journal.bounds import Limits
from ess_ray.adapters.journal.journal import Journal
from ess_ray.adapters.journal.owner import JournalOwner
from ess_ray.core.samples import Device, Event, EventKind, Sample, Status
from tests.batches import samples_of

LEFT_BEHIND = Path(__file__).parents[1] / "data" / "journals" / "format-2.journal"
S = 1_000_000
T = 1_790_000_000 * S
GATEWAY, INVERTER = Device("site", "gateway"), Device("site", "inverter")
SAMPLES = [
    Sample(GATEWAY, "layout", T, Status.FAILED, "journal_full", (), None, 1.5, 3, 0, b""),
    Sample(GATEWAY, "layout", T + S, Status.STORED, None, (), None, 1.5, 3, 0, b"image-1"),
    Sample(
        INVERTER, "other", T + S, Status.PARTIAL, "timeout", ((0, 2), (7, 9)), "4:0-1, 4:7-8", 2.25, 4, 1,
        bytes(range(10)),
    ),
    Sample(GATEWAY, "layout", T + 2 * S, Status.FAILED, "timeout", (), None, 1000.0, 1, 2, b""),
    Sample(GATEWAY, "layout", T + 4 * S, Status.STORED, None, (), None, 1.5, 3, 0, b"image-4"),
]  # fmt: skip
EVENTS = [
    Event(GATEWAY, T, EventKind.DEVICE_BACK, None, ""),
    Event(GATEWAY, T + 2 * S, EventKind.DEVICE_LOST, None, "timeout"),
    Event(GATEWAY, T + 2 * S, EventKind.CLOCK_FORWARD, T + 3 * S, "set by 1 s"),
]


def opened(path: Path) -> Journal:
    return Journal(path, JournalOwner("plant", "db1"), Limits(1 << 30, 1 << 60, "full"))


def test_all_that_an_earlier_release_has_left_is_handed_out_and_acknowledged(tmp_path: Path) -> None:
    path = Path(shutil.copy(LEFT_BEHIND, tmp_path / "site__gateway.journal"))
    journal = opened(path)
    assert journal.notes == ()
    assert journal.recipes == {"layout": "recipe", "other": "another recipe"}
    assert (len(journal), journal.oldest_us()) == (len(SAMPLES) + len(EVENTS), T)
    taken = journal.take(1 << 20, 1 << 20)
    assert [sample for batch in taken.batches for sample in samples_of(batch)] == SAMPLES
    assert taken.events == EVENTS
    journal.acknowledge([*taken.numbers, *taken.event_numbers])
    journal.close()
    assert not path.exists()


def test_a_new_journal_has_the_same_tables_and_says_what_it_is_before_anything_is_put(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "new.journal")):
        assert described(tmp_path / "new.journal") == described(LEFT_BEHIND)


def described(path: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """The tables of a journal, and what it says of itself."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
        tables = [sql for (sql,) in file.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")]
        return tables, file.execute("SELECT key, value FROM about ORDER BY key").fetchall()
