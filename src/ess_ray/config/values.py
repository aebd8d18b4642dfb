"""Checks of values of the configuration, and settings made of them. Pure; errors: ConfigError that names the key."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from ess_ray.config.rules import rule_of
from ess_ray.config.schema import Config
from ess_ray.core.errors import ConfigError

UNITS = {"_s": " s", "_h": " h", "_mb": " MiB"}  # by a key's ending
HOSTS = ("host", "server_name")  # keys that hold a name or an address
MICROSECONDS = {"_s": 1e6, "_h": 3600e6}  # in one of the unit

SettingsT = TypeVar("SettingsT")


def check_groups(config: Config) -> None:
    """Check all groups `name.key` but the fleet's, whose values count with `site=fleet` only."""
    for field in fields(config):
        group = getattr(config, field.name)
        if is_dataclass(group) and field.name != "fleet":
            check_group(field.name, group)


def check_group(key: str, group: Any) -> None:
    """Check the values of a dataclass of `config.schema` against their bounds and choices, and HOSTS if there are any.

    `key` is the group's own (`storage`). Raises ConfigError for the first value that is wrong; null is within bounds.
    """
    for field in fields(group):
        value = getattr(group, field.name)
        if is_dataclass(value):
            check_group(f"{key}.{field.name}", value)
            continue
        rule = rule_of(field)
        values = value if isinstance(value, list) else [] if value is None else [value]
        for chosen in values if rule.choices else ():
            check_choice(f"{key}.{field.name}", chosen, rule.choices)
        if field.name in HOSTS and value:
            check_host(f"{key}.{field.name}", value)
        if rule.least is not None and rule.most is not None:
            for number in values:
                check_range(f"{key}.{field.name}", number, rule.least, rule.most)


def check_host(key: str, host: str) -> None:
    """Raises ConfigError for a text that is neither a name nor an address, as it has spaces or control characters.

    A host goes to the name server, and onto terminals and pages, as it is. Nothing is looked up here.
    """
    if not host.isprintable() or len(host.split()) != 1 or host != host.strip():
        raise ConfigError(key, f"{host!r} is no name or address: it holds a space or a character that is not printable")


def check_choice(key: str, value: str, choices: Collection[str]) -> None:
    """Raises ConfigError if the value is none of the choices."""
    if value not in choices:
        raise ConfigError(key, f"{value!r} is none of {', '.join(choices)}")


def check_range(key: str, value: float, least: float, most: float) -> None:
    """Raises ConfigError if the value, in the unit of the key's ending, is NaN, below `least` or above `most`."""
    if not least <= value <= most:  # NaN is never within
        unit = unit_of(key)
        raise ConfigError(key, f"{value:.10g}{unit} is not within {least:.4g} to {most:.10g}{unit}")


def unit_of(key: str) -> str:
    """The unit that a key's ending names, with a space in front; empty for others."""
    return next((unit for ending, unit in UNITS.items() if key.endswith(ending)), "")


def freeze(settings: type[SettingsT], group: Any, **others: object) -> SettingsT:
    """Settings from a checked group of the configuration: each field is one of `others` or the group's key of its name.

    A field `x_us` (microseconds) is the group's `x_s` (seconds) or `x_h` (hours); null stays None.
    """
    values = {}
    for field in fields(settings):  # type: ignore[arg-type]
        values[field.name] = others.pop(field.name) if field.name in others else _value(group, field.name)
    assert not others, f"{settings.__name__} has no {', '.join(others)}"
    return settings(**values)


def _value(group: Any, name: str) -> object:
    if hasattr(group, name):
        return getattr(group, name)
    stem = name.removesuffix("_us")
    ending = next(ending for ending in MICROSECONDS if hasattr(group, stem + ending))
    value = getattr(group, stem + ending)
    return None if value is None else round(value * MICROSECONDS[ending])


def file_of(text: str | None) -> Path | None:
    """The absolute path that a text names, `~` being the user's folder; None for None or an empty text.

    Nothing has to be there; links stay as they are.
    """
    return Path(text).expanduser().absolute() if text else None
