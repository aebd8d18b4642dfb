"""A group: what a poller took in one go, as the bytes that its journal keeps.

Format 1: CRC-32 of the rest (4 bytes, big end first), length of the heads (4 bytes), the heads as JSON, the images one
behind the other. Heads repeat nothing that the plan or the map says.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

from ess_ray.core.samples import Device, Event, Kind, Reason, Sample, Status

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Samples and events of one poller, in the order they came."""

    samples: Sequence[Sample]
    events: Sequence[Event]

    def __len__(self) -> int:
        return len(self.samples) + len(self.events)


def pack(group: Group) -> bytes:
    """The group as bytes."""
    layouts = list(dict.fromkeys(sample.layout for sample in group.samples))
    place = {layout: number for number, layout in enumerate(layouts)}
    samples = [
        (s.device.site, s.device.device, place[s.layout], s.tick_us, s.status, s.reason, s.missing, s.missing_text,
         s.read_ms, s.requests, s.retries, len(s.image))
        for s in group.samples
    ]  # fmt: skip
    events = [(e.device.site, e.device.device, e.time_us, e.kind, e.until_us, e.detail) for e in group.events]
    heads = json.dumps([layouts, samples, events], separators=(",", ":")).encode()
    rest = b"".join([struct.pack(">I", len(heads)), heads, *(sample.image for sample in group.samples)])
    return struct.pack(">I", crc32(rest)) + rest


def unpack(data: bytes) -> Group:
    """The group of these bytes. Raises ValueError if they are not what was packed."""
    rest = data[4:]
    if len(data) < 8 or struct.unpack_from(">I", data)[0] != crc32(rest):
        raise ValueError("the checksum does not fit")
    end = 4 + struct.unpack_from(">I", rest)[0]
    layouts, heads, events = json.loads(rest[4:end])
    samples = []
    for site, device, layout, tick_us, status, reason, missing, text, read_ms, requests, retries, length in heads:
        image, end = rest[end : end + length], end + length
        gaps = tuple((first, last) for first, last in missing)
        head = Device(site, device), layouts[layout], tick_us, Status(status), reason, gaps, text
        samples.append(Sample(*head, read_ms, requests, retries, image))
    return Group(samples, [Event(Device(s, d), at, Kind(kind), until, text) for s, d, at, kind, until, text in events])


def without_values(group: Group) -> Group:
    """What is left of a group when there is no room for it: every sample becomes `failed: journal_full`."""
    return Group(
        [
            replace(s, status=Status.FAILED, reason=Reason.JOURNAL_FULL, missing=(), missing_text=None, image=b"")
            for s in group.samples
        ],
        group.events,
    )
