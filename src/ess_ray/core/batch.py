"""Samples in columns, and groups of them: what a poller takes in one go, as bytes that journal, driver and normaliser
hand on as they are.

A batch holds samples of one layout. Format 2 of its bytes: three lengths (uint32, little end first: samples, bytes of
names, bytes of notes), the heads (`HEAD`), the devices as `site/device` with a line feed between them, the notes as
JSON, the images of all samples that are not failed. A group's bytes: CRC-32 of the rest and length of the index (uint32
each), the index as JSON (batches and events), the batches one behind the other.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

import numpy as np

from ess_ray.core.samples import Device, Event, Kind, Reason, Sample, Status

FORMAT = 2
HEAD = np.dtype([("tick_us", "<i8"), ("read_ms", "<f4"), ("requests", "<u2"), ("retries", "<u2"), ("status", "u1")])
STATUSES = tuple(Status)  # a head holds the place in it
STORED, PARTIAL, FAILED = range(3)
CODES = {status: code for code, status in enumerate(STATUSES)}
LENGTHS, NUMBER = struct.Struct("<III"), struct.Struct("<I")


class Note(NamedTuple):
    """What a sample lacks; see `Sample`."""

    reason: str | None
    missing: tuple[tuple[int, int], ...] = ()
    missing_text: str | None = None


COMPLETE = Note(None)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Samples of one layout."""

    devices: Sequence[str]  # site/device
    heads: np.ndarray  # HEAD
    notes: Mapping[int, Note]  # by place, of samples that are not complete
    images: bytes  # of all samples that are not failed, equally long

    def __len__(self) -> int:
        return len(self.devices)


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch as bytes."""

    layout: str
    samples: int
    first_us: int  # the oldest tick
    data: bytes


@dataclass(frozen=True, slots=True)
class Group:
    """Batches and events of one poller."""

    batches: Sequence[Packed]
    events: Sequence[Event]

    def __len__(self) -> int:
        """Samples and events."""
        return sum(batch.samples for batch in self.batches) + len(self.events)

    @property
    def first_us(self) -> int:
        """The oldest tick or time of an event."""
        return min([batch.first_us for batch in self.batches] + [event.time_us for event in self.events])


def device_of(name: str) -> Device:
    """The device of a name as batches have it; neither half can hold a slash."""
    return Device(*name.split("/"))


def make_group(items: Iterable[Sample | Event]) -> Group:
    """The items of a moment, samples by layout."""
    layouts: dict[str, list[Sample]] = {}
    events = []
    for item in items:
        if isinstance(item, Sample):
            layouts.setdefault(item.layout, []).append(item)
        else:
            events.append(item)
    return Group([pack_samples(layout, samples) for layout, samples in layouts.items()], events)


def pack_samples(layout: str, samples: Sequence[Sample]) -> Packed:
    """The batch of these samples, all of `layout`."""
    batch = batch_of(samples)
    return Packed(layout, len(samples), int(batch.heads["tick_us"].min()), pack(batch))


def batch_of(samples: Sequence[Sample]) -> Batch:
    """Samples in columns."""
    heads = np.empty(len(samples), HEAD)
    heads["tick_us"] = [sample.tick_us for sample in samples]
    heads["read_ms"] = [sample.read_ms for sample in samples]
    heads["requests"] = [sample.requests for sample in samples]
    heads["retries"] = [sample.retries for sample in samples]
    heads["status"] = [CODES[sample.status] for sample in samples]
    return Batch(
        [str(sample.device) for sample in samples],
        heads,
        {place: Note(s.reason, s.missing, s.missing_text) for place, s in enumerate(samples) if s.reason or s.missing},
        b"".join([sample.image for sample in samples]),
    )


def pack(batch: Batch) -> bytes:
    """The batch as bytes."""
    names = "\n".join(batch.devices).encode()
    notes = json.dumps(list(batch.notes.items()), separators=(",", ":")).encode() if batch.notes else b""
    lengths = LENGTHS.pack(len(batch), len(names), len(notes))
    return b"".join([lengths, batch.heads.tobytes(), names, notes, batch.images])


def unpack(data: bytes) -> Batch:
    """The batch of these bytes."""
    samples, names_bytes, notes_bytes = LENGTHS.unpack_from(data)
    names = LENGTHS.size + samples * HEAD.itemsize
    notes = names + names_bytes
    images = notes + notes_bytes
    told = json.loads(data[notes:images]) if notes_bytes else []
    return Batch(
        data[names:notes].decode().split("\n") if samples else [],
        np.frombuffer(data, HEAD, samples, LENGTHS.size),
        {place: Note(reason, tuple(map(tuple, missing)), text) for place, (reason, missing, text) in told},
        data[images:],
    )


def join(batches: Sequence[Batch]) -> Batch:
    """One batch of several, all of one layout."""
    if len(batches) == 1:
        return batches[0]
    notes: dict[int, Note] = {}
    start = 0
    for batch in batches:
        notes |= {start + place: note for place, note in batch.notes.items()}
        start += len(batch)
    return Batch(
        [name for batch in batches for name in batch.devices],
        np.concatenate([batch.heads for batch in batches]),
        notes,
        b"".join([batch.images for batch in batches]),
    )


def pack_group(group: Group) -> bytes:
    """The group as the journal keeps it."""
    batches = [(batch.layout, batch.samples, batch.first_us, len(batch.data)) for batch in group.batches]
    events = [(e.device.site, e.device.device, e.time_us, e.kind, e.until_us, e.detail) for e in group.events]
    index = json.dumps([batches, events], separators=(",", ":")).encode()
    rest = b"".join([NUMBER.pack(len(index)), index, *(batch.data for batch in group.batches)])
    return NUMBER.pack(crc32(rest)) + rest


def unpack_group(data: bytes) -> Group:
    """The group of these bytes. Raises ValueError if they are not what was packed."""
    rest = memoryview(data)[NUMBER.size :]
    if len(data) < 2 * NUMBER.size or NUMBER.unpack_from(data)[0] != crc32(rest):
        raise ValueError("the checksum does not fit")
    end = NUMBER.size + NUMBER.unpack_from(rest)[0]
    index, events = json.loads(bytes(rest[NUMBER.size : end]))
    batches = []
    for layout, samples, first_us, length in index:
        batches.append(Packed(layout, samples, first_us, bytes(rest[end : end + length])))
        end += length
    return Group(batches, [Event(Device(s, d), at, Kind(kind), until, text) for s, d, at, kind, until, text in events])


def without_values(group: Group) -> Group:
    """What is left of a group when there is no room for it: every sample becomes `failed: journal_full`."""
    return Group([_without_values(batch) for batch in group.batches], group.events)


def _without_values(packed: Packed) -> Packed:
    batch = unpack(packed.data)
    heads = batch.heads.copy()
    heads["status"] = FAILED
    left = Batch(batch.devices, heads, dict.fromkeys(range(len(batch)), Note(Reason.JOURNAL_FULL)), b"")
    return Packed(packed.layout, packed.samples, packed.first_us, pack(left))
