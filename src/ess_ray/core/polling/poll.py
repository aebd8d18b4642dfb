"""One poll of one device: which requests go out next, what has been read, what is missing and why.

Pure: the connection (`core.polling.connection`) sends the requests, reports what became of each, and takes the sample
at the end. What the device calls illegal is searched by halving and then parked (`core.polling.parking`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ess_ray.core.maps.plan import Request
from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.missing import byte_ranges, missing_text
from ess_ray.core.polling.parking import Parking, subrequest
from ess_ray.core.reasons import Reason, bare_reason
from ess_ray.core.samples import Sample, Status
from ess_ray.core.settings import DeviceSettings

# MODBUS Application Protocol V1.1b3, section 7.
ILLEGAL_ADDRESS, ILLEGAL_VALUE = 2, 3
GATEWAY_TARGET_SILENT = 11
WORTH_A_RETRY = frozenset({4, 5, 6, 10})  # device failure, acknowledge, busy, gateway path unavailable
# Halvings of one poll: a request that is illegal as a whole is searched over several ticks, not in one that overruns.
MAX_SPLITS = 16
# An enum member looked up on its class is slow in Python 3.11, and this runs every poll.
STORED, PARTIAL, FAILED = Status
PARKED = Reason.PARKED
NOTHING_IN_FLIGHT = range(0)
TIMED_OUT = frozenset({Reason.TIMEOUT, Reason.INCOMPLETE})


class EarlyReply(NamedTuple):
    """A reply whose turn has not come: a request that was in flight before it has to be sent again, or in halves."""

    reply: bytes | int  # data, or the code of an exception
    mono_us: int  # when it was received
    last_in_flight: bool


NO_EARLY_REPLIES: Mapping[int, EarlyReply] = {}


class Poll:
    """One tick of one device, from its first request to its sample.

    Requests are sent, and their replies taken, in the order of `requests`:

        index       0 … n-1                n = len(replies)       n+1 …
                    replied, or given up   the next               `in_flight`, or with an early reply, or not sent yet

    Between two calls: the indexes in flight follow each other, and none is below n; no early reply has the index n or
    the index of a request in flight. The next request may be in flight or not; if it was sent before, it is sent alone.
    """

    # What most polls leave as it is; a poll is made every tick of every device.
    in_flight = NOTHING_IN_FLIGHT  # indexes of requests that were sent, and have neither reply nor failed
    heard = False  # the device has replied, be it with an exception
    sent = 0  # requests, retries included
    surplus = b""  # bytes of the device that belong to no reply and were dropped; the last ones
    newly_parked: Sequence[Request] = ()  # of one value each, that this poll found to be illegal
    early = NO_EARLY_REPLIES  # of requests behind the next, by index; replaced, never changed in place
    _missing: Sequence[Request] = ()
    _reason: str | None = None
    _attempts = 0  # how often the next request has been sent
    _splits = 0
    _retries = 0
    _searching = False

    def __init__(self, settings: DeviceSettings, parking: Parking, tick_us: int, now: Now, retries: int) -> None:
        """`retries`: how often a request may be sent again."""
        self.settings = settings
        self.tick_us = tick_us
        self.deadline_us = now.mono_us + settings.poll_limit_us - (now.wall_us - tick_us - settings.phase_us)
        self.requests: Sequence[Request] = parking.requests  # never changed in place: a search makes another list
        self.replies: list[bytes | None] = []  # data of the first so many requests; None: failed for good
        self._parking = parking
        self._max_retries = retries

    @property
    def over(self) -> bool:
        """True if every request has its reply or was given up: the sample can be taken."""
        return len(self.replies) >= len(self.requests)

    @property
    def in_turn(self) -> bool:
        """True if the oldest request in flight is the next, and not one behind it."""
        return self.in_flight.start == len(self.replies)

    # --- what the connection does ------------------------------------------------------------------------------------

    def send(self, at_once: int) -> range:
        """Indexes of the requests that go out now: the next, and up to `at_once` in all if it has not been sent yet.

        Counts them as in flight. To be called while the poll is not over and nothing is in flight.
        """
        first = len(self.replies)
        end = first + 1
        if at_once > 1 and not self._attempts:
            end = min(first + at_once, len(self.requests))
            if self.early:  # replies are taken in turn: none in between may have its reply already
                end = min([end, *(index for index in self.early if index > first)])
        if self._attempts:
            self._retries += 1
        self._attempts += 1
        self.sent += end - first
        self.in_flight = range(first, end)
        return self.in_flight

    def on_fast_replies(self, replies: Sequence[bytes]) -> None:
        """Data of replies to the request in flight and to those behind it, which the caller has sent by itself, each
        once and alone. Another one has to be in flight now: that behind the last of `replies`.

        Only while the next request is the one in flight, and no reply has come early.
        """
        self.heard = True
        self.sent += len(replies)
        self.replies.extend(replies)
        self._attempts = 1
        self.in_flight = range(len(self.replies), len(self.replies) + 1)

    def on_last_reply(self, replies: Sequence[bytes]) -> None:
        """As `on_fast_replies`, but none is in flight any more: the last of them is the reply to what was sent last."""
        self.heard = True
        self.sent += len(replies) - 1
        self.replies.extend(replies)
        self._attempts = 0
        self.in_flight = NOTHING_IN_FLIGHT
        if self.early:
            self._take_early()

    def on_replies(self, replies: Sequence[bytes]) -> None:
        """The oldest requests in flight, all or some, were replied to with this data; only while `in_turn`."""
        others = len(self.in_flight) > len(replies)
        self.in_flight = self.in_flight[len(replies) :] if others else NOTHING_IN_FLIGHT
        self.heard = True
        self.replies.extend(replies)
        self._attempts = 0
        if self.early or others:
            self._take_early()

    def on_reply(self, reply: bytes | int, mono_us: int) -> None:
        """The oldest request in flight was replied to: with its data (bits one a byte) or an exception's code."""
        index, self.in_flight = self.in_flight[0], self.in_flight[1:]
        self.early = {**self.early, index: EarlyReply(reply, mono_us, not self.in_flight)}
        self._take_early()

    def on_connection_failed(self, reason: str, mono_us: int) -> None:
        """The connection has ended with requests in flight: the next is sent once more if it may, else it is given up.

        After a time-out all that is left is given up: a silent device would cost a time-out a request.
        """
        self.in_flight = NOTHING_IN_FLIGHT
        if self._may_retry(mono_us):
            return
        if bare_reason(reason) in TIMED_OUT:
            self.abandon(reason)
        else:
            self._give_up_next(reason)

    def abandon(self, reason: str) -> None:
        """Nothing more is sent in this poll: whatever has no reply is missing."""
        while not self.over:
            self._give_up_next(reason)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _take_early(self) -> None:
        """Take the replies whose turn has come; then the next request may be one that is in flight already."""
        while self.early and (early := self.early.get(len(self.replies))):
            index = len(self.replies)
            self.early = {other: reply for other, reply in self.early.items() if other != index}
            self._attempts = self._attempts or 1
            if isinstance(early.reply, int):
                self._on_exception(early.reply, early)
            else:
                self.heard = True
                self.replies.append(early.reply)
                self._attempts = 0
        if self.in_flight and self.in_turn:
            self._attempts = 1

    def _on_exception(self, code: int, received: EarlyReply) -> None:
        """The device, or its gateway, replied to the next request with exception `code`."""
        self.heard = self.heard or code != GATEWAY_TARGET_SILENT  # that code says that nothing was heard
        reason = f"{Reason.EXCEPTION} {code}"
        if code in (ILLEGAL_ADDRESS, ILLEGAL_VALUE):
            self._search(reason, received.mono_us)
        elif code == GATEWAY_TARGET_SILENT and received.last_in_flight:
            self.abandon(reason)
        elif code not in WORTH_A_RETRY or not self._may_retry(received.mono_us):
            self._give_up_next(reason)

    def _may_retry(self, mono_us: int) -> bool:
        return self._attempts <= self._max_retries and mono_us < self.deadline_us

    def _give_up_next(self, reason: str) -> None:
        """The next request has failed for good: its registers are missing, the poll goes on."""
        self._attempts = 0
        self._miss(self.requests[len(self.replies)], reason)
        self.replies.append(None)
        self._take_early()

    def _search(self, reason: str, mono_us: int) -> None:
        """The next request is illegal: put its halves in its place, or give it up if it is one value."""
        index = len(self.replies)
        request = self.requests[index]
        halves = self._parking.split(request, mono_us)
        if not halves:
            self.newly_parked = [*self.newly_parked, request]
        self._searching = self._searching or bool(halves)
        if not halves or self._splits >= MAX_SPLITS:
            self._give_up_next(reason)
            return
        self._splits += 1
        self._attempts = 0
        self.requests = [*self.requests[:index], *halves, *self.requests[index + 1 :]]
        # What is in flight or has come early lies behind it, and moves by the additional request.
        self.in_flight = range(self.in_flight.start + 1, self.in_flight.stop + 1)
        self.early = {other + 1: reply for other, reply in self.early.items()}

    def _miss(self, request: Request, reason: str) -> None:
        self._reason = reason if self._reason in (None, PARKED) else self._reason
        self._missing = [*self._missing, request]

    # --- the sample --------------------------------------------------------------------------------------------------

    @property
    def registers(self) -> int:
        """How many registers and bits were read, of the requests that have replies so far."""
        return sum(r.count for r, reply in zip(self.requests, self.replies, strict=False) if reply is not None)

    def sample(self, now: Now) -> Sample:
        """The sample of a poll that is over; taken once: it brings the device's parked registers up to date."""
        device, plan, read_ms = self.settings.device, self.settings.plan, (now.wall_us - self.tick_us) / 1000
        if self.requests is plan.requests and not self._missing:  # nothing is parked or searched either
            image = b"".join(self.replies)  # type: ignore[arg-type]  # none has failed
            return Sample(
                device, plan.layout, self.tick_us, STORED, None, (), None, read_ms, self.sent, self._retries, image
            )  # fmt: skip
        self._miss_parked()
        self._parking.make_requests(now.mono_us, self._searching)
        image, reason, missing = self._image(), self._reason, self._missing
        status = FAILED if not image else STORED if reason is None or reason == PARKED else PARTIAL
        # Of a failed sample nothing was read: its registers need not be listed.
        ranges, text = (byte_ranges(missing), missing_text(missing)) if image and missing else ((), None)
        return Sample(
            device, plan.layout, self.tick_us, status, reason, ranges, text, read_ms, self.sent, self._retries, image
        )  # fmt: skip

    def _image(self) -> bytes:
        """The data of all replies where the plan puts them; empty if there are none."""
        if not any(self.replies):
            return b""
        image = bytearray(self.settings.plan.image_bytes)
        for request, reply in zip(self.requests, self.replies, strict=True):
            if reply is not None:
                image[request.offset : request.offset + len(reply)] = reply
        return bytes(image)

    def _miss_parked(self) -> None:
        if not (parked := self._parking.parked):  # nearly always, and of a silent device every atom is missing
            return
        missing_already = {(request.function, atom) for request in self._missing for atom in request.atoms}
        for request, atom in parked:
            if (request.function, atom) not in missing_already:
                self._miss(subrequest(request, (atom,)), PARKED)


def unread(settings: DeviceSettings, tick_us: int, reason: str, now: Now) -> Sample:
    """The failed sample of a tick (since 1970 UTC) at which no request was sent; `reason`: a `Reason`."""
    late_ms = (now.wall_us - tick_us) / 1000
    layout = settings.plan.layout
    return Sample(settings.device, layout, tick_us, Status.FAILED, reason, (), None, late_ms, 0, 0, b"")
