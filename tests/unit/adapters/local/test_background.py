"""Whoever must not wait for a disk gives its work to a thread, and looks when it is done."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import wait
from threading import Event

import pytest

from ess_ray.adapters.local.background import Background, LatestResult

HANGING = """
import time
from ess_ray.adapters.local.background import Background
Background("hangs").submit(lambda: time.sleep(60))
"""


def test_work_is_done_in_order_and_an_error_ends_only_its_own() -> None:
    background, done = Background("test"), list[int]()
    futures = [background.submit(lambda n=n: done.append(1 // n)) for n in (1, 0, 1)]  # type: ignore[misc]
    wait(futures, timeout=10)
    assert done == [1, 1]
    with pytest.raises(ZeroDivisionError):
        futures[1].result()


def test_a_process_ends_though_its_work_hangs() -> None:
    subprocess.run([sys.executable, "-c", HANGING], check=True, timeout=30)


def test_a_question_that_hangs_gives_what_was_known_before_and_is_asked_once() -> None:
    answers, begun, goes_on = [1, 2, 3], Event(), Event()

    def question() -> int:
        answer = answers.pop(0)
        if answer == 2:
            begun.set()
            goes_on.wait(10)
            raise OSError("the disk is gone")
        return answer

    polled = LatestResult("test", question)
    assert polled.latest() is None
    while polled.latest() != 1:
        pass
    assert begun.wait(10)
    assert [polled.latest(), polled.latest(), answers] == [1, 1, [3]]
    goes_on.set()
    while polled.latest() == 1:
        pass
    while (latest := polled.latest()) is None:
        pass
    assert latest == 3
