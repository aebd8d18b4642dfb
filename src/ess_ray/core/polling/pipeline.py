"""Requests of one poll that are in flight together, for devices that take several (`requests_at_once`).

A device receives them in the order of the poll, and its replies are taken in that order only.
"""

from __future__ import annotations

from collections.abc import Sequence

from ess_ray.core.polling.framing import NO_REPLY_BYTES, Framing, PreparedRequest


class Pipeline:
    """Several requests that go out in one piece, and how their good replies begin.

    To be made when `adus` are sent: each request is encoded at once, with its id.
    """

    __slots__ = ("_expected", "adus")

    def __init__(self, prepared: Sequence[PreparedRequest], framing: Framing) -> None:
        self._expected: list[tuple[bytes, int]] = []  # prefix and length of each reply
        adus = []
        for request in prepared:
            adus.append(framing.encode(request))
            self._expected.append((framing.reply_prefix, request.reply_bytes))
        self.adus = b"".join(adus)

    def take(self, received: bytes, in_flight: int) -> tuple[list[bytes], bytes]:
        """The data of the good replies that `received` begins with, and what follows them.

        `in_flight`: so many requests, the last ones, have no reply yet. The last reply is not taken if something
        follows it: the framing has to know that this came before any further request.
        """
        replies: list[bytes] = []
        start = 0
        for prefix, reply_bytes in self._expected[len(self._expected) - in_flight :]:
            end = start + reply_bytes
            if reply_bytes == NO_REPLY_BYTES or end > len(received) or not received.startswith(prefix, start):
                break
            if len(replies) == in_flight - 1 and end < len(received):
                break
            replies.append(received[start + len(prefix) : end])
            start = end
        return replies, received[start:]
