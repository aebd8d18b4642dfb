"""Actors as threads of this process: for one machine with little to do, without Ray.

What a thread has in memory is lost with the process and with nothing less: the journals have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent import futures
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any

from ess_ray.actors.process import ProcessInfo
from ess_ray.cluster.actor_system import ANYWHERE, Actor, ActorError, Call, Placement
from ess_ray.core.errors import CannotStart


class _ThreadActor:
    """An object and the thread that carries out its calls, in order."""

    def __init__(self, target: object, name: str) -> None:
        self._target = target
        self._calls: SimpleQueue[tuple[Future[Any], str, tuple[Any, ...]]] = SimpleQueue()
        Thread(target=self._work, name=name, daemon=True).start()

    def call(self, method: str, *arguments: Any) -> Call:
        call: Future[Any] = Future()
        self._calls.put((call, method, arguments))
        return call

    def _work(self) -> None:
        while True:
            self._carry_out(*self._calls.get())

    def _carry_out(self, call: Future[Any], method: str, arguments: tuple[Any, ...]) -> None:
        """A method of its own: nothing of a call stays in memory until the next one."""
        try:
            given = [each.result() if isinstance(each, Future) else each for each in arguments]
            result = getattr(self._target, method)(*given)
        except Exception as error:  # noqa: BLE001  # whoever takes the result gets it
            call.set_exception(error)
        else:
            call.set_result(result)


class ThreadActors:
    """See `cluster.actor_system.ActorSystem`. A call is a Future; a placement has no meaning.

    No thread can be ended: an actor that hangs ends the job.
    """

    logs_apart = False
    reach_us = 100_000

    def make(
        self,
        actor_class: type,
        arguments: Sequence[Any],
        name: str,
        placement: Placement = ANYWHERE,  # noqa: ARG002
    ) -> Actor:
        """See there."""
        return _ThreadActor(actor_class(*arguments), name)

    def returned(self, calls: Sequence[Call], timeout_s: float | None, number: int = 1) -> list[Call]:
        """See there; `number`: 1 or all."""
        ended = [call for call in calls if call.done()]
        if len(ended) >= number or timeout_s == 0:
            return ended
        until = futures.FIRST_COMPLETED if number == 1 else futures.ALL_COMPLETED
        return list(futures.wait(calls, timeout_s, until).done)

    def result(self, call: Call) -> Any:
        """See there."""
        try:
            return call.result()
        except Exception as error:
            raise ActorError(error) from error

    def end(self, actor: Actor, process: ProcessInfo | None, reason: str) -> None:  # noqa: ARG002
        """Raises CannotStart: the job has to end, and be started again."""
        raise CannotStart(f"{reason}: in one process it cannot be replaced, so the job ends; start it again")
