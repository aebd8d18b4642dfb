"""The requests of a poll that are in flight on a connection, and their replies. Used by `core.polling.connection`.

Nearly every reply is complete, alone and good: its first bytes, up to its data, are known when the request goes out.
Then one comparison takes it (`take_fast`, `take_last`, `take_several`); all else is cut into frames, and each of them
checked (`next_reply`).
"""

from __future__ import annotations

from collections.abc import Callable

from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.counts import Histogram, request_failure
from ess_ray.core.polling.device import PolledDevice
from ess_ray.core.polling.framing import NO_REPLY_BYTES, Framing, PreparedRequest
from ess_ray.core.polling.pipeline import Pipeline
from ess_ray.core.polling.poll import Poll
from ess_ray.core.reasons import Reason, bare_reason


class Exchange:
    """Sends the requests of one poll after the other, and takes their replies into it.

    Invariants between two calls:
    - `in_flight_since_us` is set exactly while requests are in flight: requests of the poll that was begun last.
    - `_pipeline` is set exactly while several requests went out together and not all of them have their replies.
    - The fast path runs only while one request is in flight. `_fast_replies` are those that it has taken and the poll
      does not know of yet; every other method that touches the poll hands them over first (`_report_fast_replies`).
    """

    __slots__ = (
        "_device", "_fast_path", "_fast_replies", "_following", "_framing", "_pipeline", "_poll", "_reply_bytes",
        "_request_times", "_send", "_sent_us", "_timeout_us", "_until_us", "in_flight_since_us",
    )  # fmt: skip

    def __init__(self, framing: Framing, send: Callable[[bytes], None], fast_path: bool) -> None:
        """`send`: sends ADUs at once. `fast_path` False: each reply is checked; for tests, which find no difference."""
        self._framing = framing
        self._send = send
        self._fast_path = fast_path
        self._device: PolledDevice
        self._poll: Poll
        self._pipeline: Pipeline | None = None
        self._sent_us = 0  # when the requests in flight were sent
        self.in_flight_since_us: int | None = None  # when they were sent or last replied to; None: none is in flight
        # Of the device and its poll, so that the fast path touches nothing else.
        self._timeout_us = self._until_us = 0
        self._request_times = Histogram()
        # The fast path: length of the reply in flight if its prefix tells that it is good, the replies taken, and the
        # requests that may be sent behind it, the last one first.
        self._reply_bytes = NO_REPLY_BYTES
        self._fast_replies: list[bytes] = []
        self._following: list[PreparedRequest] = []

    @property
    def deadline_us(self) -> int | None:
        """When the time of the oldest request in flight is over, on the monotonic clock.

        None: none is in flight.
        """
        if self.in_flight_since_us is None:
            return None
        until_us = self.in_flight_since_us + self._timeout_us
        return until_us if until_us < self._until_us else self._until_us  # noqa: FURB136  # a call costs more

    def begin(self, device: PolledDevice, poll: Poll) -> None:
        """From now on the requests of this poll are sent; none of another is in flight."""
        self._device, self._poll = device, poll
        self._timeout_us, self._request_times = device.settings.timeout_us, device.counts.request_times
        if self._framing.surplus:  # came since the poll before was over
            self._take_surplus()

    def restart(self) -> None:
        """The connection is a new one."""
        self._framing.restart()

    def send(self, now: Now, until_us: int) -> None:
        """Send the poll's next request, or several if the device takes them; none of them is waited for longer.

        To be called while none is in flight and the poll is not over.
        """
        self._until_us = until_us
        device, poll = self._device, self._poll
        prepared = device.prepared(poll.requests)  # a search has made others
        indexes = poll.send(device.at_once)
        self._sent_us = self.in_flight_since_us = now.mono_us
        self._reply_bytes = NO_REPLY_BYTES
        if len(indexes) > 1:
            self._pipeline = Pipeline(prepared[indexes.start : indexes.stop], self._framing)
            self._send(self._pipeline.adus)
            return
        request = prepared[indexes.start]
        if self._fast_path and not self._framing.incomplete:
            self._reply_bytes = request.reply_bytes
            one_by_one = device.at_once == 1 and not device.settings.request_pause_us and not poll.early
            following = prepared[: poll.alone_from] if poll.special else prepared
            self._following = following[: indexes.start : -1] if one_by_one else []
        self._send(self._framing.encode(request))

    # --- replies -----------------------------------------------------------------------------------------------------

    def take_fast(self, data: bytes, now: Now) -> bool:
        """True if `data` is the good reply to the request in flight, and the next is sent: the poll is not touched.

        False: nothing was done with `data`, as with the reply to a poll's last request.
        """
        if len(data) != self._reply_bytes or not self._following:
            return False
        framing, mono_us = self._framing, now.mono_us
        prefix = framing.reply_prefix
        if not data.startswith(prefix) or mono_us >= self._until_us:
            return False
        request = self._following.pop()
        self._fast_replies.append(data[len(prefix) :])
        self._reply_bytes = request.reply_bytes
        self._send(framing.encode(request))
        times, took_us = self._request_times, mono_us - self._sent_us
        times.buckets[took_us.bit_length()] += 1
        times.sum_us += took_us
        self._sent_us = self.in_flight_since_us = mono_us
        return True

    def take_last(self, data: bytes, now: Now) -> bool:
        """True if `data` is the good reply to the one request in flight: the poll has it, nothing is in flight.

        False: nothing was done with `data`.
        """
        if len(data) != self._reply_bytes:
            return False
        prefix = self._framing.reply_prefix
        if not data.startswith(prefix):
            return False
        replies, times, took_us = self._fast_replies, self._request_times, now.mono_us - self._sent_us
        replies.append(data[len(prefix) :])
        self._poll.on_last_reply(replies)
        replies.clear()
        times.buckets[took_us.bit_length()] += 1
        times.sum_us += took_us
        self.in_flight_since_us, self._reply_bytes = None, NO_REPLY_BYTES
        return True

    def take_several(self, data: bytes, now: Now) -> bytes:
        """Takes the good replies to requests sent together that `data` begins with; gives what follows them.

        Gives `data` itself, the same object, if there are none.
        """
        poll = self._poll
        if not (self._pipeline and self._fast_path and poll.in_turn) or self._framing.incomplete:
            return data
        replies, remainder = self._pipeline.take(data, len(poll.in_flight))
        if replies:
            poll.on_replies(replies)
            self._replied(now, len(replies))
        return remainder

    def feed(self, data: bytes) -> None:
        """Bytes of which `next_reply` is to take what they hold."""
        self._report_fast_replies()
        self._reply_bytes = NO_REPLY_BYTES
        self._framing.feed(data)

    def next_reply(self, now: Now) -> bool | str:
        """True: a reply was taken. False: none is complete. A reason: what was fed is no reply to what is in flight."""
        pdu = self._next_pdu()
        if self._framing.surplus and self.in_flight_since_us is not None:
            self._take_surplus()
        if pdu is None or isinstance(pdu, str):
            return pdu or False
        device, poll = self._device, self._poll
        reply = self._framing.codec.check(pdu, poll.requests[poll.in_flight[0]])
        if isinstance(reply, str):
            return reply
        if isinstance(reply, int):
            device.counts.counts[request_failure(f"{Reason.EXCEPTION} {reply}")] += 1
        poll.on_reply(reply, now.mono_us)
        self._replied(now, 1)
        return True

    def _next_pdu(self) -> bytes | str | None:
        if self.in_flight_since_us is None:
            return self._framing.next_pdu(0, 0)
        return self._framing.next_pdu(len(self._poll.in_flight), self._device.settings.unit_id)

    def fail(self, reason: str) -> str:
        """The requests in flight have failed: the connection ends, or nothing is waited for. The poll is not told.

        Gives the reason: after a time-out it may be what has come of the reply.
        """
        self._report_fast_replies()
        if reason == Reason.TIMEOUT and (reason := self._framing.timeout_reason) != Reason.TIMEOUT:
            self._poll.heard = True
        if self._pipeline:
            self._device.on_several_failed()
        self._nothing_in_flight()
        self._device.counts.counts[request_failure(bare_reason(reason))] += 1
        return reason

    def _replied(self, now: Now, replies: int) -> None:
        """So many of the oldest requests in flight have their replies."""
        self._request_times.add(now.mono_us - self._sent_us, replies)
        if self._poll.in_flight:
            self.in_flight_since_us = now.mono_us
            return
        if self._pipeline:
            self._device.on_several_replied()
        self._nothing_in_flight()

    def _take_surplus(self) -> None:
        self._poll.surplus, self._framing.surplus = self._framing.surplus, b""

    def _report_fast_replies(self) -> None:
        if self._fast_replies:
            self._poll.on_fast_replies(self._fast_replies)
            self._fast_replies.clear()

    def _nothing_in_flight(self) -> None:
        self.in_flight_since_us = self._pipeline = None
        self._reply_bytes = NO_REPLY_BYTES
