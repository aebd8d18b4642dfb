"""Ray's own processes as the driver sees them: which nodes are up, and whether Ray is still there. Used by the driver.

In a cluster a thread asks: the answer may be long in coming when the head is away, and a round must not wait for it.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Mapping
from threading import Thread
from typing import Any

import ray
from ray.exceptions import RayError

from ess_ray.cluster.actors import beside_the_driver
from ess_ray.core.errors import CannotStart
from ess_ray.core.running.logfields import about
from ess_ray.core.running.spread import Node

log = logging.getLogger(__name__)

LOOK_S = 1.0
CONNECT_S = 2.0
LOOKS = 2  # in vain, and the head is given up: a network may stumble once
STUCK_S = 10.0  # after the head's end: by then the driver has ended in order, or hangs
OWN = ("node:", "memory", "object_store_memory", "CPU", "GPU", "accelerator_type:")  # resources that Ray makes itself


class Nodes:
    """The nodes of a cluster; none on one machine. A reader sees what was found a second ago."""

    def __init__(self, cluster: bool) -> None:
        self._cluster = cluster
        self._lost: str | None = None
        self.up: tuple[Node, ...] = ()
        if cluster:
            self.up = _nodes()
            Thread(target=self._look, name="nodes", daemon=True).start()

    @property
    def near(self) -> dict[str, Any]:
        """The options of actors that are to be near the database."""
        return beside_the_driver() if self._cluster else {}

    def check(self) -> None:
        """Raises CannotStart if Ray's own process on this machine is gone: nothing can be collected without it."""
        if self._cluster:
            if self._lost:
                raise CannotStart(self._lost)
            return
        node: Any = ray._private.worker._global_node  # noqa: SLF001  # Ray has no public way to ask
        processes: Mapping[str, Any] = node.all_processes
        for name in ("raylet", "gcs_server"):
            if any(info.process.poll() is not None for info in processes.get(name, ())):
                raise CannotStart(f"Ray's {name} has ended: the job cannot go on, start it again")

    def _look(self) -> None:
        """An answer may be long in coming when the head is away: that it is away is found first."""
        here, in_vain = ray.get_runtime_context().get_node_id(), 0
        while not self._lost:
            time.sleep(LOOK_S)
            in_vain = 0 if _head_listens() else in_vain + 1
            if in_vain:
                if in_vain == LOOKS:
                    self._lost = "Ray's head has ended: the job cannot go on, start it again"
                continue
            try:
                self.up = _nodes()
            except (RayError, ConnectionError, RuntimeError, ValueError) as error:
                log.warning("the cluster's nodes cannot be asked for: %s", error)
            if here not in {node.id for node in self.up}:
                self._lost = "Ray's raylet on this machine has ended: the job cannot go on, start it again"
        self._end_stuck()

    def _end_stuck(self) -> None:
        """A call of Ray's to a head that is gone may hold the driver for a minute: it is not waited for."""
        time.sleep(STUCK_S)
        log.error("%s", self._lost, extra=about("stop"))
        print(f"ess_ray: {self._lost}", file=sys.stderr, flush=True)
        os._exit(1)  # what was polled is in the journals


def _nodes() -> tuple[Node, ...]:
    """Those that are up, the order always the same."""
    found: list[Mapping[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return tuple(
        Node(
            one["NodeID"],
            one["NodeManagerHostname"],
            int(one["Resources"].get("CPU", 1)) or 1,
            frozenset(name for name in one["Resources"] if not name.startswith(OWN)),
        )
        for one in sorted(found, key=lambda one: str(one["NodeID"]))
        if one["Alive"]
    )


def _head_listens() -> bool:
    node: Any = ray._private.worker._global_node  # noqa: SLF001
    host, _, port = str(node.gcs_address).rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    except OSError:
        return False
    return True
