"""Many simulated devices in one process, for the collector: `python -m ess_ray.simulator --fleet`.

Reads one line of JSON from standard input, a `plan.FleetPlan`: {"standard": tree, "own": tree, "maps": {name: tree},
"devices": [{"name", "endpoint", "map", "unit_id", "seed", "framing"}, ...]}, listens on 127.0.0.1 (one port an
endpoint), prints one line {"ports": {name: port}, "authority": PEM} with the certificate of those in TLS, and ends when
standard input ends, which is when its owner is gone, or on SIGTERM. `launch.SimulatedFleet` is the other side.
"""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import sys
import threading
from collections.abc import Mapping
from typing import cast

from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.own_columns import merged
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import load_standard
from ess_ray.simulator.certificate import throw_away
from ess_ray.simulator.plan import FleetPlan
from ess_ray.simulator.plant import Plant
from ess_ray.simulator.server import listen
from ess_ray.simulator.topology import Topology


async def run_fleet() -> None:
    """Serve the plan on standard input until that ends, or until SIGTERM; prints the ports. Called in the main thread.

    Raises ConfigError for no JSON, a map that cannot be used or a unit id used twice; OSError if no port can be had.
    """
    try:
        plan: FleetPlan = json.loads(sys.stdin.buffer.readline())
    except ValueError as error:
        raise ConfigError("--fleet", "expected one line of JSON on standard input") from error
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    tls, authority = throw_away() if any(device["framing"] == "tls" for device in plan["devices"]) else (None, "")
    ports = await _listen_all(plan, tls)
    print(json.dumps({"ports": ports, "authority": authority}), flush=True)
    threading.Thread(target=_wait_for_end, args=(loop, ended), daemon=True).start()
    await ended.wait()


async def _listen_all(plan: FleetPlan, tls: ssl.SSLContext | None) -> dict[str, int]:
    endpoints: dict[str, dict[int, Plant]] = {}
    framings: dict[str, str] = {}
    for device, plant in zip(plan["devices"], _plants(plan), strict=True):
        units = endpoints.setdefault(device["endpoint"], {})
        if device["unit_id"] in units:
            raise ConfigError(
                device["name"], f"unit id {device['unit_id']} is already used on endpoint {device['endpoint']}"
            )
        units[device["unit_id"]] = plant
        framings.setdefault(device["endpoint"], device["framing"])
    ports = {}
    for endpoint, units in endpoints.items():
        framing = framings[endpoint]
        _, ports[endpoint] = await listen(units, framing=framing, tls=tls if framing == "tls" else None)
    return {device["name"]: ports[device["endpoint"]] for device in plan["devices"]}


def _plants(plan: FleetPlan) -> list[Plant]:
    """The plant of each device; devices with one map and one seed share theirs."""
    standard = load_standard(plan["standard"])
    standard = merged(standard, [load_standard(plan["own"], "own", standard).tables])
    maps: dict[str, tuple[RegisterMap, Topology]] = {}
    plants: dict[tuple[str, int], Plant] = {}
    for device in plan["devices"]:
        name, seed = device["map"], device["seed"]
        if name not in maps:
            register_map = load_map(name, cast(Mapping[str, object], plan["maps"][name]), standard)
            maps[name] = register_map, Topology(register_map)
        if (name, seed) not in plants:
            plants[name, seed] = Plant(maps[name][0], seed, topology=maps[name][1])
    return [plants[device["map"], device["seed"]] for device in plan["devices"]]


def _wait_for_end(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    loop.call_soon_threadsafe(ended.set)
