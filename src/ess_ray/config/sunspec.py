"""The settings of `job=import from=sunspec`, checked: called by `config.importing` alone. Errors: ConfigError."""

from __future__ import annotations

import re
from pathlib import Path

from ess_ray.config.device_schema import DeviceConfig
from ess_ray.config.schema import Config
from ess_ray.config.values import freeze
from ess_ray.core.errors import ConfigError
from ess_ray.core.settings import ProbeSettings, SunSpecSettings

WORD = "sunspec"
PORT = 502
MOST_UNITS = 32
# host, host:port, [IPv6]:port, or an IPv6 address alone
DEVICE = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[]+))(?::(?P<port>\d+))?|(?P<bare>[0-9a-fA-F:.]+)")


def sunspec_settings(config: Config, name: str | None, folder: Path) -> SunSpecSettings | None:
    """Freeze `device`, `unit` and `models` of `from=sunspec`; None if `from` is something else.

    `name`: of the map, if it is said; `folder`: in which `map/` is. Raises ConfigError for words that cannot be meant,
    as `unit` without `from=sunspec`.
    """
    words = config.importing
    if config.from_ != WORD:
        for key, value in (("unit", words.unit), ("models", words.models)):
            if value:
                raise ConfigError(key, f"belongs to from={WORD}")
        return None
    if bool(config.device) == bool(words.models):
        example = f"from={WORD} device=192.0.2.10 unit=1, or from={WORD} models=[1,103,160x2] for one that is not there"
        raise ConfigError("device", f"say which device, or which models it has: {example}")
    units = _units(words.unit or "1")
    probe = _probe(config, config.device, units[0]) if config.device else None
    return SunSpecSettings(probe, units, tuple(map(_model, words.models)), name, folder)


def _probe(config: Config, device: str, unit: int) -> ProbeSettings:
    """How the device is read: as gently as `job=probe` does."""
    match = DEVICE.fullmatch(device)
    port = int((match["port"] or PORT) if match else 0)
    if match is None or not 1 <= port <= 65535:
        raise ConfigError("device", f"{device!r}: expected HOST or HOST:PORT of the device, as in 192.0.2.10:502")
    return freeze(
        ProbeSettings,
        DeviceConfig(),
        device=None,
        host=match["host"] or match["v6"] or match["bare"],
        port=port,
        unit_id=unit,
        tls=None,
        tolerate=frozenset(),
        windows=(),
        configured={},
        requests_s=config.probe.rate,
        most_requests=config.probe.most_requests,
        most_connections=1,
    )


def _units(text: str) -> tuple[int, ...]:
    """The unit ids of `3`, `1..4` or `1,3..5`."""
    units: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)(?:\.\.(\d+))?\s*", part)
        span = range(int(match[1]), int(match[2] or match[1]) + 1) if match else range(0)
        if not span or span[-1] > 255:
            raise ConfigError("unit", f"{text!r}: expected a unit id from 0 to 255, or several as 1..4")
        units += span
    if len(units) > MOST_UNITS:
        raise ConfigError("unit", f"expected at most {MOST_UNITS} unit ids, found {len(units)}")
    return tuple(dict.fromkeys(units))


def _model(text: str) -> tuple[int, int]:
    """The number of a model, and how often it has what repeats in it: `103`, `160x2`."""
    match = re.fullmatch(r"(\d{1,5})(?:x(\d{1,3}))?", text)
    if match is None:
        raise ConfigError("models", f"{text!r}: expected the number of a model, 103, or 160x2 with what repeats in it")
    return int(match[1]), int(match[2] or 1)
