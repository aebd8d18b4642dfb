"""What a simulated fleet is told on its standard input, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict


class FleetDevice(TypedDict):
    """A device to simulate: devices with the same `endpoint`, any text, share a port, and differ in `unit_id`.

    `name` is unique; `map` is a key of the plan's `maps`, `framing` of `server.CONNECTIONS`: the first at an endpoint
    says it.
    """

    name: str
    endpoint: str
    map: str
    unit_id: int
    seed: int
    framing: str


class FleetPlan(TypedDict):
    """The devices to simulate, and the trees of the standard and, by name, the maps, as the configuration has them.

    `own`: the columns of the user's own, as a tree like the standard's.
    """

    standard: Mapping[str, object]
    own: Mapping[str, object]
    maps: Mapping[str, object]
    devices: list[FleetDevice]
