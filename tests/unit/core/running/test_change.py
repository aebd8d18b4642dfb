"""What a reload may change, and what it says of the rest."""

from __future__ import annotations

import pytest

from ess_ray.core.errors import ConfigError
from ess_ray.core.running.change import change
from ess_ray.core.settings import Settings
from tests.make import SMALL, make_settings

WORDS = ("source=plant", "storage=timescale", "storage.dsn=postgresql://server/db")


def settings(*words: str) -> Settings:
    return make_settings(*WORDS, *words, folder=SMALL)


def sites(*names: str) -> list[str]:
    return [f"site=[{','.join(names)}]", *(f"sites.{name}.devices.gateway.host=h" for name in names)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (sites("sionyu", "panri"), ""),
        (sites("sionyu"), "removed panri/gateway"),
        (sites("sionyu", "panri", "seokhwan"), "added seokhwan/gateway"),
        ([*sites("sionyu", "panri"), "sites.panri.devices.gateway.period_s=5"], "changed panri/gateway"),
        ([*sites("sionyu", "panri"), "sites.panri.devices.gateway.max_registers=50"], "changed panri/gateway"),
        (sites("sionyu", "seokhwan"), "added seokhwan/gateway; removed panri/gateway"),
    ],
)
def test_devices_come_go_and_change(words: list[str], told: str) -> None:
    found = change(settings(*sites("sionyu", "panri")), settings(*words))
    assert (str(found), bool(found)) == (told, bool(told))


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("storage.late_s=5", "storage"),
        ("state_dir=elsewhere", "state_dir"),
        ("journal.max_mb=5", "journal"),
        ("export=local", "export"),
        ("sites.sionyu.timezone=UTC", "sites.sionyu.timezone"),
    ],
)
def test_what_holds_for_a_whole_run_is_refused_by_its_name(word: str, key: str) -> None:
    old, new = (settings(*sites("sionyu"), *more) for more in ((), (word,)))
    with pytest.raises(ConfigError, match="start it anew") as caught:
        change(old, new)
    assert caught.value.key == key
