"""The poller's queue of samples that the database has not committed yet, in memory and bounded.

The poller puts, the conductor takes and acknowledges by number; a sample leaves only when it is acknowledged. When the
bound is reached the oldest samples that were not taken yet lose their image and become `failed: journal_full`, counted,
so that the tick stays accounted for; where even that is too much, the oldest go. Put and take come from two threads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from threading import Lock

from ess_ray.core.samples import Reason, Sample, Status

# A sample without its image, as Python objects; measured with sys.getsizeof over one sample and rounded up.
HEAD_BYTES = 600


class MemoryOutbox:
    """Samples by ascending number; `capacity_bytes` bounds images and heads together."""

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._lock = Lock()
        self._waiting: deque[int] = deque()  # numbers not taken yet
        self._whole: deque[int] = deque()  # of these, those that still have their image; taken ones are passed over
        self._samples: dict[int, Sample] = {}  # numbers not acknowledged yet
        self._next = 0
        self._bytes = 0
        self.overflowed = 0  # times that something had to go

    def put(self, sample: Sample) -> None:
        """Keep a sample until it is acknowledged."""
        with self._lock:
            self._samples[self._next] = sample
            self._waiting.append(self._next)
            self._whole.append(self._next)
            self._next += 1
            self._bytes += HEAD_BYTES + len(sample.image)
            while self._bytes > self._capacity_bytes and self._waiting:
                self._shed()

    def take(self, most: int) -> list[tuple[int, Sample]]:
        """The oldest samples that were not taken yet."""
        with self._lock:
            numbers = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            while self._whole and self._waiting and self._whole[0] < self._waiting[0]:
                self._whole.popleft()
            if not self._waiting:
                self._whole.clear()
            return [(number, self._samples[number]) for number in numbers]

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """The database has committed these; an unknown number was acknowledged before."""
        with self._lock:
            for number in numbers:
                if sample := self._samples.pop(number, None):
                    self._bytes -= HEAD_BYTES + len(sample.image)

    def __len__(self) -> int:
        """Samples not acknowledged."""
        return len(self._samples)

    def _shed(self) -> None:
        """Make room: the oldest image goes, or when there is none left the oldest sample."""
        self.overflowed += 1
        if not self._whole:
            self._bytes -= HEAD_BYTES + len(self._samples.pop(self._waiting.popleft()).image)
            return
        number = self._whole.popleft()
        sample = self._samples[number]
        self._bytes -= len(sample.image)
        self._samples[number] = replace(
            sample, status=Status.FAILED, reason=Reason.JOURNAL_FULL, missing=(), missing_text=None, image=b""
        )
