"""Actors: objects whose methods are called one at a time, in order, without waiting. What collecting needs of them.

With Ray each is a process, on this machine or on another (`cluster.ray_actors`); without, each is a thread of this
process (`cluster.thread_actors`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ess_ray.actors.process import ProcessInfo

Call = Any  # of an actor's method: can be a key of a dict, and an argument of another call


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an actor may be in a cluster: on the node with this id, if possible or only there; "": on any.

    `resources`: names of those that its node has to offer.
    """

    node: str = ""
    only_there: bool = False
    resources: frozenset[str] = frozenset()


ANYWHERE = Placement()


class CallError(Exception):
    """A call has ended without a result."""


class ActorError(CallError):
    """The actor's method has raised `cause`; the actor goes on."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class ActorLostError(CallError):
    """The actor's process ended before it replied, or cannot be reached. `for_good`: it is not started again."""

    def __init__(self, reason: str, for_good: bool = False) -> None:
        super().__init__(reason)
        self.for_good = for_good


class Actor(Protocol):
    """The handle of an actor."""

    def call(self, method: str, *arguments: Any) -> Call:
        """Call a method, without waiting; behind all calls before.

        An argument that is a call of another actor is replaced by its result; the call fails as that one, if that
        fails. Raises nothing.
        """


class ActorSystem(Protocol):
    """Makes actors, and waits for their calls. Used by the driver's main thread.

    `logs_apart`: whether each actor has a process, and so a log file of its own. `reach_us`: within so many
    microseconds a call has reached its actor and begun, as a rule.
    """

    logs_apart: bool
    reach_us: int

    def make(self, actor_class: type, arguments: Sequence[Any], name: str, placement: Placement = ANYWHERE) -> Actor:
        """Make an actor, without waiting for it. Raises ValueError while another one has its name."""

    def returned(self, calls: Sequence[Call], timeout_s: float | None, number: int = 1) -> list[Call]:
        """Those of different calls that have ended, once these are `number`; after `timeout_s` seconds in any case."""

    def result(self, call: Call) -> Any:
        """The result of a call; waits for it. Raises ActorError, ActorLostError."""

    def end(self, actor: Actor, process: ProcessInfo | None, reason: str) -> None:
        """End the process of an actor that hangs, without waiting; its calls fail, later, and it is started again.

        `process`: its last, if it is known; `reason`: for a person. Raises CannotStart if it cannot be ended.
        """
