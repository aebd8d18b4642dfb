"""One poll of one device: what follows from replies that are none, and from silence.

Pure: the connection (`core.polling.connection`) sends the requests, reports what became of each, and takes the sample
at the end (`core.polling.poll_sample`). What the device does not have is searched and left out by
`core.polling.parking`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ess_ray.core.maps.plan import Guard, Request
from ess_ray.core.maps.registers import Expected
from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.rates import Asked
from ess_ray.core.polling.requests import NOTHING_IN_FLIGHT, PARKED, EarlyReply, PollRequests
from ess_ray.core.reasons import Reason, exception_code
from ess_ray.core.settings import DeviceSettings

# MODBUS Application Protocol V1.1b3, section 7.
ILLEGAL_ADDRESS, ILLEGAL_VALUE = 2, 3
GATEWAY_TARGET_SILENT = 11
# Device failure, acknowledge, busy, gateway path unavailable: may be over in a moment. The first pause before the
# request is sent again, and how much of the period, counted from the tick, may pass with that.
WORTH_A_RETRY = frozenset({4, 5, 6, 10})
BUSY_PAUSE_US = 20_000
BUSY_PART = 0.8
# Halvings of one poll: a request that is illegal as a whole is searched over several ticks, not in one that overruns.
MAX_SPLITS = 16
# So many requests in a row without a reply: the device is silent, and each further request would cost a time-out.
SILENCES = 2


class Poll(PollRequests):
    """One tick of one device, from its first request to its sample."""

    # What most polls leave as it is.
    surplus = b""  # bytes of the device that belong to no reply and were dropped; the last ones
    newly_parked: Sequence[Request] = ()  # that this poll found to be illegal, or silent for too long
    silent: Sequence[tuple[Request, str]] = ()  # requests without a reply that can be used, each with the reason
    refused: Sequence[Request] = ()  # with an exception that does not call them illegal
    searching = False  # a request was divided
    compared: Sequence[Guard] = ()  # registers that were held against what the map expects, as far as they were due
    unexpected: Mapping[Expected, str] = {}  # those that hold something else, and what
    resume_us = 0  # nothing is sent before, on the monotonic clock: the device is busy
    _pauses = 0  # for a busy device
    _splits = 0

    def __init__(self, settings: DeviceSettings, parking: Asked, tick_us: int, now: Now, failures: int = 0) -> None:
        """`failures`: of so many polls before this one, in a row, nothing was heard. Then one request is a probe."""
        self.requests, self.replies, self._last = parking.requests, [], parking.doubtful
        if parking.doubtful:
            self.special = True
        self.settings = settings
        self.tick_us = tick_us
        # The tick is ahead if it waited for its turn and the wall clock was set back meanwhile.
        self.tick_mono_us = now.mono_us - (now.wall_us - tick_us if now.wall_us > tick_us else 0)
        self.deadline_us = self.tick_mono_us + settings.phase_us + settings.poll_limit_us
        self.parking = parking
        self._probing = failures > 0
        if failures > 1:  # the first request may be the one that it does not reply to
            self.requests = _rotated(self.requests, failures - 1, len(parking.doubtful))

    # --- what the connection does ------------------------------------------------------------------------------------

    def on_connection_failed(self, reason: str, mono_us: int) -> None:
        """The connection has ended with requests in flight, by the device or by what it sent.

        The next is sent once more if it may, else it is given up.
        """
        self.in_flight = NOTHING_IN_FLIGHT
        if self.last_next:
            self._fail_next(reason)
            self.on_no_time(reason)
        elif not self._may_retry(mono_us):
            self._fail_next(reason)

    def on_silence(self, reason: str, mono_us: int, again: bool) -> None:
        """The requests in flight have no reply, and none is waited for. `again`: the next may be sent once more.

        After SILENCES in a row, and after one of a probe, all that is left is given up. Else the others are sent
        first: silence may be the device's way to refuse a request.
        """
        self.in_flight = NOTHING_IN_FLIGHT
        self.special = True
        self.silences += 1
        if self.silences >= SILENCES or (self._probing and not self.heard):
            left = self.requests[len(self.replies) :]
            asked = [request for request in left if request is left[0] or request in self._postponed]
            self.silent = [*self.silent, *((request, reason) for request in asked)]
            self.abandon(reason)
        elif self.last_next:
            self._fail_next(reason)
            self.on_no_time(reason)
        elif again and self._may_retry(mono_us):
            self._postpone_next(reason)
        else:
            self._fail_next(reason)

    def on_no_time(self, reason: str) -> None:
        """There is no time to wait for a reply to the next request, nor for those behind it: all are given up.

        What failed before counts as when it failed; `reason`: of the others.
        """
        self.in_flight = NOTHING_IN_FLIGHT
        while not self.over:
            request = self.requests[len(self.replies)]
            earlier = self._earlier.get(request, reason)
            if request in self.parking.doubtful:
                self._give_up_next(self.parking.doubtful[request])
            elif earlier != reason and exception_code(earlier) is None:
                self._fail_next(earlier)
            else:
                self._give_up_next(earlier)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _on_exception(self, code: int, received: EarlyReply) -> None:
        reason = f"{Reason.EXCEPTION} {code}"
        if code == GATEWAY_TARGET_SILENT:  # that code says that nothing was heard
            if received.last_in_flight:
                self.on_silence(reason, received.mono_us, again=False)
            else:
                self._fail_next(reason)
            return
        self.heard, self.silences = True, 0
        request = self.requests[len(self.replies)]
        illegal = code in (ILLEGAL_ADDRESS, ILLEGAL_VALUE)
        if illegal or self.parking.to_be_halved(request):
            self._search(reason, illegal, received.mono_us)
        elif self.last_next:
            self._fail_next(reason)
        elif code not in WORTH_A_RETRY or not self._ask_busy_again(request, reason, received.mono_us):
            self.refused = [*self.refused, request]
            self._give_up_next(reason)

    def _ask_busy_again(self, request: Request, reason: str, mono_us: int) -> bool:
        """True if the next request, which the device was too busy for, will be sent again in this poll.

        The others are sent first; if the device is busy for them too, it gets a pause, each twice as long as the last.
        """
        end_us = self.tick_mono_us + self.settings.phase_us + int(self.settings.period_us * BUSY_PART)
        pause_us = BUSY_PAUSE_US << self._pauses
        useful = self.parking.worth_asking_again(request)
        if not self.settings.retries or not useful or mono_us + pause_us >= min(end_us, self.deadline_us):
            if useful and self._attempts > 1:
                self.parking.asked_again_in_vain(request)
            return False
        self._busy += 1
        others = len(self.replies) + 1 < len(self.requests)
        self._earlier = {**self._earlier, request: reason}
        if others:
            self._postpone_next(reason)
        if self._busy > 1 or not others or self.requests[len(self.replies)] in self._postponed:
            self.resume_us, self.special = mono_us + pause_us, True
            self._pauses += 1
        return True

    def _may_retry(self, mono_us: int) -> bool:
        retries = 0 if self._probing and not self.heard else self.settings.retries
        return self._attempts <= retries and mono_us < self.deadline_us

    def _fail_next(self, reason: str) -> None:
        """The next request has failed for good in a way that may be the device's way to refuse it."""
        self.silent = [*self.silent, (self.requests[len(self.replies)], reason)]
        self._give_up_next(reason)

    def _give_up_next(self, reason: str) -> None:
        doubtful = self.parking.doubtful
        parked = doubtful and doubtful.get(self.requests[len(self.replies)]) == PARKED
        self._end_next(PARKED if parked else self._telling(reason))

    def _telling(self, reason: str) -> str:
        """The reason for the next request: that of an earlier attempt, if the last one was cut off or heard nothing."""
        if not self._earlier or reason not in (Reason.TIMEOUT, Reason.OVERRUN):
            return reason
        earlier = self._earlier.get(self.requests[len(self.replies)], reason)
        return reason if reason == Reason.TIMEOUT and exception_code(earlier) is not None else earlier

    def _search(self, reason: str, illegal: bool, mono_us: int) -> None:
        """The next request is refused: put its parts in its place, or give it up if it is one value."""
        request = self.requests[len(self.replies)]
        parts = self.parking.split(request, reason, illegal, mono_us)
        if not parts:
            self.newly_parked = [*self.newly_parked, request]
        self.searching = self.searching or bool(parts)
        if not parts or self._splits >= MAX_SPLITS:
            self._give_up_next(reason)
            return
        self._splits += 1
        self._put_in_place_of_next(parts)


def _rotated(requests: Sequence[Request], by: int, doubtful: int) -> Sequence[Request]:
    """The requests, begun with another one; the last ones, so many `doubtful`, stay the last."""
    end = len(requests) - doubtful
    start = by % end if end else 0
    return [*requests[start:end], *requests[:start], *requests[end:]]
