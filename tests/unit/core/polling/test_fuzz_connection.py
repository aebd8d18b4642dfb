"""Any bytes at any moment: the connection never raises, always ends its poll, and takes no value from a wrong frame."""

from __future__ import annotations

import random

import pytest

from tests.fuzz_frames import MUTATIONS, make_script, play


@pytest.mark.parametrize("at_once", [1, 2, 3, 4, 5])
def test_only_a_right_frame_of_the_request_that_waits_is_accepted(at_once: int) -> None:
    chance = random.Random(at_once)
    scripts = [make_script(chance, most_steps=30) for _ in range(70)]
    for script in scripts:
        play(script, at_once)
    assert {mutation for script in scripts for mutation, _, _ in script} == set(MUTATIONS)
