"""Devices that differ in numbers only, written once: `rack_1..12: {unit_id: 1..12, ids: {rack_id: 1..12}}`.

Called by `ess_ray.config.yaml_source` with a site's file, before anything else sees it: behind it there are twelve
devices, `rack_1` to `rack_12`. Whatever of the device is written as first..last counts along, at the end of a text too
(`host: 10.0.0.11..22`). Errors: ConfigError that names the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ess_ray.core.errors import ConfigError

NUMBERED = re.compile(r"(.*?)(\d+)\.\.(\d+)", re.DOTALL)
MOST = 10_000  # devices in one word


def expand_devices(tree: Mapping[str, Any], file: str) -> dict[str, Any]:
    """The tree of a site's file with every numbered device written out; what is not numbered is as it was.

    `file`: as messages name it. Raises ConfigError for numbers that go down, or more than MOST devices, a value that
    does not count as far as the devices do, and a device that is there twice.
    """
    expanded = dict(tree)
    if isinstance(devices := tree.get("devices"), dict):
        expanded["devices"] = _devices(devices, f"{file}, devices")
    if isinstance(sites := tree.get("sites"), dict):  # a file of the package _global_
        expanded["sites"] = {
            name: expand_devices(site, f"{file}, {name}") if isinstance(site, dict) else site
            for name, site in sites.items()
        }
    return expanded


def _devices(devices: Mapping[str, Any], where: str) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for word, device in devices.items():
        match = NUMBERED.fullmatch(str(word))
        entries = {word: device}
        if match:
            names = _count(str(word), match, f"{where}.{word}")
            if len(names) > MOST:
                raise ConfigError(f"{where}.{word}", f"{len(names)} devices are more than {MOST}, the most of one word")
            key = f"{where}.{word}"
            entries = {name: _counted(device, index, len(names), key) for index, name in enumerate(names)}
        if twice := next((name for name in entries if name in written), None):
            raise ConfigError(f"{where}.{twice}", "is there twice: once by itself, once among numbered devices")
        written |= entries
    return written


def _counted(value: Any, index: int, devices: int, key: str) -> Any:
    """What the device `index` of so many has for `value`."""
    if isinstance(value, dict):
        return {name: _counted(child, index, devices, f"{key}.{name}") for name, child in value.items()}
    match = NUMBERED.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    texts = _count(value, match, key)
    if len(texts) != devices:
        problem = f"{value} are {len(texts)} and the devices {devices}: here it counts along with them"
        raise ConfigError(key, problem)
    return texts[index] if match[1] else int(texts[index])


def _count(word: str, match: re.Match[str], key: str) -> list[str]:
    """The texts of `rack_1..12`: the numbers as wide as the first one if that begins with zeros."""
    first, last = int(match[2]), int(match[3])
    if last < first:
        raise ConfigError(key, f"{word}: the last number is below the first")
    width = len(match[2]) if match[2].startswith("0") else 1
    return [f"{match[1]}{number:0{width}}" for number in range(first, min(last, first + MOST) + 1)]
