"""Requests of one poll that are out at once, for devices that take several (`requests_at_once`). Used by the line.

Answers are taken in the order of the requests, which is the order in which a device gets them.
"""

from __future__ import annotations

from collections.abc import Sequence

from ess_ray.core.maps.plan import Request
from ess_ray.core.polling.frames import HEAD_BYTES, NO_SIZE, Ask


class Together:
    """What went out with one send, and how much of it is still out."""

    __slots__ = ("_heads", "_requests", "frames", "out")

    def __init__(self, requests: Sequence[Request], asks: Sequence[Ask], asked: int) -> None:
        """`asked`: how many requests the connection's line has sent before; it numbers the transactions."""
        self._requests = requests
        firsts = [((asked + place) % 0xFFFF + 1).to_bytes(2, "big") for place in range(len(asks))]
        self.frames = b"".join([first + ask.frame for first, ask in zip(firsts, asks, strict=True)])
        self._heads = [(first + ask.head, ask.size) for first, ask in zip(firsts, asks, strict=True)]
        self.out = len(requests)

    @property
    def request(self) -> Request:
        """The first that is still out."""
        return self._requests[-self.out]

    def take(self, data: bytes) -> tuple[list[bytes], bytes]:
        """The data of whole good answers that `data` begins with, and the rest of it."""
        found, at = [], 0
        while self.out and at < len(data):
            head, size = self._heads[-self.out]
            if size == NO_SIZE or at + size > len(data) or not data.startswith(head, at):
                break
            found.append(data[at + HEAD_BYTES : at + size])
            at += size
            self.out -= 1
        return found, data[at:]
