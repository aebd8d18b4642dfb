"""The settings of Ray and the placement of devices on its nodes, checked: called by `ess_ray.config.load` alone.

Errors: ConfigError that names the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ess_ray.config.schema import Config
from ess_ray.config.values import file_of, freeze
from ess_ray.core.errors import ConfigError
from ess_ray.core.settings import ClusterSettings

RESOURCE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,62}")
RESERVED_BY_RAY = ("cpu", "gpu", "memory", "object_store_memory")


def cluster_settings(config: Config, simulated: bool) -> ClusterSettings:
    """Freeze `cluster`.

    Raises ConfigError for an address of a cluster together with `ray: false`, the embedded database, simulated devices
    or a token file that is not there, and for `devices_per_actor` that is neither auto nor a number above 0.
    """
    cluster = config.cluster
    if cluster.address and not cluster.ray:
        raise ConfigError(
            "cluster.ray", "false means one process on this machine: leave cluster.address out, or set true"
        )
    if cluster.address and config.storage.kind == "embedded":
        raise ConfigError("cluster.address", "the embedded database serves one machine only: use storage=timescale")
    if cluster.address and simulated:
        problem = "simulated devices listen on this machine only, where other nodes do not reach them: use source=plant"
        raise ConfigError("cluster.address", problem)
    per_actor = cluster.devices_per_actor
    if per_actor != "auto" and not (per_actor.isdecimal() and int(per_actor) > 0):
        raise ConfigError("cluster.devices_per_actor", f"{per_actor!r} is neither auto nor a number above 0")
    return freeze(
        ClusterSettings,
        cluster,
        token_file=_token_file(cluster.token_file, bool(cluster.address)),
        devices_per_actor=None if per_actor == "auto" else int(per_actor),
    )


def placement(
    site: str, of_site: Mapping[str, int], name: str = "", of_device: Mapping[str, int] | None = None
) -> frozenset[str]:
    """Names of the Ray resources that a node has to offer to poll a device: those of its site and its own.

    `site`: the key of the site, `sites.NAME` or `fleet`, and `name` the device's name, both for errors only; `of_site`
    and `of_device`: the amount by the name of the resource, as configured. Raises ConfigError for a name that Ray does
    not take or keeps for itself, and for an amount other than 1.
    """
    keys = dict.fromkeys(of_site, f"{site}.placement")
    keys |= dict.fromkeys(of_device or {}, f"{site}.devices.{name}.placement")
    amounts = {**of_site, **(of_device or {})}
    for resource, key in keys.items():
        if not RESOURCE.fullmatch(resource) or resource.lower() in RESERVED_BY_RAY:
            problem = (
                "is no valid name of a Ray resource: a letter, then letters, digits, _ . -; not CPU, GPU or memory"
            )
            raise ConfigError(key, f"{resource!r} {problem}")
        if amounts[resource] != 1:
            raise ConfigError(
                key, f"{resource}: expected 1, not {amounts[resource]}: it only says that the node must have this label"
            )
    return frozenset(keys)


def _token_file(text: str | None, cluster: bool) -> Path | None:
    file = file_of(text)
    if file and cluster and not file.is_file():
        raise ConfigError("cluster.token_file", f"there is no file {file}: copy Ray's token from the cluster's head")
    return file
