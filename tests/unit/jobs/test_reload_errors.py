"""No error of a reload ends the job: it is refused, that is said and written, and the next one is taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ess_ray.app.running import ReloadOutcome, reload_result
from ess_ray.cluster.collect import Collector
from ess_ray.cluster.plan import plan_pollers
from ess_ray.core.errors import CannotStart, ConfigError, DatabaseRefused
from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.own_columns import merged
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.core.running.awake import AwakeClock
from ess_ray.core.samples import Device
from ess_ray.core.settings import Settings
from ess_ray.jobs.collect import reload
from ess_ray.jobs.collect.reload import PAUSE_AFTER_ERROR_US, Reload
from tests.make import SMALL, make_device, make_settings, shipped_standard

DEVICE = Device("hilltop", "gateway")


class Pollers:
    """The part of a collector that a reload changes, all pollers of which are up at once."""

    def __init__(self, settings: Settings) -> None:
        self.plans, self.clock = plan_pollers(settings, "db"), AwakeClock()
        self.pollers = SimpleNamespace(plans=self.plans, awaited=lambda _nodes: [])
        self.nodes, self.changes = SimpleNamespace(up=()), SimpleNamespace(at_work=False, take_changed=dict)
        self.changed = 0

    def prepare(self, _plans: object) -> None:
        """Nothing: the pollers are there."""

    def change(self, _plans: object) -> None:
        self.changed += 1

    def balance(self, _settings: Settings) -> None:
        """Nothing is to be moved."""


def settings_of(folder: Path, period_s: int = 1) -> Settings:
    polled = make_device(DEVICE, period_us=period_s * 1_000_000)
    return replace(make_settings(folder=SMALL), state_dir=folder, devices=(polled,), simulated=False)


class Reloading:
    """Reloads of one job, at a moment that only goes on when a test says so."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now_us, self.configured = folder, 1_000_000, settings_of(folder)
        self.pollers = Pollers(self.configured)
        self.switched: list[Settings] = []
        self.extended = 0
        self.broken: tuple[str, Exception] = ("", Exception())
        collector = cast(Collector, self.pollers)
        self.reload = Reload(
            self.configured, self.configured, collector, self.compose, self.simulate, self.extend, self.switch
        )

    def compose(self) -> Settings:
        self.meet("compose")
        return self.configured

    def simulate(self, settings: Settings) -> Settings:
        return settings

    def extend(self, _standard: Standard) -> None:
        self.meet("extend")
        self.extended += 1

    def switch(self, settings: Settings, _first_us: int, _changed_us: Mapping[Device, int]) -> None:
        self.meet("switched")
        self.switched.append(settings)

    def meet(self, step: str) -> None:
        if self.broken[0] == step:
            raise self.broken[1]

    def run(self) -> list[str]:
        """Request a reload, and take steps until there is a sentence."""
        requests, deadline_s = [True], time.monotonic() + 10
        while not (notes := self.reload.step(lambda: bool(requests and requests.pop()), self.now_us)):
            assert time.monotonic() < deadline_s
        return notes


@pytest.mark.parametrize(
    ("step", "error", "reason"),
    [
        ("compose", ConfigError("sites.hilltop", "is wrong"), "sites.hilltop: is wrong"),
        ("compose", CannotStart("the simulator does not start"), "the simulator does not start"),
        ("compose", OSError(28, "No space left on device"), "[Errno 28] No space left on device"),
        ("prepare", ValueError("the name is taken"), "a defect of the program: ValueError('the name is taken')"),
        ("change", RuntimeError("Ray does not answer"), "a defect of the program: RuntimeError('Ray does not answer')"),
        (
            "extend",
            DatabaseRefused("preparing the database: permission denied", "42501"),
            "preparing the database: perm",
        ),
        ("switched", DatabaseRefused("permission denied", "42501"), "permission denied"),
        ("balance", RuntimeError("no node"), "a defect of the program: RuntimeError('no node')"),
    ],
)
def test_whatever_fails_is_said_and_written_and_the_next_reload_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception, reason: str
) -> None:
    def fail(*_: object) -> Any:
        raise error

    reloading = Reloading(tmp_path)
    reloading.configured = settings_of(tmp_path, 2)
    if step == "extend":
        reloading.configured = replace(reloading.configured, standard=with_column())
    with monkeypatch.context() as broken:
        reloading.broken = step, error
        if hasattr(reloading.pollers, step):
            broken.setattr(reloading.pollers, step, fail)
        if step == "balance":
            (note,) = reloading.reload.step(lambda: False, reloading.now_us)
        else:
            (note,) = reloading.run()
    assert note.startswith(f"not reloaded, the old configuration stays in force: {reason}")
    until(lambda: outcome(tmp_path) == ReloadOutcome.REFUSED)
    reloading.broken = "", Exception()
    assert reloading.reload.step(lambda: False, reloading.now_us) == []  # and no line each round
    reloading.now_us += PAUSE_AFTER_ERROR_US + 1
    reloading.configured = settings_of(tmp_path, 3)
    (note,) = reloading.run()
    assert note.startswith("reloaded: changed hilltop/gateway, from ")
    until(lambda: outcome(tmp_path) == ReloadOutcome.DONE)


def test_the_database_is_extended_for_a_standard_that_is_another_and_for_no_other_reload(tmp_path: Path) -> None:
    reloading = Reloading(tmp_path)
    reloading.configured = settings_of(tmp_path, 2)
    reloading.run()
    assert reloading.extended == 0
    reloading.now_us += 1
    reloading.configured = replace(settings_of(tmp_path, 2), standard=with_column())
    (note,) = reloading.run()
    assert note.startswith("reloaded: new columns bank.glow, from ")
    assert reloading.extended == 1


def with_column() -> Standard:
    glow = Column("glow", "int2", "", "Glow")
    return merged(shipped_standard(), [{"bank": Table("bank", ("bank_id",), {"glow": glow})}])


def test_a_result_that_the_disk_does_not_take_is_written_later_and_only_if_it_is_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reload, "RESULT_RETRY_S", 0.02)
    folder = tmp_path / "state"
    reloading = Reloading(folder)
    (first,) = reloading.run()
    assert first == "nothing to reload: the configuration has not changed"
    reloading.configured = settings_of(folder, 2)
    reloading.run()
    assert outcome(folder) is None
    folder.mkdir()
    until(lambda: outcome(folder) == ReloadOutcome.DONE)


def outcome(folder: Path) -> ReloadOutcome | None:
    result = reload_result(folder, 0)
    return result.outcome if result else None


def until(happened: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
