"""One actor of a run over all its processes: observed, killed when it hangs, made anew when it is dead for good.

Used by the driver's main thread. A process that died is started again by itself, as the same actor and empty; the
driver has to notice, since a new process has to be given its work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from ess_ray.actors.process import ProcessInfo
from ess_ray.adapters.local.notices import Troubles
from ess_ray.cluster.actor_system import Actor, ActorError, ActorLostError, ActorSystem, Call
from ess_ray.core.running.logfields import about

log = logging.getLogger(__name__)
troubles = Troubles(__name__)


class SupervisedActor:
    """An actor under a name for a person.

        starting ── its `ready()` has returned: take_ready() ──▶ up
        up ── died(), or its work was lost: await_ready() ──▶ starting    (the system starts the process again)
        starting ── died() for good ──▶ starting, with a new actor in `handle`
        up ── kill() ──▶ up, until a call that is in flight fails and died() is called

    Either a call of `ready()` is in flight (`_ready_call`) or the process is up (`_process`), never both or neither.
    """

    def __init__(self, system: ActorSystem, name: str, make: Callable[[], Actor]) -> None:
        """Make the actor and call its `ready()`, without waiting for its process.

        `make` makes it. `died` calls it again, and then it may raise ValueError: the name of the actor is not free yet.
        """
        self.name = name
        self._system = system
        self._make = make
        self._actor = make()
        self._ready_call: Call | None = self.call("ready")
        self._process: ProcessInfo | None = None
        self.deaths = 0  # of processes that had been up
        self._killed = False  # this process

    def call(self, method: str, *arguments: Any) -> Call:
        """See `cluster.actor_system.Actor.call`."""
        return self._actor.call(method, *arguments)

    @property
    def up(self) -> bool:
        """True if `take_ready` has found the process up."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """The number of the process that is up, else None."""
        return self._process.pid if self._process else None

    def take_ready(self, process_of: Callable[[Any], ProcessInfo]) -> Any:
        """The result of `ready()` of a process that has come up since the last call, else None; waits for nothing.

        `process_of` picks the process out of the result. Raises ActorError with what `ready()` has raised; then it is
        called again, and the next `take_ready` may find it up.
        """
        if self._ready_call is None or not self._system.returned([self._ready_call], 0):
            return None
        ready_call, self._ready_call = self._ready_call, None
        try:
            ready = self._system.result(ready_call)
        except ActorError:
            self._ready_call = self.call("ready")
            raise
        except ActorLostError as error:
            self.died(error)
            return None
        self._process, self._killed = process_of(ready), False
        troubles.over(("died", self.name), f"{self.name} is up again", about("actor back"))
        return ready

    def died(self, error: ActorLostError) -> None:
        """Note that a call has failed with this error; waits for nothing.

        The actor is not `up` until `take_ready` finds the process that is started. One that was not up and is dead for
        good is made anew.
        """
        self.deaths += self.up  # the end of a process may be reported by several calls
        text = f"the process of {self.name} ended unexpectedly or cannot be reached: it is started again"
        troubles.met(("died", self.name), text, about("actor died", error=error), logging.ERROR)
        if not self.up and error.for_good:
            try:
                self._actor = self._make()
            except ValueError:  # its name is not free yet: the next `take_ready` finds it dead again
                log.info("%s is started again as soon as the old process is removed", self.name)
        self.await_ready()

    def await_ready(self) -> None:
        """Call `ready()` again, without waiting: results of the process were lost, and it needs its work anew.

        The actor is not `up` until `take_ready` has found it so.
        """
        self._process = None
        self._ready_call = self.call("ready")

    def kill(self, reason: str) -> None:
        """End a process that hangs, even one that is stopped by SIGSTOP; it is started again.

        `reason` stands behind the name in a sentence: "has not answered for 10 s". `up` stays as it is until `died`. A
        second call for the same process does nothing.
        """
        if self._killed:
            return  # it is on a node that cannot be reached, and ends with that node
        self._killed = True
        text = f"{self.name} {reason}"
        self._system.end(self._actor, self._process, text)
        text += ": it is killed and started again"
        troubles.met(("hangs", self.name), text, about("actor killed"), logging.ERROR)


def the_process(ready: ProcessInfo) -> ProcessInfo:
    """`process_of` for actors whose `ready()` gives the process alone."""
    return ready
