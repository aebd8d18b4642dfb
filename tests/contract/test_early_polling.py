"""While Ray is started the driver reads the devices, and hands them over without a tick between."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ess_ray.actors.poller import Poller
from ess_ray.adapters.journal.journal import Journal
from ess_ray.cluster.early_polling import EarlyPolling
from ess_ray.cluster.plan import PollerPlan, plan_early, plan_pollers
from ess_ray.cluster.pollers import Pollers
from ess_ray.cluster.thread_actors import ThreadActors
from ess_ray.core.errors import DatabaseUnavailable
from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.settings import Settings
from tests.batches import samples_of
from tests.make import SMALL, make_device, make_settings
from tests.peers import pymodbus_server

PLAN = Plan((Request(3, 0, 2, ((0, 1), (1, 1)), 0),), 4, "test")
SECOND_US = 1_000_000


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    with pymodbus_server(range(10)) as port:
        device = make_device(host="127.0.0.1", port=port, plan=PLAN)
        yield replace(make_settings(folder=SMALL), state_dir=tmp_path, devices=(device,))


def begun(settings: Settings) -> EarlyPolling:
    return EarlyPolling(lambda: None, partial(plan_early, settings, "db"), lambda first_us: None, None)


def items(plan: PollerPlan) -> list[int]:
    """The ticks in the journal of a poller that has ended."""
    journal: Journal = plan.journal.open()
    ticks_us = [sample.tick_us for batch in journal.take(1_000, 1_000).batches for sample in samples_of(batch)]
    journal.close()
    return sorted(ticks_us)


def test_every_tick_before_the_hand_over_is_in_its_journal_and_every_one_behind_it_in_the_others(
    settings: Settings,
) -> None:
    early = begun(settings).taken_over()
    assert early
    time.sleep(1.5)
    system = ThreadActors()
    plans = plan_pollers(settings, "db", early=early.plan)
    assert [plan.journal.adopt for plan in plans] == [()]  # it is at work: nobody else may take it up
    pollers = Pollers(system, plans, early)
    while pollers.awaited(()):
        pollers.take_ready()
    assert pollers.of_site("site") == {0, 1}
    taken_over_us = (time.time_ns() // 1000 // SECOND_US + 1) * SECOND_US
    pollers.start(taken_over_us, taken_over_us + 2 * SECOND_US)
    time.sleep(3.5)
    pollers.end_early()
    assert pollers.of_site("site") == {0}
    pollers.close()
    assert items(early.plan) == list(range(early.first_us, taken_over_us, SECOND_US))
    assert items(plans[0]) == [taken_over_us, taken_over_us + SECOND_US]


def test_a_start_that_ends_before_leaves_what_was_read_to_the_next_run(settings: Settings) -> None:
    early = begun(settings)
    time.sleep(2.5)
    early.close()
    (plan,) = plan_pollers(settings, "db")
    assert [Path(path).name for path in plan.journal.adopt] == ["while-starting.journal"]
    poller = Poller(plan.journal)
    poller.ready()
    assert poller.pull((), 100, 100).batches
    poller.close()


def test_it_waits_for_the_pollers_of_a_run_that_was_killed(settings: Settings) -> None:
    (plan,) = plan_pollers(settings, "db")
    before = plan.journal.open()
    early = begun(settings)
    time.sleep(1.5)
    before.close()
    closed_us = time.time_ns() // 1000
    poller = early.taken_over()
    assert poller
    assert poller.first_us > closed_us
    poller.actor.call("stop", closed_us).result()
    poller.actor.call("close").result()


def test_a_start_that_is_given_up_does_not_wait_for_a_database_that_is_silent(settings: Settings) -> None:
    silent = threading.Event()

    def identify() -> None:
        silent.wait(30)

    plan = partial(plan_early, settings, "db")
    early, begun_s = EarlyPolling(identify, plan, lambda first_us: None, None), time.monotonic()
    early.close()
    assert time.monotonic() < begun_s + 20
    silent.set()
    assert early.taken_over() is None
    assert not list(settings.state_dir.rglob("*.journal"))


def test_where_it_cannot_begin_the_start_goes_on_without_it(settings: Settings, tmp_path: Path) -> None:
    def unknown() -> None:
        raise DatabaseUnavailable("it is away")

    early = EarlyPolling(unknown, partial(plan_early, settings, "db"), lambda first_us: None, None)
    assert early.taken_over() is None
    early.close()
    assert not list(tmp_path.rglob("*.journal"))
