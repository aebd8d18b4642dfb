"""A listener hears of every trouble that begins, lasts and ends, and of every event, whatever the log keeps of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from ess_ray.adapters.local.notices import Notice, Stage, Troubles, listen
from ess_ray.cluster.collection_log import CollectionLog
from ess_ray.core.running.logfields import about
from ess_ray.core.samples import Device, Event, EventKind
from tests.unit.adapters.local.test_logs import pulled

SOURCE = Path(__file__).parents[4] / "src" / "ess_ray"
DEVICE = Device("hilltop", "gateway")


@pytest.fixture
def heard() -> Iterator[list[Notice]]:
    notices: list[Notice] = []
    end = listen(notices.append)
    yield notices
    end()


def test_a_trouble_is_heard_when_it_begins_and_when_it_is_over(heard: list[Notice]) -> None:
    troubles = Troubles("ess_ray.x")
    for _ in range(3):
        troubles.met("disk", "the disk is full", about("disk full", site="hilltop"), logging.ERROR)
    troubles.over("disk", "the disk has room", about("disk back", site="hilltop"))
    troubles.over("disk", "the disk has room", about("disk back", site="hilltop"))
    assert [(notice.stage, notice.text, notice.level, notice.action) for notice in heard] == [
        (Stage.BEGUN, "the disk is full", logging.ERROR, "disk full"),
        (Stage.OVER, "the disk has room (3 times in 0 s)", logging.INFO, "disk back"),
    ]
    assert (heard[0].fields["ess.site"], heard[1].fields["ess.times"], heard[0].module) == ("hilltop", 3, "ess_ray.x")


@pytest.mark.parametrize("kind", EventKind)
def test_every_device_event_is_heard(kind: EventKind, heard: list[Notice]) -> None:
    report = CollectionLog()
    ended = {
        EventKind.DEVICE_BACK: EventKind.DEVICE_LOST,
        EventKind.DEVICE_MOVES: EventKind.DEVICE_FROZEN,
        EventKind.DEVICE_AS_EXPECTED: EventKind.DEVICE_CHANGED,
    }
    if kind in ended:
        report.pulled("poller:0", pulled(Event(DEVICE, 1_000_000, ended[kind])))
    report.pulled("poller:0", pulled(Event(DEVICE, 3_000_000, kind)))
    stage = Stage.OVER if kind in ended else Stage.BEGUN if kind in ended.values() else Stage.EVENT
    assert (heard[-1].stage, heard[-1].action) == (stage, kind)
    assert (heard[-1].fields["ess.site"], heard[-1].fields["ess.device"]) == ("hilltop", "gateway")


def test_the_logs_level_hides_nothing_from_a_listener(heard: list[Notice]) -> None:
    logger = logging.getLogger("ess_ray.x")
    logger.setLevel(logging.CRITICAL)
    try:
        Troubles("ess_ray.x").met("write", "the database is away", about("write failed"))
    finally:
        logger.setLevel(logging.NOTSET)
    assert len(heard) == 1


def test_a_listener_that_fails_costs_nobody_else_the_notice(
    heard: list[Notice], caplog: pytest.LogCaptureFixture
) -> None:
    def failing(notice: Notice) -> None:
        raise OSError(f"no route for {notice.action}")

    end = listen(failing)
    try:
        Troubles("ess_ray.x").met("write", "the database is away", about("write failed"))
    finally:
        end()
    assert [notice.action for notice in heard] == ["write failed"]
    assert "no route for write failed" in caplog.text


def test_a_notice_is_logged_as_from_the_line_that_reported_it(caplog: pytest.LogCaptureFixture) -> None:
    troubles = Troubles("ess_ray.x")
    troubles.met("write", "the database is away", about("write failed"))
    troubles.over("write", "the database is back", about("write back"))
    assert {record.funcName for record in caplog.records if record.levelno >= logging.WARNING} == {
        test_a_notice_is_logged_as_from_the_line_that_reported_it.__name__
    }


def test_no_repeated_trouble_goes_past_the_notices() -> None:
    folding = {path.name for path in SOURCE.rglob("*.py") if "Folds(" in path.read_text(encoding="utf-8")}
    assert folding == {"notices.py"}
