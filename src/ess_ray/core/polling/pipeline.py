"""Requests of one poll that are out at once, for devices that take several (`requests_at_once`). Used by the line.

Answers are taken in the order of the requests, which is the order in which a device gets them.
"""

from __future__ import annotations

from collections.abc import Sequence

from ess_ray.core.maps.plan import Request
from ess_ray.core.polling.framing import NO_REPLY_BYTES, Framing, PreparedRequest


class Together:
    """What went out with one send, and how much of it is still out."""

    __slots__ = ("_expected", "_requests", "frames", "out")

    def __init__(self, requests: Sequence[Request], prepared: Sequence[PreparedRequest], framing: Framing) -> None:
        self._requests = requests
        self._expected: list[tuple[bytes, int]] = []  # prefix and length of each reply
        adus = []
        for request in prepared:
            adus.append(framing.encode(request))
            self._expected.append((framing.reply_prefix, request.reply_bytes))
        self.frames = b"".join(adus)
        self.out = len(requests)

    @property
    def request(self) -> Request:
        """The first that is still out."""
        return self._requests[-self.out]

    def take(self, data: bytes) -> tuple[list[bytes], bytes]:
        """The data of whole good answers that `data` begins with, and the rest of it."""
        found, at = [], 0
        while self.out and at < len(data):
            prefix, size = self._expected[-self.out]
            if size == NO_REPLY_BYTES or at + size > len(data) or not data.startswith(prefix, at):
                break
            found.append(data[at + len(prefix) : at + size])
            at += size
            self.out -= 1
        return found, data[at:]
