"""What real gateways do to a poller: answers out of turn, limits, vanishing, coming back. Real sockets."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace

import pytest

from ess_ray.core.reasons import Reason
from ess_ray.core.samples import Sample, Status
from tests import torture
from tests.contract.test_modbus import GOOD, PERIOD_US, collect, settings
from tests.faults.proxy import Mode, ProxyThread


@pytest.mark.parametrize("code", range(1, 12))
def test_an_exception_costs_the_block_that_it_is_for(code: int) -> None:
    with torture.device(torture.only_for(100, torture.refusing(code))) as port:
        (sample,) = collect([settings(port)], 1)
    assert (sample.status, sample.reason, sample.missing_text) == (Status.PARTIAL, f"exception {code}", "4:100-101")
    assert sample.image == GOOD[:8] + bytes(4)


def test_an_answer_behind_its_time_limit_is_never_a_value() -> None:
    with torture.device(torture.late(0.15)) as port:
        samples = collect([settings(port)], 3)
    assert [(sample.status, sample.reason, sample.image) for sample in samples] == [
        (Status.FAILED, Reason.TIMEOUT, b"")
    ] * 3


def test_the_answer_to_an_earlier_request_is_never_a_value() -> None:
    with torture.device(torture.stale()) as port:
        (sample,) = collect([replace(settings(port), retries=0)], 1)
    assert (sample.status, sample.reason, sample.missing_text) == (Status.PARTIAL, Reason.TIMEOUT, "4:100-101")
    assert sample.image == GOOD[:8] + bytes(4)


def test_an_earlier_answer_in_front_of_the_right_one_is_dropped() -> None:
    with torture.device(torture.echoing()) as port:
        samples = collect([settings(port)], 4)
    assert [(sample.status, sample.image) for sample in samples] == [(Status.STORED, GOOD)] * 4


def test_a_gateway_that_takes_one_connection_serves_all_its_devices() -> None:
    with torture.device(torture.good, connections=1) as port:
        one = settings(port)
        second = replace(one, device=replace(one.device, device="second"), unit_id=2)
        samples = collect([one, second], 4)
    assert len(samples) == 8
    assert all((sample.status, sample.image) == (Status.STORED, GOOD) for sample in samples)


def test_a_gateway_whose_only_connection_is_taken_is_closed_and_then_read() -> None:
    with torture.device(torture.good, connections=1) as port:
        other = socket.create_connection(("127.0.0.1", port))
        leaves = threading.Timer(1.0, other.close)
        leaves.start()
        samples = collect([replace(settings(port), backoff_max_us=PERIOD_US)], 10)
        leaves.join()
    reasons = [sample.reason for sample in samples]
    assert len({sample.tick_us for sample in samples}) == 10
    assert reasons[0] == Reason.CLOSED
    assert (samples[-1].status, samples[-1].image) == (Status.STORED, GOOD)
    assert set(reasons) <= {Reason.CLOSED, Reason.BACKOFF, None}


@pytest.mark.parametrize(
    ("trouble", "reasons"),
    [
        (Mode.BLACKHOLE, {Reason.TIMEOUT}),  # a half-open connection: the gateway is gone, and said nothing
        (Mode.REFUSE, {Reason.REFUSED, Reason.CLOSED}),  # it starts again: its connections break, its port is closed
    ],
)
def test_a_gateway_that_vanishes_and_comes_back_is_read_again(trouble: Mode, reasons: set[str]) -> None:
    with torture.device(torture.good) as port, ProxyThread() as thread:
        proxy = thread.proxy(port)
        device = replace(settings(proxy.port), backoff_max_us=PERIOD_US)
        timers = [threading.Timer(0.8, proxy.set, [trouble]), threading.Timer(2.0, proxy.set, [Mode.PASS])]
        for timer in timers:
            timer.start()
        samples = collect([device], 16)
        for timer in timers:
            timer.join()
    _check_gap(samples, reasons | {Reason.BACKOFF})


def _check_gap(samples: list[Sample], reasons: set[str]) -> None:
    """Whole at both ends, failed in between, with these reasons; every tick once, no byte that was not read."""
    assert len({sample.tick_us for sample in samples}) == 16
    whole = [sample.status is Status.STORED for sample in samples]
    assert whole[0]
    assert whole[-1]
    gap = [sample for sample in samples if sample.status is not Status.STORED]
    assert gap
    assert {sample.reason for sample in gap} <= reasons
    assert all(sample.image in (b"", GOOD[:8] + bytes(4)) for sample in gap)
    assert all(sample.image == GOOD for sample in samples if sample.status is Status.STORED)


def test_a_half_open_connection_is_not_waited_for() -> None:
    """No answer and no end of the connection: the sample comes when the poll's time is over, not later."""
    with torture.device(torture.silent) as port:
        begun_s = time.monotonic()
        (sample,) = collect([settings(port)], 1)
        assert time.monotonic() - begun_s < 5
    assert sample.read_ms <= 250
