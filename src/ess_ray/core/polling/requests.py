"""The requests of one poll: in what order they are sent, how their replies are taken. Base of `core.polling.poll`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ess_ray.core.maps.plan import Request
from ess_ray.core.reasons import Reason

# An enum member looked up on its class is slow in Python 3.11, and this runs every poll.
PARKED = Reason.PARKED
NOTHING_IN_FLIGHT = range(0)


class EarlyReply(NamedTuple):
    """A reply whose turn has not come: a request that was in flight before it has to be sent again, or in halves."""

    reply: bytes | int  # data, or the code of an exception
    mono_us: int  # when it was received
    last_in_flight: bool


NO_EARLY_REPLIES: Mapping[int, EarlyReply] = {}


class PollRequests(ABC):
    """Requests that are sent, and their replies taken, in the order of `requests`:

        index       0 … n-1                n = len(replies)       n+1 …
                    replied, or given up   the next               `in_flight`, or with an early reply, or not sent yet

    Between two calls: the indexes in flight follow each other, and none is below n; no early reply has the index n or
    the index of a request in flight. The next request may be in flight or not; if it was sent before, it is sent alone.
    A request that has failed and may be sent again can go to the end, so that the others do not wait for it.
    """

    # What most polls leave as it is; a poll is made every tick of every device.
    in_flight = NOTHING_IN_FLIGHT  # indexes of requests that were sent, and have neither reply nor failed
    heard = False  # the device has replied, be it with an exception
    sent = 0  # requests, retries included
    retries = 0
    silences = 0  # in a row: requests without a reply
    missing: Sequence[Request] = ()
    reason: str | None = None  # the first that is not PARKED
    early = NO_EARLY_REPLIES  # of requests behind the next, by index; replaced, never changed in place
    special = False  # a request at the end, or sent again, is to be waited for in another way than most
    _attempts = 0  # how often the next request has been sent
    _postponed: Mapping[Request, int] = {}  # requests that went to the end: how often each was sent
    _earlier: Mapping[Request, str] = {}  # and why
    _busy = 0  # in a row: exceptions that may be over in a moment

    # Set by the poll, without a call in between.
    requests: Sequence[Request]  # never changed in place: a search makes another list
    replies: list[bytes | None]  # data of the first so many requests; None: failed for good
    _last: Collection[Request]  # the last of `requests`, which go alone and stay the last

    @property
    def over(self) -> bool:
        """True if every request has its reply or was given up: the sample can be taken."""
        return len(self.replies) >= len(self.requests)

    @property
    def in_turn(self) -> bool:
        """True if the oldest request in flight is the next, and not one behind it."""
        return self.in_flight.start == len(self.replies)

    @property
    def alone_from(self) -> int:
        """From this index on requests go alone: those that are sent again, and the last."""
        return len(self.requests) - len(self._postponed) - len(self._last)

    @property
    def last_next(self) -> bool:
        """True if only those of `last` are left."""
        return bool(self._last) and self.requests[len(self.replies)] in self._last

    @property
    def asking_again(self) -> bool:
        """True if the next request was sent before."""
        return self._attempts > 0 or self.requests[len(self.replies)] in self._postponed

    @property
    def registers(self) -> int:
        """How many registers and bits were read, of the requests that have replies so far."""
        return sum(r.count for r, reply in zip(self.requests, self.replies, strict=False) if reply is not None)

    # --- what the connection does ------------------------------------------------------------------------------------

    def send(self, at_once: int) -> range:
        """Indexes of the requests that go out now: the next, and up to `at_once` in all if it has not been sent yet.

        Counts them as in flight. To be called while the poll is not over and nothing is in flight.
        """
        first = len(self.replies)
        end = first + 1
        if self._postponed and not self._attempts:
            self._attempts = self._postponed.get(self.requests[first], 0)
        if at_once > 1 and not self._attempts:
            end = max(end, min(first + at_once, self.alone_from))
            if self.early:  # replies are taken in turn: none in between may have its reply already
                end = min([end, *(index for index in self.early if index > first)])
        if self._attempts:
            self.retries += 1
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
        self.silences = self._busy = 0
        self.sent += len(replies)
        self.replies.extend(replies)
        self._attempts = 1
        self.in_flight = range(len(self.replies), len(self.replies) + 1)

    def on_last_reply(self, replies: Sequence[bytes]) -> None:
        """As `on_fast_replies`, but none is in flight any more: the last of them is the reply to what was sent last."""
        self.heard = True
        self.silences = self._busy = 0
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
        self.silences = self._busy = 0
        self.replies.extend(replies)
        self._attempts = 0
        if self.early or others:
            self._take_early()

    def on_reply(self, reply: bytes | int, mono_us: int) -> None:
        """The oldest request in flight was replied to: with its data (bits one a byte) or an exception's code."""
        index, self.in_flight = self.in_flight[0], self.in_flight[1:]
        self.early = {**self.early, index: EarlyReply(reply, mono_us, not self.in_flight)}
        self._take_early()

    def abandon(self, reason: str) -> None:
        """Nothing more is sent in this poll: whatever has no reply is missing."""
        while not self.over:
            self._give_up_next(reason)

    def miss(self, request: Request, reason: str) -> None:
        """The registers of a request are missing."""
        self.reason = reason if self.reason in (None, PARKED) else self.reason
        self.missing = [*self.missing, request]

    # --- inside ------------------------------------------------------------------------------------------------------

    @abstractmethod
    def _on_exception(self, code: int, received: EarlyReply) -> None:
        """The device, or its gateway, replied to the next request with exception `code`."""

    @abstractmethod
    def _give_up_next(self, reason: str) -> None:
        """The next request has failed for good: `_end_next` with the reason of its registers."""

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
                self.silences = self._busy = 0
                self.replies.append(early.reply)
                self._attempts = 0
        if self.in_flight and self.in_turn:
            self._attempts = 1

    def _end_next(self, reason: str) -> None:
        """The registers of the next request are missing, the poll goes on."""
        self._attempts = 0
        self.miss(self.requests[len(self.replies)], reason)
        self.replies.append(None)
        self._take_early()

    def _postpone_next(self, reason: str) -> None:
        """The next request has failed for this reason and goes to the end, to be sent again there."""
        index = len(self.replies)
        request = self.requests[index]
        self.special = True
        self._postponed = {**self._postponed, request: self._attempts}
        self._earlier = {**self._earlier, request: reason}
        others = [*self.requests[:index], *self.requests[index + 1 :]]
        end = len(others) - sum(other in self._last for other in others[index:])
        self.requests = [*others[:end], request, *others[end:]]
        self._move(-1)
        self._take_early()

    def _put_in_place_of_next(self, parts: Sequence[Request]) -> None:
        """The next request is sent as these."""
        index = len(self.replies)
        self.requests = [*self.requests[:index], *parts, *self.requests[index + 1 :]]
        self._move(len(parts) - 1)

    def _move(self, by: int) -> None:
        """What is behind the next request, in flight or replied to, has other indexes now."""
        self._attempts = 0
        self.early = {other + by: reply for other, reply in self.early.items()}
        if self.in_flight:
            self.in_flight = range(self.in_flight.start + by, self.in_flight.stop + by)
