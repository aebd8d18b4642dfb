"""A device's registers and its longest request are found in few requests, whatever it does to longer ones."""

from __future__ import annotations

import pytest

from ess_ray.core.checking.explore import find_largest
from ess_ray.core.checking.survey import MOST_SILENT, Reply, Survey
from ess_ray.core.reasons import Reason


class Device:
    """Register r reads r; `lacking` ones and requests of more than `most` registers get `refusal`."""

    def __init__(self, refusal: Reply, most: int = 125, lacking: frozenset[int] = frozenset()) -> None:
        self.refusal, self.most, self.lacking = refusal, most, lacking
        self.requests = 0

    def read(self, function: int, address: int, count: int) -> Reply:
        self.requests += 1
        if count > self.most or self.lacking & {*range(address, address + count)}:
            return self.refusal
        return b"".join(number.to_bytes(2, "big") for number in range(address, address + count))


@pytest.mark.parametrize("refusal", [Reason.TIMEOUT, 2, 3])
@pytest.mark.parametrize("most", [1, 8, 64, 124, 125])
def test_the_longest_request_is_found(most: int, refusal: Reply) -> None:
    device, survey = Device(refusal, most), Survey()
    survey.cover(((3, address) for address in range(100, 225)), device.read)
    find_largest(survey, 3, device.read)
    assert (survey.largest[3], 3 in survey.bounded) == (most, most < 125)
    assert len(survey.registers) == 125
    assert device.requests <= 10 + 125 // most + (0 if refusal is Reason.TIMEOUT else 2 * 125 // most)


@pytest.mark.parametrize("refusal", [Reason.TIMEOUT, 2])
def test_registers_that_a_device_lacks_are_told_from_a_request_that_is_too_long(refusal: Reply) -> None:
    device, survey = Device(refusal, lacking=frozenset({110, 111})), Survey()
    survey.cover(((3, address) for address in range(100, 140)), device.read)
    assert survey.refused == dict.fromkeys(
        [(3, 110), (3, 111)], "timeout" if refusal is Reason.TIMEOUT else "exception 2"
    )
    assert survey.runs == [(3, 100, 109), (3, 112, 139)]
    assert not survey.bounded


def test_a_function_that_the_device_does_not_know_costs_one_request() -> None:
    device, survey = Device(1, most=0), Survey()
    survey.cover(((4, address) for address in range(300)), device.read)
    assert (device.requests, survey.unknown_functions, len(survey.refused)) == (1, {4}, 300)


def test_a_silent_device_is_given_up() -> None:
    device, survey = Device(Reason.TIMEOUT, most=0), Survey()
    survey.cover(((3, address) for address in range(1000)), device.read)
    assert device.requests <= MOST_SILENT + 10
    assert survey.not_searched
