"""One actor of a run over all its processes: observed, killed when it hangs, made anew when it is dead for good.

Used by the driver's main thread. Ray starts a process that died again by itself, as the same actor and empty; the
driver has to notice, since a new process has to be given its work.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable
from typing import Any

import ray
from ray.exceptions import ActorDiedError, RayError, RayTaskError

from ess_ray.actors.process import ProcessInfo
from ess_ray.adapters.local.notices import Troubles
from ess_ray.core.running.logfields import about

log = logging.getLogger(__name__)
troubles = Troubles(__name__)


class SupervisedActor:
    """An actor under a name for a person.

        starting ── its `ready()` has returned: take_ready() ──▶ up
        up ── died(), or its work was lost: await_ready() ──▶ starting    (Ray starts the process again)
        starting ── died() for good ──▶ starting, with a new actor in `handle`
        up ── kill() ──▶ up, until a call that is in flight fails and died() is called

    Either a call of `ready()` is in flight (`_ready_call`) or the process is up (`_process`), never both or neither.
    """

    def __init__(self, name: str, make: Callable[[], Any]) -> None:
        """Make the actor and call its `ready()`, without waiting for its process.

        `make` gives the handle of a new Ray actor. `died` calls it again, and then it may raise ValueError: the name of
        the actor is not free yet.
        """
        self.name = name
        self._make = make
        self.handle = make()  # the Ray actor, on which methods are called: `handle.method.remote(…)`
        self._ready_call: Any = self.handle.ready.remote()
        self._process: ProcessInfo | None = None
        self.deaths = 0  # of processes that had been up
        self._killed = False  # this process

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

        `process_of` picks the process out of the result. Raises what `ready()` has raised (as RayTaskError of its
        class); then it is called again, and the next `take_ready` may find it up.
        """
        if self._ready_call is None or not ray.wait([self._ready_call], timeout=0)[0]:
            return None
        ready_call, self._ready_call = self._ready_call, None
        try:
            ready = ray.get(ready_call)
        except RayTaskError:
            self._ready_call = self.handle.ready.remote()
            raise
        except RayError as error:
            self.died(error)
            return None
        self._process, self._killed = process_of(ready), False
        troubles.over(("died", self.name), f"{self.name} is up again", about("actor back"))
        return ready

    def died(self, error: RayError) -> None:
        """Note that a call has failed with this error; waits for nothing.

        The actor is not `up` until `take_ready` finds the process that Ray starts. One that was not up and is dead for
        good (ActorDiedError) is made anew: `handle` changes.
        """
        self.deaths += self.up  # the end of a process may be reported by several calls
        text = f"the process of {self.name} ended unexpectedly or cannot be reached: it is started again"
        troubles.met(("died", self.name), text, about("actor died", error=error), logging.ERROR)
        if not self.up and isinstance(error, ActorDiedError):
            try:
                self.handle = self._make()
            except ValueError:  # its name is not free yet: the next `take_ready` finds it dead again
                log.info("%s is started again as soon as Ray has removed the old process", self.name)
        self.await_ready()

    def await_ready(self) -> None:
        """Call `ready()` again, without waiting: results of the process were lost, and it needs its work anew.

        The actor is not `up` until `take_ready` has found it so.
        """
        self._process = None
        self._ready_call = self.handle.ready.remote()

    def kill(self, reason: str) -> None:
        """End a process that hangs, even one that is stopped by SIGSTOP; Ray starts it again.

        `reason` stands behind the name in a sentence: "has not answered for 10 s". `up` stays as it is until `died`. A
        second call for the same process does nothing.
        """
        if self._killed:
            return  # it is on a node that cannot be reached, and ends with that node
        self._killed = True
        text = f"{self.name} {reason}: it is killed and started again"
        troubles.met(("hangs", self.name), text, about("actor killed"), logging.ERROR)
        if self._process is None or self._process.host != socket.gethostname():
            ray.kill(self.handle, no_restart=False)
            return
        try:
            os.kill(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            log.info("the process of %s had ended already", self.name)


def the_process(ready: ProcessInfo) -> ProcessInfo:
    """`process_of` for actors whose `ready()` gives the process alone."""
    return ready
