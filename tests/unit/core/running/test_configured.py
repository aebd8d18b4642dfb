"""The record of configurations that the database lacks keeps each until it is entered, in order, across restarts."""

from __future__ import annotations

import json

import pytest

from ess_ray.core.running.configured import (
    DAY_US,
    MOST_EARLIER,
    MOST_PENDING,
    ConfigurationRecord,
    Configured,
    ConfiguredFleet,
    record_of_tree,
)
from ess_ray.core.samples import Device

S = 1_000_000
A = Device("jeju", "a")


def of(period_s: float, first_us: int, changed_us: dict[Device, int] | None = None) -> ConfiguredFleet:
    device = Configured(A, "m", "h", period_s, 0.0, {"pcs": ["power"]}, "UTC")
    return ConfiguredFleet(first_us, (device,), changed_us or {})


OLD, NEW = of(1, 10 * S), of(2, 20 * S)
REGISTERED = ConfigurationRecord(("roof",), OLD)


@pytest.mark.parametrize(
    ("record", "appended", "pending"),
    [
        (ConfigurationRecord(), OLD, [OLD]),
        (REGISTERED, NEW, [NEW]),
        (REGISTERED, of(1, 30 * S), [OLD]),  # it holds since then
        (REGISTERED.appended(NEW), of(2, 30 * S), [NEW]),
        (REGISTERED.appended(NEW), of(1, 30 * S), [NEW, of(1, 30 * S)]),
        # The clock was set back: what was polled until then was configured before.
        (REGISTERED.appended(NEW), of(3, 15 * S, {A: 16 * S}), [NEW, of(3, 20 * S, {A: 20 * S})]),
        # It had been ahead by more than a day, or was never set: nobody knows since when.
        (REGISTERED.appended(of(2, 2 * DAY_US)), of(3, 15 * S), [of(2, 2 * DAY_US), of(3, 15 * S)]),
    ],
)  # fmt: skip
def test_what_is_to_be_entered(
    record: ConfigurationRecord, appended: ConfiguredFleet, pending: list[ConfiguredFleet]
) -> None:
    assert list(record.appended(appended).pending) == pending


def test_what_is_entered_is_the_last_one_and_pends_no_more() -> None:
    record = REGISTERED.appended(NEW).appended(of(3, 30 * S))
    third = of(3, 30 * S)
    assert record.entered() == ConfigurationRecord(("roof",), NEW, (third,), (OLD,))
    assert record.entered().entered() == ConfigurationRecord(("roof",), third, (), (OLD, NEW))


def test_what_the_database_has_lost_is_pending_again_in_order() -> None:
    third, b = of(3, 30 * S), Device("jeju", "b")
    last = ConfiguredFleet(40 * S, (), {A: 41 * S, b: 42 * S})
    record = ConfigurationRecord(("roof",), third, (last,), (OLD, NEW))
    assert record.changes() == [{A: 30 * S}, {A: 20 * S}, {A: 10 * S}]
    assert record.entered().changes()[:2] == [{A: 41 * S}, {A: 30 * S}]
    assert record.taken_back(0) == record
    assert record.taken_back(2) == ConfigurationRecord(("roof",), OLD, (NEW, third, last))
    assert record.taken_back(3) == ConfigurationRecord(("roof",), None, (OLD, NEW, third, last))
    assert record.taken_back(2).entered().entered() == record
    assert ConfigurationRecord().changes() == []


def test_of_what_was_registered_earlier_the_last_ones_are_kept_and_none_twice() -> None:
    record = REGISTERED
    for number in range(2, MOST_EARLIER + 10):
        record = record.appended(of(number, number * 10 * S)).entered()
        record = record.appended(of(number, number * 10 * S + S)).entered()  # a restart
    assert [each.first_us for each in record.earlier] == [n * 10 * S for n in range(9, MOST_EARLIER + 9)]


def test_the_record_is_bounded_and_its_first_and_last_stay() -> None:
    record = REGISTERED
    for number in range(2, MOST_PENDING + 10):
        record = record.appended(of(number, number * 10 * S))
    assert len(record.pending) == MOST_PENDING
    assert record.pending[0] == of(2, 20 * S)
    assert record.pending[-1].first_us == (MOST_PENDING + 9) * 10 * S


def test_a_record_is_read_as_it_was_written() -> None:
    record = REGISTERED.appended(of(2, 20 * S, {Device("jeju", "gone"): 21 * S})).begun("cellar")
    assert record_of_tree(json.loads(json.dumps(record.to_tree()))) == record
    assert record_of_tree(json.loads(json.dumps(record.entered().to_tree()))) == record.entered()
    assert record.collectors == ("roof", "cellar")
    assert record.begun("roof").collectors == ("cellar", "roof")
    assert record_of_tree(ConfigurationRecord().to_tree()) == ConfigurationRecord()


def test_the_times_of_each_configuration_follow_one_another() -> None:
    record = REGISTERED.appended(NEW).appended(of(3, 30 * S, {A: 31 * S})).appended(ConfiguredFleet(40 * S, (), {}))
    times = [(each.configured.period_s, each.start_us, each.end_us) for each in record.spans(15 * S, 99 * S)]
    assert times == [(1, 15 * S, 20 * S), (2, 20 * S, 31 * S), (3, 31 * S, 40 * S)]
    assert record.spans(25 * S, 28 * S) == record.spans(25 * S, 31 * S)
    assert [each.end_us for each in REGISTERED.spans(0, 99 * S)] == [None]
    assert ConfigurationRecord().spans(0, 99 * S) == REGISTERED.spans(0, 10 * S) == []
