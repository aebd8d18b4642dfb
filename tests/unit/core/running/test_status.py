"""How a run stands now, from made-up accounts."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ess_ray.core.running.account import Account
from ess_ray.core.running.status import MOST_LISTED, OLD_US, Facts, Health, status_from, status_of
from ess_ray.core.samples import Device, Event, EventKind, Status
from tests.make import make_device

S = 1_000_000
ONE, TWO = Device("a", "one"), Device("a", "two")


def account_of(*devices: Device, period_s: int = 1) -> Account:
    return Account([make_device(device, host="secret.example", period_us=period_s * S) for device in devices], 0)


def collect(account: Account, device: Device, until_s: int, status: Status = Status.STORED, why: str = "") -> None:
    for second in range(until_s):
        account.devices[device].add(second * S, status, why or None)


FACTS = Facts({"a": "Asia/Seoul"}, None, True, "embedded PostgreSQL")


def state(account: Account, now_s: int) -> str:
    return status_of(account, FACTS, now_s * S).sites[0].state_text


@pytest.mark.parametrize(
    ("status", "why", "words"),
    [
        (Status.STORED, "", "ok"),
        (Status.STORED, "parked", "ok"),
        (Status.PARTIAL, "exception 4", "partial: exception 4"),
        (Status.FAILED, "timeout", "silent: timeout"),
    ],
)
def test_the_newest_sample_says_how_a_device_does(status: Status, why: str, words: str) -> None:
    account = account_of(ONE)
    collect(account, ONE, 10, status, why)
    assert state(account, 11) == words


def test_samples_that_do_not_come_are_late_whatever_the_last_one_was() -> None:
    account = account_of(ONE)
    assert state(account, 3) == "starting"
    assert state(account, 30) == "late"
    collect(account, ONE, 10)
    assert state(account, 16) == "ok"  # a poll may take two seconds, the commit one more
    assert state(account, 30) == "late"


def test_a_slow_device_is_not_late_between_two_ticks() -> None:
    account = account_of(ONE, period_s=600)
    account.devices[ONE].add(0, Status.STORED, None)
    assert state(account, 601) == "ok"
    assert state(account, 630) == "late"


def test_a_site_is_as_its_worst_device_and_counts_how_many() -> None:
    account = account_of(ONE, TWO)
    collect(account, ONE, 10)
    collect(account, TWO, 10, Status.FAILED, "refused")
    site = status_of(account, FACTS, 10 * S).sites[0]
    assert site.state_text == "1 of 2 devices silent: refused"
    assert (site.expected, site.stored, site.failed) == (20, 10, 10)
    assert [one.device for one in site.devices] == ["two", "one"]
    assert not status_of(account, FACTS, 10 * S).well


def test_what_was_lost_and_is_back_is_well_and_its_counts_stay() -> None:
    account = account_of(ONE)
    account.events([Event(ONE, 3 * S, EventKind.DEVICE_LOST)])
    assert status_of(account, FACTS, 4 * S).sites[0].devices[0].lost_us == 3 * S
    collect(account, ONE, 5, Status.FAILED, "timeout")
    account.events([Event(ONE, 5 * S, EventKind.DEVICE_BACK)])
    account.devices[ONE].add(5 * S, Status.STORED, None)
    found = status_of(account, FACTS, 6 * S)
    assert found.well
    device = found.sites[0].devices[0]
    assert (device.lost_us, device.failed, dict(device.reasons)) == (None, 5, {"timeout": 5})


def test_a_frozen_device_is_not_well_until_it_moves() -> None:
    account = account_of(ONE)
    collect(account, ONE, 10)
    account.events([Event(ONE, 8 * S, EventKind.DEVICE_FROZEN)])
    found = status_of(account, FACTS, 10 * S)
    assert (found.sites[0].state_text, found.sites[0].devices[0].frozen_us, found.well) == ("frozen", 8 * S, False)
    account.events([Event(ONE, 9 * S, EventKind.DEVICE_MOVES)])
    assert status_of(account, FACTS, 10 * S).well


def test_a_frozen_device_that_is_silent_too_is_silent() -> None:
    account = account_of(ONE)
    account.events([Event(ONE, 8 * S, EventKind.DEVICE_FROZEN)])
    collect(account, ONE, 10, Status.FAILED, "timeout")
    assert state(account, 10) == "silent: timeout"


def test_what_a_poller_reported_before_it_died_is_not_shown_for_ever() -> None:
    account = account_of(ONE, TWO)
    for device in (ONE, TWO):
        account.events([Event(device, 3 * S, EventKind.DEVICE_LOST), Event(device, 4 * S, EventKind.DEVICE_FROZEN)])
    account.begin_anew([ONE, Device("gone", "gone")], 6 * S)
    account.events([Event(ONE, 5 * S, EventKind.DEVICE_FROZEN)])  # out of the journal that it left
    assert [(one.lost_us, one.frozen_us) for one in (account.devices[ONE], account.devices[TWO])] == [
        (None, None),
        (3 * S, 4 * S),
    ]


def test_a_status_that_nobody_renews_says_nothing_of_now() -> None:
    account = account_of(ONE)
    collect(account, ONE, 10)
    found = status_of(account, FACTS, 10 * S)
    assert found.at(10 * S + OLD_US) is found
    old = found.at(11 * S + OLD_US)
    assert old.sites[0].state_text == "collector down"
    assert [one.state for one in old.sites[0].devices] == [Health.DOWN]
    assert not old.well


def test_the_database_being_away_is_trouble() -> None:
    account = account_of(ONE)
    collect(account, ONE, 10)
    assert status_of(account, FACTS, 10 * S).well
    assert not status_of(account, Facts({"a": "UTC"}, None, False, "", problem="no route"), 10 * S).well


def test_a_fleet_names_those_in_trouble_only_and_stays_small() -> None:
    devices = [Device("a", f"d{number:04}") for number in range(1000)]
    account = account_of(*devices)
    account.latency["a"].add(np.array([1000]))
    for number, device in enumerate(devices):
        status, why = (Status.STORED, "") if number % 400 else (Status.FAILED, "closed")
        collect(account, device, 3, status, why)
    site = status_of(account, FACTS, 3 * S).sites[0]
    assert [one.device for one in site.devices] == ["d0000", "d0400", "d0800"]
    assert site.state_text == "3 of 1000 devices silent: closed"
    assert len(json.dumps(status_of(account, FACTS, 100 * S).tree())) < 400 * MOST_LISTED


def test_it_goes_through_json_unharmed_and_shows_no_address() -> None:
    account = account_of(ONE)
    collect(account, ONE, 10, Status.PARTIAL, "exception 2")
    found = status_of(account, FACTS, 10 * S)
    text = json.dumps(found.tree())
    assert status_from(json.loads(text)) == found
    assert "secret.example" not in text


def test_a_device_that_is_no_longer_configured_is_not_shown() -> None:
    account = account_of(ONE, TWO)
    account.change(TWO, None, 5 * S)
    assert [one.device for one in status_of(account, FACTS, 6 * S).sites[0].devices] == ["one"]
