"""When connections are woken, and which are opened when."""

from __future__ import annotations

from ess_ray.core.polling.openings import MAX_OPENING, OPENING_US, Openings
from ess_ray.core.polling.timers import NEVER_US, Timers


def test_moments_come_up_in_order_never_early_and_at_most_a_slot_late() -> None:
    timers: Timers[str] = Timers()
    for at_us, name in ((9_000, "b"), (1_000, "a"), (9_001, "c"), (70_000, "d")):
        timers.add(at_us, name)
    assert timers.due(999) == []
    assert 1_000 <= timers.next_us <= 1_256
    assert timers.due(timers.next_us) == ["a"]
    assert timers.due(9_300) == ["b", "c"]
    assert timers.due(80_000) == ["d"]
    assert timers.next_us == NEVER_US


def test_connections_are_opened_in_turn_and_never_too_many_at_once() -> None:
    openings: Openings[int] = Openings()
    assert openings.next_us == NEVER_US
    for item in range(MAX_OPENING + 3):
        openings.want(item, failed_before=False)
    assert openings.next_us == 0
    assert openings.admit(0) == list(range(MAX_OPENING))
    assert openings.next_us == OPENING_US
    openings.over(7)
    assert openings.admit(1) == [MAX_OPENING]
    openings.over(MAX_OPENING + 1)  # not wanted any more
    assert openings.admit(OPENING_US) == [MAX_OPENING + 2]
    assert openings.next_us == NEVER_US


def test_devices_that_do_not_reply_hold_up_no_others() -> None:
    openings: Openings[int] = Openings()
    for dead in range(10 * MAX_OPENING):
        openings.want(dead, failed_before=True)
    openings.admit(0)
    openings.want(-1, failed_before=False)
    assert openings.admit(OPENING_US)[0] == -1
