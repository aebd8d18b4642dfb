"""Any bytes at any moment: the connection never raises, always ends its poll, and takes no value from a wrong frame."""

from __future__ import annotations

import random

import pytest

from tests.fuzz_frames import MUTATIONS, WIRES, Wire, make_script, play

WAYS = [
    pytest.param(wire, at_once, id=f"{at_once} {wire}")
    for wire in WIRES
    for at_once in (wire.at_once if wire is WIRES[0] else (1,))
]


@pytest.mark.parametrize(("wire", "at_once"), WAYS)
def test_only_a_right_frame_of_the_request_that_waits_is_accepted(wire: Wire, at_once: int) -> None:
    chance = random.Random(at_once)
    scripts = [make_script(chance, most_steps=30) for _ in range(50)]
    for script in scripts:
        play(script, at_once, wire)
    assert {mutation for script in scripts for mutation, _, _ in script} == set(MUTATIONS)
