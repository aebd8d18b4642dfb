"""A node's keeper hands out the journals that have no poller, and leaves all others alone. Real files."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ess_ray.actors.keeper import Keeper
from ess_ray.actors.poller import NODE_DIR, JournalSettings, Poller
from ess_ray.adapters.journal.bounds import Limits
from ess_ray.adapters.journal.file import JournalFile
from ess_ray.adapters.journal.journal import Journal
from ess_ray.adapters.journal.owner import JournalOwner, journal_folder
from ess_ray.core.errors import JournalBusy
from tests.journals import fill, wait_until

HERE = JournalOwner("plant", "db1")
LIMITS = Limits(1 << 30, 1 << 60, "full")


@pytest.fixture
def node(tmp_path: Path) -> JournalSettings:
    """A node's settings of journals, for the poller of the first gateway."""
    return JournalSettings("oracle__d000.journal", HERE, LIMITS, state_dir=str(tmp_path), wait_s=0.0)


def left_by_a_dead_poller(node: JournalSettings, name: str, seconds: range) -> None:
    journal = Journal(node.folder / name, HERE, LIMITS)
    journal.learn({"layout": f"recipe of {name}"})
    fill(journal, seconds)
    journal.close()


def drained(keeper: Keeper) -> tuple[int, dict[str, str], list[str]]:
    """Samples, recipes and notes until nothing comes any more, each acknowledged with the next pull."""
    samples, recipes, notes, committed = 0, dict[str, str](), list[str](), tuple[int, ...]()

    def nothing_left() -> bool:
        nonlocal samples, committed
        pulled = keeper.pull(committed, 100, 100)
        committed = pulled.numbers
        samples += sum(batch.samples for batch in pulled.batches)
        recipes.update(pulled.recipes)
        notes.extend(pulled.notes)
        return not list(keeper._settings.folder.glob("*__d00[12].journal"))

    wait_until(nothing_left)
    return samples, recipes, notes


def test_journals_without_a_poller_are_drained_one_after_the_other_and_deleted(node: JournalSettings) -> None:
    left_by_a_dead_poller(node, "oracle__d001.journal", range(5))
    left_by_a_dead_poller(node, "oracle__d002.journal", range(7))
    poller = Poller(node)
    poller.ready()
    samples, recipes, notes = drained(Keeper(node))
    assert samples == 12
    assert recipes == {"layout": "recipe of oracle__d002.journal"}  # of the last journal
    assert [note.partition(" on ")[0] for note in notes] == ["the journal of oracle/d001", "the journal of oracle/d002"]
    assert [path.name for path in node.folder.glob("*.journal")] == ["oracle__d000.journal"]  # its poller has it
    poller.close()


def test_what_was_pulled_and_lost_on_its_way_is_given_again(node: JournalSettings) -> None:
    left_by_a_dead_poller(node, "oracle__d001.journal", range(5))
    keeper = Keeper(node)
    lost = keeper.pull((), 100, 100)
    keeper.ready()
    again = keeper.pull((), 100, 100)
    assert (again.numbers, len(again.batches)) == (lost.numbers, 5)
    keeper.pull(again.numbers, 100, 100)
    assert not list(node.folder.glob("*.journal"))


def test_a_poller_whose_journal_is_being_drained_takes_another_one(node: JournalSettings) -> None:
    left_by_a_dead_poller(node, "oracle__d000.journal", range(5))
    keeper = Keeper(node)
    assert keeper.pull((), 0, 0).waiting == 5
    poller = Poller(node)
    assert poller.ready().waiting == 0
    assert sorted(path.name for path in node.folder.glob("*.journal")) == [
        "oracle__d000.journal",
        "oracle__d000~2.journal",
    ]
    keeper.close()
    poller.close()
    assert Poller(node).ready().waiting == 5  # what the keeper had not handed out is still there


def test_a_node_may_have_its_journals_elsewhere(
    node: JournalSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NODE_DIR, str(tmp_path / "disk"))
    assert node.folder == journal_folder(tmp_path / "disk", HERE)
    assert replace(node, state_dir="", path="/somewhere/a.journal").folder == Path("/somewhere")


def test_who_waited_for_a_journal_that_was_drained_and_deleted_has_the_new_one_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    first = JournalFile(path, HERE, "full")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(JournalFile, path, HERE, "full", 10.0)
        time.sleep(0.3)
        first.remove()
        second = waiting.result()
    with pytest.raises(JournalBusy):
        JournalFile(path, HERE, "full", wait_s=0.0)
    second.close()


def test_a_journal_whose_layout_is_refused_keeps_no_other_waiting(node: JournalSettings) -> None:
    left_by_a_dead_poller(node, "oracle__d001.journal", range(5))
    left_by_a_dead_poller(node, "oracle__d002.journal", range(7))
    keeper, refused, seen = Keeper(node), frozenset({"layout"}), list[str]()

    def both_looked_at() -> bool:
        seen.extend(keeper.pull((), 100, 100, set_aside=refused).notes)
        return len(seen) == 2

    wait_until(both_looked_at)
    assert len(list(node.folder.glob("*.journal"))) == 2
    keeper.ready()  # it is accepted now
    assert drained(keeper)[0] == 12
