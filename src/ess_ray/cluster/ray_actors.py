"""Actors as processes of Ray: restarts, retries and concurrency of all of them, and what their calls end with.

Used by the driver's main thread once Ray is started.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ess_ray.actors.keeper import Keeper
from ess_ray.actors.poller import Poller, Ready
from ess_ray.actors.process import ProcessInfo
from ess_ray.cluster.actor_system import ANYWHERE, Actor, ActorError, ActorLostError, Call, Placement
from ess_ray.cluster.thread_actors import ThreadActors

log = logging.getLogger(__name__)

# No actor asks Ray for processors: what they need is measured, not reserved, and a small machine runs them all.
# Ray never repeats a call by itself (max_task_retries): a poll must not happen twice, and what is written again is the
# conductor's decision. An actor carries out its calls one after the other, in order.
COMMON: Mapping[str, Any] = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": 0, "max_concurrency": 1}
# Of a resource that its node offers an actor takes so much, where a node has 1: a thousand may share it.
SHARE_OF_RESOURCE = 0.001
LOOK_S = 0.02  # between two looks at calls of Ray and of threads


class _RayActor:
    def __init__(self, handle: Any) -> None:
        self.handle = handle

    def call(self, method: str, *arguments: Any) -> Call:
        return getattr(self.handle, method).remote(*arguments)


class RayActors:
    """See `cluster.actor_system.ActorSystem`. A call is a reference of Ray's; some may be of `ThreadActors`.

    Ray starts a process that died again by itself, as the same actor and empty, with the arguments it was made with.
    `cluster`: False on one machine.
    """

    logs_apart = True
    reach_us = 500_000

    def __init__(self, cluster: bool) -> None:
        self._threads = ThreadActors()
        self._classes: Mapping[type, type] = {Poller: _PlacedPoller, Keeper: _PlacedKeeper} if cluster else {}

    def make(self, actor_class: type, arguments: Sequence[Any], name: str, placement: Placement = ANYWHERE) -> Actor:
        """See there."""
        options = {**COMMON, **placement_options(placement), "name": name}
        handle: Any = ray.remote(self._classes.get(actor_class, actor_class))
        return _RayActor(handle.options(**options).remote(*arguments))

    def returned(self, calls: Sequence[Call], timeout_s: float | None, number: int = 1) -> list[Call]:
        """See there."""
        if any(isinstance(call, Future) for call in calls):
            return self._returned_of_both(calls, timeout_s, number)
        returned, _ = ray.wait(list(calls), num_returns=min(number, len(calls)), timeout=timeout_s)
        return list(returned)

    def _returned_of_both(self, calls: Sequence[Call], timeout_s: float | None, number: int) -> list[Call]:
        """Nothing waits for Ray and for a thread at once: look at both, again and again."""
        of_ray = [call for call in calls if not isinstance(call, Future)]
        end_s = math.inf if timeout_s is None else time.monotonic() + timeout_s
        while True:
            returned: list[Call] = [call for call in calls if isinstance(call, Future) and call.done()]
            if of_ray:
                returned += ray.wait(of_ray, num_returns=len(of_ray), timeout=0)[0]
            if len(returned) >= min(number, len(calls)) or time.monotonic() >= end_s:
                return returned
            time.sleep(LOOK_S)

    def result(self, call: Call) -> Any:
        """See there."""
        if isinstance(call, Future):
            return self._threads.result(call)
        try:
            return ray.get(call)
        except RayError as error:
            raise call_error(error) from error

    def end(self, actor: Actor, process: ProcessInfo | None, reason: str) -> None:
        """Also a process that was stopped by SIGSTOP; raises CannotStart for a thread of this process."""
        if not isinstance(actor, _RayActor):
            self._threads.end(actor, process, reason)
            return
        if process is None or process.host != socket.gethostname():
            ray.kill(actor.handle, no_restart=False)
            return
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            log.info("the process %d had ended already", process.pid)


def placement_options(placement: Placement) -> dict[str, Any]:
    """Ray's options of an actor or task that is to be there."""
    options: dict[str, Any] = {}
    if placement.resources:
        options["resources"] = dict.fromkeys(placement.resources, SHARE_OF_RESOURCE)
    if placement.node:
        strategy = NodeAffinitySchedulingStrategy(placement.node, soft=not placement.only_there)
        options["scheduling_strategy"] = strategy
    return options


def call_error(error: RayError) -> ActorError | ActorLostError:
    """The error of a call that has ended with this error of Ray's."""
    cause: Exception = error
    while isinstance(cause, RayTaskError):  # of an argument's call, within that of the call
        cause = cause.cause
    if isinstance(cause, RayError):
        return ActorLostError(str(cause), for_good=isinstance(cause, ActorDiedError))
    return ActorError(cause)


class _Placed:
    """Adds to a poller or keeper which node of the cluster it is on."""

    def ready(self) -> Ready:
        """The same as of the actor, with the node."""
        ready: Ready = super().ready()  # type: ignore[misc]
        return replace(ready, node=ray.get_runtime_context().get_node_id())


class _PlacedPoller(_Placed, Poller):
    pass


class _PlacedKeeper(_Placed, Keeper):
    pass
