"""Devices, samples and settings for tests, with the program's own defaults: a test says only what matters to it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ess_ray.config.compose import compose_config
from ess_ray.config.device_schema import DeviceConfig
from ess_ray.config.load import load_settings
from ess_ray.config.paths import conf_folder
from ess_ray.config.schema import Config
from ess_ray.config.values import freeze
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.plan import Plan
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import Standard, load_standard
from ess_ray.core.samples import Device, Sample, Status
from ess_ray.core.settings import DeviceSettings, Settings

S = 1_000_000  # microseconds
DEVICE = Device("site", "device")
EMPTY_PLAN = Plan((), 0, "layout")
SMALL = Path(__file__).parent / "data/small"  # a folder of a user: the maps of the program's sites, a column each


def make_device(device: Device = DEVICE, **settings: Any) -> DeviceSettings:
    """A device polled every second; `settings` are fields of DeviceSettings that differ from the defaults."""
    usual = {"device": device, "map_name": "map", "host": "host", "port": 502, "plan": EMPTY_PLAN, "recipe": "recipe"}
    times = {
        "period_us": S,
        "poll_limit_us": 2 * S,
        "tls": None,
        "placement": frozenset[str](),
        "tolerate": frozenset[str](),
    }
    return freeze(DeviceSettings, DeviceConfig(), **(usual | times | settings))


def make_sample(tick_us: int = 0, device: Device = DEVICE, **values: Any) -> Sample:
    """A stored sample of the empty plan; `values` are fields of Sample that differ."""
    usual: dict[str, Any] = {
        "device": device, "layout": EMPTY_PLAN.layout, "tick_us": tick_us, "status": Status.STORED, "reason": None,
        "missing": (), "missing_text": None, "read_ms": 1.0, "requests": 1, "retries": 0, "image": b"image",
    }  # fmt: skip
    return Sample(**(usual | values))


@cache
def make_settings(*words: str, folder: Path | None = None, variables: tuple[tuple[str, str], ...] = ()) -> Settings:
    """The settings of the command line's words, of a user's folder and of variables of the environment (none else)."""
    return load_settings(compose_config(words, folder), dict(variables))


def changed(config: Config, values: Mapping[str, object]) -> Config:
    """A copy of the configuration with other values, by keys as on the command line: quicker than composing it anew."""
    copy = deepcopy(config)
    for key, value in values.items():
        *groups, name = key.split(".")
        owner: Any = copy
        for group in groups:
            owner = owner[group] if isinstance(owner, dict) else getattr(owner, group)
        assert hasattr(owner, name), f"there is no key {key}"
        setattr(owner, name, value)
    return copy


@cache
def shipped_standard() -> Standard:
    """The standard that the program ships."""
    return load_standard(_shipped_tree("standard/ess"))


@cache
def shipped_map(name: str) -> RegisterMap:
    """A register map that the program ships."""
    return load_map(name, _shipped_tree(f"map/{name}"), shipped_standard())


def _shipped_tree(name: str) -> Any:
    return yaml.load((conf_folder() / f"{name}.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
