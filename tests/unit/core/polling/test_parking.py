"""Parked registers: whatever becomes of the parts of a request, all of its registers are asked for or left out."""

from __future__ import annotations

from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.polling.parking import Parking, PollResult

S = 1_000_000
REGISTERS = range(16)
PLAN = Plan(
    (Request(4, 0, 16, tuple((a, 1) for a in REGISTERS), 0), Request(3, 500, 1, ((500, 1),), 32)), 34, "parking"
)


def search(parking: Parking, request: Request, illegal: set[int]) -> list[Request]:
    """What is read of a request after a search, of which these registers are illegal."""
    if not illegal & {address for address, _ in request.atoms}:
        return [request]
    parts = parking.split(request, "exception 2", illegal=True, mono_us=0)
    return [read for part in parts for read in search(parking, part, illegal)]


def test_two_silent_parts_of_a_request_that_was_put_together_for_a_try_are_both_known() -> None:
    parking, illegal = Parking(PLAN, 600 * S), {6, 9}
    read = [each for request in PLAN.requests for each in search(parking, request, illegal)]
    parking.learn(PollResult(replied=read, searching=True))
    parking.learn(PollResult(replied=parking.requests))
    *together, other = parking.requests
    assert [len(request.atoms) for request in together] == [6, 2, 6]
    parking.learn(PollResult(replied=[together[1], other], silent=[(together[0], "timeout"), (together[2], "timeout")]))
    asked = {address for request in parking.requests for address, _ in request.atoms}
    assert asked == {*REGISTERS, 500} - illegal
