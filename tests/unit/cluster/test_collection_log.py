"""What the log says of many samples at once."""

from __future__ import annotations

import logging

import pytest

from ess_ray.actors.poller import Pulled
from ess_ray.cluster.collection_log import MOST_NAMED, CollectionLog
from ess_ray.core.batch import batch_of
from ess_ray.core.running.work import growth
from ess_ray.core.samples import Device, Sample, Status
from ess_ray.core.storing.flush import Committed

ANSWER = Committed((), {}, committed_us=0)


def tick(number: int, failed: int) -> list[Sample]:
    """Of a fleet of 100, the first so many failed."""
    return [
        Sample(
            Device("fleet", f"d{n:03}"), "layout", number * 1_000_000, Status.FAILED if n < failed else Status.STORED,
            "timeout" if n < failed else None, (), None, 1.0, 1, 0, b"" if n < failed else b"image",
        )
        for n in range(100)
    ]  # fmt: skip


@pytest.mark.parametrize(("failed", "lines"), [(3, 3), (MOST_NAMED, MOST_NAMED), (90, 1)])
def test_few_devices_are_named_and_many_are_one_line(caplog: pytest.LogCaptureFixture, failed: int, lines: int) -> None:
    collection_log = CollectionLog()
    with caplog.at_level(logging.INFO, logger="ess_ray.cluster.collection_log"):
        for number in range(1, 4):
            collection_log.committed([batch_of(tick(number, failed))], ANSWER)
    assert len(caplog.messages) == lines, caplog.messages


def test_a_fleet_that_is_stored_completely_again_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    collection_log = CollectionLog()
    with caplog.at_level(logging.INFO, logger="ess_ray.cluster.collection_log"):
        collection_log.committed([batch_of(tick(1, 90))], ANSWER)
        collection_log.committed([batch_of(tick(2, 0))], ANSWER)
    assert caplog.messages[0] == "fleet: 90 of 100 samples of one batch are incomplete, most of them: timeout"
    assert caplog.messages[-1].startswith("fleet: at most 20 samples of a batch are incomplete")


def test_samples_that_lost_their_values_are_counted_since_the_pull_before(caplog: pytest.LogCaptureFixture) -> None:
    collection_log = CollectionLog()
    with caplog.at_level(logging.INFO, logger="ess_ray.cluster.collection_log"):
        for since_start in (0, 7):
            pulled = Pulled((), (), 0, (), (), 0, since_start, None, busy=False, watermark_us=0)
            collection_log.pulled("poller 0", pulled)
    (message,) = caplog.messages
    assert ": 7 samples are kept without values (reason journal_full)" in message


@pytest.mark.parametrize(
    ("before", "now", "grown"), [(0, 7, 7), (500, 507, 7), (500, 500, 0), (500, 3, 3), (500, 0, 0)]
)
def test_a_count_that_a_new_process_begins_again_never_shrinks(before: int, now: int, grown: int) -> None:
    assert growth(before, now) == grown
