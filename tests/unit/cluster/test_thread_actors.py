"""Actors that are threads keep what is promised of actors: in order, one at a time, and no error is lost."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from ess_ray.cluster.actor_system import ActorError
from ess_ray.cluster.thread_actors import ThreadActors
from ess_ray.core.errors import CannotStart, JournalBusy


class Recorder:
    """Notes the calls as they are carried out."""

    def __init__(self, seen: list[Any]) -> None:
        self._seen = seen
        self.go_on = threading.Event()

    def note(self, what: object) -> object:
        self._seen.append(("begin", what))
        time.sleep(0)  # another thread's turn
        self._seen.append(("end", what))
        return what

    def fail(self) -> None:
        raise JournalBusy("another process has it")

    def wait(self) -> str:
        self.go_on.wait(10)
        return "waited"


@pytest.fixture
def system() -> ThreadActors:
    return ThreadActors()


def test_calls_are_carried_out_one_at_a_time_in_order(system: ThreadActors) -> None:
    seen: list[Any] = []
    actor = system.make(Recorder, (seen,), "recorder")
    calls = [actor.call("note", number) for number in range(100)]
    assert [system.result(call) for call in calls] == list(range(100))
    assert seen == [(moment, number) for number in range(100) for moment in ("begin", "end")]


def test_an_argument_that_is_a_call_is_replaced_by_its_result(system: ThreadActors) -> None:
    first, second = (system.make(Recorder, ([],), name) for name in ("first", "second"))
    assert system.result(second.call("note", first.call("note", "bytes"))) == "bytes"
    with pytest.raises(ActorError) as failed:
        system.result(second.call("note", first.call("fail")))
    assert isinstance(failed.value.cause, JournalBusy)


def test_an_error_ends_its_call_and_not_the_actor(system: ThreadActors) -> None:
    actor = system.make(Recorder, ([],), "recorder")
    with pytest.raises(ActorError, match="another process has it") as failed:
        system.result(actor.call("fail"))
    assert isinstance(failed.value.cause, JournalBusy)
    assert system.result(actor.call("note", 1)) == 1


def test_the_calls_that_have_ended_are_given_and_no_other_is_waited_for(system: ThreadActors) -> None:
    target = Recorder([])
    actor, other = system.make(lambda: target, (), "waiting"), system.make(Recorder, ([],), "other")  # type: ignore[arg-type]
    slow, quick = actor.call("wait"), other.call("note", 1)
    assert system.returned([slow, quick], 10) == [quick]
    assert system.returned([slow], 0) == system.returned([slow], 0.01) == []
    target.go_on.set()
    assert set(system.returned([slow, quick], 10, 2)) == {slow, quick}


def test_an_actor_that_hangs_ends_the_job(system: ThreadActors) -> None:
    with pytest.raises(CannotStart, match=r"the writer has not answered for 120 s: .* start it again"):
        system.end(system.make(Recorder, ([],), "writer"), None, "the writer has not answered for 120 s")
