"""Ray's own processes as the driver sees them: the nodes that are up, and whether Ray is still there.

On one machine `RayNodes.check` looks at Ray's processes. In a cluster a thread asks the head: its answer may be long in
coming when the head is away, and a round must not wait for it.
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

from ess_ray.adapters.local.machine import memory_bytes
from ess_ray.cluster.actor_system import ANYWHERE, Placement
from ess_ray.cluster.nodes import Nodes
from ess_ray.core.errors import CannotStart, printable
from ess_ray.core.running.logfields import about
from ess_ray.core.running.spread import Node

log = logging.getLogger(__name__)

LOOK_S = 1.0
CONNECT_LIMIT_S = 2.0  # for a connection to the head
FAILED_LOOKS = 2  # in a row, and the head is given up: a network may stumble once
STUCK_S = 10.0  # after the head's end: by then the driver has ended in order, or it hangs
# Resources that Ray makes itself; all others were given by the user (`ray start --resources`).
RAYS_OWN = ("node:", "memory", "object_store_memory", "CPU", "GPU", "accelerator_type:")


class RayNodes(Nodes):
    """The nodes of a cluster; none on one machine.

    The thread sets `up` to a new tuple, ordered by id, about once a second; any thread may read it. It sets `_lost`
    once: why the job cannot go on. From then on `check` raises, and after STUCK_S the thread ends the process, exit
    code 1, if that is still alive.
    """

    def __init__(self, cluster: bool) -> None:
        """To be made once Ray is started; `cluster`: False on one machine. Raises RayError if no head answers."""
        self._cluster = cluster
        self._lost: str | None = None
        self.up: tuple[Node, ...] = ()
        if cluster:
            self.up = _nodes()
            Thread(target=self._watch, name="nodes", daemon=True).start()

    @property
    def near(self) -> Placement:
        """In a cluster the driver's node, and no other."""
        return Placement(node_id(), only_there=True) if self._cluster else ANYWHERE

    def check(self) -> None:
        """Raise CannotStart if Ray's own processes here, or a cluster's head, are gone; to be called every round."""
        if self._cluster:
            if self._lost:
                raise CannotStart(self._lost)
            return
        node: Any = ray._private.worker._global_node  # noqa: SLF001  # Ray has no public way to ask
        processes: Mapping[str, Any] = node.all_processes
        for name in ("raylet", "gcs_server"):
            if any(info.process.poll() is not None for info in processes.get(name, ())):
                raise CannotStart(f"Ray's {name} has ended: the job cannot go on, start it again")

    def _watch(self) -> None:
        """In the thread. That the head is away is found by a connection first, since a call would wait for it."""
        here, failed_looks = node_id(), 0
        while not self._lost:
            time.sleep(LOOK_S)
            failed_looks = 0 if _head_listens() else failed_looks + 1
            if failed_looks:
                if failed_looks == FAILED_LOOKS:
                    self._lost = "Ray's head has ended: the job cannot go on, start it again"
                continue
            try:
                self.up = _nodes()
            except (RayError, ConnectionError, RuntimeError, ValueError) as error:
                log.warning("Ray's head does not list the cluster's nodes: %s", error)
            if here not in {node.id for node in self.up}:
                self._lost = "Ray's raylet on this machine has ended: the job cannot go on, start it again"
        self._exit_if_stuck()

    def _exit_if_stuck(self) -> None:
        """A call to a head that is gone may hold the driver's main thread for a minute: it is not waited for."""
        time.sleep(STUCK_S)
        log.error("%s", self._lost, extra=about("stop"))
        print(printable(f"ess_ray: {self._lost}"), file=sys.stderr, flush=True)
        os._exit(1)  # what was polled is in the journals


def node_id() -> str:
    """The id of this process's node."""
    return str(ray.get_runtime_context().get_node_id())


def _nodes() -> tuple[Node, ...]:
    """The nodes that are up, always in the same order."""
    nodes: list[Mapping[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return tuple(
        Node(
            node["NodeID"],
            node["NodeManagerHostname"],
            int(node["Resources"].get("CPU", 1)) or 1,
            frozenset(name for name in node["Resources"] if not name.startswith(RAYS_OWN)),
            int(node["Resources"].get("memory", 0)) or memory_bytes(),
        )
        for node in sorted(nodes, key=lambda node: str(node["NodeID"]))
        if node["Alive"]
    )


def _head_listens() -> bool:
    node: Any = ray._private.worker._global_node  # noqa: SLF001
    host, _, port = str(node.gcs_address).rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_LIMIT_S).close()
    except OSError:
        return False
    return True
