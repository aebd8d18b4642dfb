"""How the work is spread over processes and nodes, checked: called by `ess_ray.config.load` alone.

Errors: ConfigError that names the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ess_ray.config.schema import Config
from ess_ray.core.errors import ConfigError
from ess_ray.core.settings import ClusterSettings, DeviceSettings

RESOURCE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,62}")
RAYS_OWN = ("cpu", "gpu", "memory", "object_store_memory")


def cluster_settings(config: Config, simulated: bool) -> ClusterSettings:
    """Freeze `cluster`."""
    cluster = config.cluster
    if cluster.address and config.storage.kind == "embedded":
        raise ConfigError("cluster.address", "the embedded database serves one machine only: use storage=timescale")
    if cluster.address and simulated:
        told = "simulated devices listen on this machine only, where other nodes do not reach them: use source=plant"
        raise ConfigError("cluster.address", told)
    per_actor = cluster.devices_per_actor
    if per_actor != "auto" and not (per_actor.isdecimal() and int(per_actor) > 0):
        raise ConfigError("cluster.devices_per_actor", f"{per_actor!r} is neither auto nor a number above 0")
    _within("cluster.normalisers", cluster.normalisers, 1, 64)
    _within("cluster.dashboard_port", cluster.dashboard_port, 0, 65535)
    _within("cluster.metrics_port", cluster.metrics_port, 0, 65535)
    return ClusterSettings(
        address=cluster.address,
        token_file=_token_file(cluster.token_file, bool(cluster.address)),
        devices_per_actor=None if per_actor == "auto" else int(per_actor),
        normalisers=cluster.normalisers,
        dashboard_port=cluster.dashboard_port,
        metrics_port=cluster.metrics_port,
    )


def placement(
    site: str, of_site: Mapping[str, int], name: str = "", of_device: Mapping[str, int] | None = None
) -> frozenset[str]:
    """What a node has to offer to poll a device: what its site says and what it says itself."""
    keys = dict.fromkeys(of_site, f"{site}.placement")
    keys |= dict.fromkeys(of_device or {}, f"{site}.devices.{name}.placement")
    amounts = {**of_site, **(of_device or {})}
    for resource, key in keys.items():
        if not RESOURCE.fullmatch(resource) or resource.lower() in RAYS_OWN:
            raise ConfigError(key, f"{resource!r} is no name of what a node may offer: letters, digits, _ . -")
        if amounts[resource] != 1:
            raise ConfigError(key, f"{resource}: {amounts[resource]}: say 1; a node offers it or does not")
    return frozenset(keys)


def check_lines(devices: Iterable[DeviceSettings]) -> None:
    """Devices behind one host and port share a connection, and so a node."""
    first: dict[tuple[str, int], DeviceSettings] = {}
    for device in devices:
        other = first.setdefault(device.endpoint, device)
        if device.host and device.placement != other.placement:
            key = f"sites.{device.device.site}.devices.{device.device.device}.placement"
            raise ConfigError(key, f"differs from that of {other.device}, which is behind the same host and port")


def _token_file(text: str | None, cluster: bool) -> Path | None:
    if not text:
        return None
    file = Path(text).expanduser().absolute()
    if cluster and not file.is_file():
        raise ConfigError("cluster.token_file", f"there is no file {file}: copy Ray's token from the cluster's head")
    return file


def _within(key: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ConfigError(key, f"{value} is not within {least} to {most}")
