"""One actor of a run and its lives: watched, killed when it hangs, made anew when it is dead for good."""

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
    """An actor under a name that a person knows."""

    def __init__(self, name: str, make: Callable[[], Any]) -> None:
        self.name = name
        self._make = make
        self.handle = make()
        self._asked = self.handle.ready.remote()
        self._process: ProcessInfo | None = None
        self.deaths = 0  # of lives that had begun
        self._killed = False  # in this life

    @property
    def up(self) -> bool:
        """Whether this life has begun."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """Of this life, once it has begun."""
        return self._process.pid if self._process else None

    def begin(self, process_of: Callable[[Any], ProcessInfo]) -> Any:
        """What `ready()` of a new life gave, once; None: nothing new. Raises the actor's own error."""
        if self._asked is None or not ray.wait([self._asked], timeout=0)[0]:
            return None
        asked, self._asked = self._asked, None
        try:
            ready = ray.get(asked)
        except RayTaskError:
            self._asked = self.handle.ready.remote()
            raise
        except RayError as error:
            self.died(error)
            return None
        self._process, self._killed = process_of(ready), False
        troubles.over(("died", self.name), f"{self.name} is up again", about("actor back"))
        return ready

    def died(self, error: RayError) -> None:
        """The actor has died: Ray starts it again by itself, or, if it died before it was up, a new one is made."""
        self.deaths += self.up  # the end of one life may be heard more than once
        text = f"{self.name} has died ({type(error).__name__}) and is started again"
        troubles.met(("died", self.name), text, about("actor died", error=error), logging.ERROR)
        if not self.up and isinstance(error, ActorDiedError):
            try:
                self.handle = self._make()
            except ValueError:  # its name is not free yet: the next look finds it dead again
                log.info("%s is not gone yet", self.name)
        self.ask_again()

    def ask_again(self) -> None:
        """What it gave is lost: it is asked anew whether it is up, and told anew what to do."""
        self._process = None
        self._asked = self.handle.ready.remote()

    def kill(self, why: str) -> None:
        """End an actor that hangs, even one that is stopped; Ray starts it again."""
        if self._killed:
            return  # it is on a node that cannot be reached, and ends with that node
        self._killed = True
        text = f"{self.name} {why}: it is killed and started again"
        troubles.met(("hangs", self.name), text, about("actor killed"), logging.ERROR)
        if self._process is None or self._process.host != socket.gethostname():
            ray.kill(self.handle, no_restart=False)
            return
        try:
            os.kill(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            log.info("%s was gone already", self.name)
