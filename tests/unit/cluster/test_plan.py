"""Which poller has which devices and which journal, before any of them is made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ess_ray.cluster.plan import PollerPlan, packing_text, plan_change, plan_pollers
from ess_ray.core.running.spread import Node
from ess_ray.core.samples import Device
from ess_ray.core.settings import Settings
from tests.make import SMALL, make_device, make_settings


def settings_of(tmp_path: Path, *devices: Device) -> Settings:
    """Each of the devices has a host and a poller of its own."""
    settings = make_settings("cluster.devices_per_actor=1", folder=SMALL)
    polled = tuple(make_device(device, host=f"host{number}") for number, device in enumerate(devices))
    return replace(settings, state_dir=tmp_path, devices=polled)


def journals(plans: list[PollerPlan]) -> list[str]:
    return [Path(plan.journal.path).name for plan in plans if not plan.keeper]


def test_devices_whose_names_join_to_the_same_text_have_journals_of_their_own(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, Device("a__b", "c"), Device("a", "b__c"), Device("a", "b"))
    expected = ["a__b__c.journal", "a__b__c~2.journal", "a__b.journal"]
    assert journals(plan_pollers(settings, "db")) == expected
    assert journals(plan_pollers(settings, "db", (Node("node", "host", 4, frozenset(), 16 << 30),))) == expected


def test_a_device_that_is_new_gets_a_journal_beside_those_in_use(tmp_path: Path) -> None:
    plans = plan_pollers(settings_of(tmp_path, Device("a__b", "c")), "db")
    changed = plan_change(settings_of(tmp_path, Device("a__b", "c"), Device("a", "b__c")), plans)
    assert journals(changed) == ["a__b__c.journal", "a__b__c~2.journal"]


def test_a_journal_of_a_second_poller_is_no_orphan(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, Device("a__b", "c"), Device("a", "b__c"))
    folder = Path(plan_pollers(settings, "db")[0].journal.path).parent
    folder.mkdir(parents=True)
    for name in ("a__b__c.journal", "a__b__c~2.journal", "gone__d.journal"):
        (folder / name).touch()
    first, second = plan_pollers(settings, "db")
    assert (first.journal.adopt, second.journal.adopt) == ((str(folder / "gone__d.journal"),), ())


@pytest.mark.parametrize(
    ("period_us", "phase_us", "at_whole_seconds"),
    [(1_000_000, 0, True), (5_000_000, 2_000_000, True), (500_000, 0, False), (1_000_000, 300_000, False)],
)
def test_a_poller_knows_whether_it_has_something_to_do_between_two_seconds(
    tmp_path: Path, period_us: int, phase_us: int, at_whole_seconds: bool
) -> None:
    (plan,) = plan_pollers(settings_of(tmp_path, Device("a", "b")), "db")
    other = replace(plan.devices[0], period_us=period_us, phase_us=phase_us)
    assert plan.ticks_at_whole_seconds
    assert replace(plan, devices=(*plan.devices, other)).ticks_at_whole_seconds is at_whole_seconds


@pytest.mark.parametrize(
    ("words", "devices", "pollers", "text"),
    [
        (["cluster=local"], 2, 2, "2, a process for each host and port"),
        (["cluster.devices_per_actor=3"], 6, 2, "2 (cluster.devices_per_actor=3)"),
        (["cluster=none"], 500, 1, "1, in this process (cluster=none)"),
        (["cluster=none", "cluster.devices_per_actor=250"], 500, 2, "2, in this process (cluster=none)"),
    ],
)
def test_the_banner_says_how_devices_are_spread_and_why(
    tmp_path: Path, words: list[str], devices: int, pollers: int, text: str
) -> None:
    polled = tuple(make_device(Device("a", f"d{number}"), host=f"host{number}") for number in range(devices))
    settings = replace(make_settings(*words, folder=SMALL), state_dir=tmp_path, devices=polled)
    plans = plan_pollers(settings, "db")
    assert (len(plans), packing_text(settings, plans)) == (pollers, text)


def test_many_devices_are_packed_and_the_banner_says_why(tmp_path: Path) -> None:
    devices = tuple(make_device(Device("a", f"d{number}"), host=f"host{number}") for number in range(999))
    settings = replace(make_settings(folder=SMALL), state_dir=tmp_path, devices=devices)
    plans = plan_pollers(settings, "db")
    assert len(plans) < 99
    assert "a process for each of 999 hosts and ports would cost too much" in packing_text(settings, plans)
