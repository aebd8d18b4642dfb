"""The table `device` says from which tick on a device was polled how, also if its poller was late."""

from __future__ import annotations

from ess_ray.adapters.postgres.connect import connect, utc
from ess_ray.adapters.postgres.devices import register_devices
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.running.configured import Configured
from ess_ray.core.samples import Device
from tests.flushes import STANDARD

S = 1_000_000


def configured(name: str, map_hash: str = "old") -> Configured:
    return Configured(Device("site", name), "map", map_hash, 1.0, 0.0, {"pcs": ["power"]}, "UTC")


def test_each_device_changes_at_the_tick_that_its_poller_has_replied(dsn: str) -> None:
    prepare(dsn, STANDARD)
    register_devices(dsn, [configured(name) for name in ("stays", "changes", "late", "goes", "goes late")], 10 * S)
    after = [configured("stays"), *(configured(name, "new") for name in ("changes", "late", "comes", "comes late"))]
    late_us = {Device("site", name): 25 * S for name in ("late", "goes late", "comes late")}
    register_devices(dsn, after, 20 * S, changed_us=late_us)
    with connect(dsn) as connection:
        spans = connection.execute("SELECT device, map_hash, valid_from, valid_to FROM device ORDER BY 1, 3").fetchall()
    assert spans == [
        ("changes", "old", utc(10 * S), utc(20 * S)),
        ("changes", "new", utc(20 * S), None),
        ("comes", "new", utc(20 * S), None),
        ("comes late", "new", utc(25 * S), None),
        ("goes", "old", utc(10 * S), utc(20 * S)),
        ("goes late", "old", utc(10 * S), utc(25 * S)),
        ("late", "old", utc(10 * S), utc(25 * S)),
        ("late", "new", utc(25 * S), None),
        ("stays", "old", utc(10 * S), None),
    ]
