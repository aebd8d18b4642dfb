"""Samples in columns, and groups of them: the samples of a moment, as bytes.

Journal, driver and normaliser hand the bytes on as they are; only the normaliser takes images apart.

A batch holds samples of one layout. Format 2 of its bytes, all integers little end first::

    3 × uint32     number of samples, bytes of names, bytes of notes
    17 × samples   the headers (`HEADER_DTYPE`)
    names          the devices as `site/device`, UTF-8, with a line feed between them
    notes          JSON: [[index of the sample, [reason, missing, missing_text]], …], empty if all are complete
    images         of all samples that are not failed, one behind the other, equally long

A group's bytes, which the journal keeps as they are::

    uint32         CRC-32 (zlib) of all that follows
    uint32         bytes of the index
    index          JSON: [[[layout, samples, first_us, bytes] of each batch], [the fields of each event]]
    batches        one behind the other
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from zlib import crc32

import numpy as np

from ess_ray.core.reasons import Reason
from ess_ray.core.samples import Device, Event, EventKind, Sample, Status

FORMAT = 2  # of these bytes: a journal says which one it has
HEADER_DTYPE = np.dtype(
    [("tick_us", "<i8"), ("read_ms", "<f4"), ("requests", "<u2"), ("retries", "<u2"), ("status", "u1")]
)
STATUSES = tuple(Status)  # a header holds the index in it
STORED, PARTIAL, FAILED = range(3)
CODES = {status: code for code, status in enumerate(STATUSES)}
# Beside the layouts of plans, which are hexadecimal digits: of events, and of failed samples on their own, which need
# no decoder.
NO_LAYOUT, FAILED_LAYOUT = "", "failed"
LENGTHS, NUMBER = struct.Struct("<III"), struct.Struct("<I")


class Note(NamedTuple):
    """Reason and missing registers of a sample that is not complete; the fields are those of `Sample`.

    `missing`: byte ranges [start, end) of the image.
    """

    reason: str | None
    missing: tuple[tuple[int, int], ...] = ()
    missing_text: str | None = None


COMPLETE = Note(None)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Samples of one layout, in columns of equal length; `len()` is the number of samples, failed ones included.

    `headers["status"]` holds STORED, PARTIAL or FAILED, an index in STATUSES. `images` holds one image for each sample
    that is not failed, in order.
    """

    devices: Sequence[str]  # site/device
    headers: np.ndarray  # of HEADER_DTYPE, shape (samples,)
    notes: Mapping[int, Note]  # by index, of samples that are not complete
    images: bytes  # of all samples that are not failed, equally long

    def __len__(self) -> int:
        return len(self.devices)


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch as bytes, with what can be known without unpacking it."""

    layout: str  # how its images are decoded
    samples: int
    first_us: int  # the oldest tick, microseconds since 1970 UTC
    data: bytes


@dataclass(frozen=True, slots=True)
class Group:
    """Batches and events of one poller, as the journal keeps them together; `make_group` makes one batch a layout."""

    batches: Sequence[Packed]
    events: Sequence[Event]

    def __len__(self) -> int:
        """The number of samples, failed ones included, plus the number of events."""
        return sum(batch.samples for batch in self.batches) + len(self.events)

    @property
    def first_us(self) -> int:
        """The oldest tick or time of an event, microseconds since 1970 UTC. Raises ValueError for an empty group."""
        return min([batch.first_us for batch in self.batches] + [event.time_us for event in self.events])


def device_of(name: str) -> Device:
    """The device of a name as batches have it, `site/device`; the configuration allows no slash in either half."""
    return Device(*name.split("/"))


def make_group(items: Iterable[Sample | Event]) -> Group:
    """The group of samples and events in any mixture: one batch for each layout, in order of first appearance.

    Within a batch, samples keep the order of `items`; so do the events. Empty if there are no items.
    """
    layouts: dict[str, list[Sample]] = {}
    events = []
    for item in items:
        if isinstance(item, Sample):
            layouts.setdefault(item.layout, []).append(item)
        else:
            events.append(item)
    return Group([pack_samples(layout, samples) for layout, samples in layouts.items()], events)


def pack_samples(layout: str, samples: Sequence[Sample]) -> Packed:
    """The batch of samples, as bytes. The caller makes sure that all are of `layout`; not checked.

    Raises ValueError if there is none.
    """
    return _packed(layout, batch_of(samples))


def batch_of(samples: Sequence[Sample]) -> Batch:
    """The batch of samples, in their order. The caller makes sure that all are of one layout; not checked."""
    headers = np.empty(len(samples), HEADER_DTYPE)
    headers["tick_us"] = [sample.tick_us for sample in samples]
    headers["read_ms"] = [sample.read_ms for sample in samples]
    headers["requests"] = [sample.requests for sample in samples]
    headers["retries"] = [sample.retries for sample in samples]
    headers["status"] = [CODES[sample.status] for sample in samples]
    return Batch(
        [str(sample.device) for sample in samples],
        headers,
        {index: Note(s.reason, s.missing, s.missing_text) for index, s in enumerate(samples) if s.reason or s.missing},
        b"".join([sample.image for sample in samples]),
    )


def pack(batch: Batch) -> bytes:
    """The batch as bytes, in the format that the module describes."""
    names = "\n".join(batch.devices).encode()
    notes = json.dumps(list(batch.notes.items()), separators=(",", ":")).encode() if batch.notes else b""
    lengths = LENGTHS.pack(len(batch), len(names), len(notes))
    return b"".join([lengths, batch.headers.tobytes(), names, notes, batch.images])


def unpack(data: bytes) -> Batch:
    """The batch that `pack` made these bytes of. Its headers cannot be written to: they lie in `data`.

    Nothing checks the bytes: damaged ones are noticed by `unpack_group` before.
    """
    samples, names_bytes, notes_bytes = LENGTHS.unpack_from(data)
    names = LENGTHS.size + samples * HEADER_DTYPE.itemsize
    notes = names + names_bytes
    images = notes + notes_bytes
    listed = json.loads(data[notes:images]) if notes_bytes else []
    return Batch(
        data[names:notes].decode().split("\n") if samples else [],
        np.frombuffer(data, HEADER_DTYPE, samples, LENGTHS.size),
        {index: Note(reason, tuple(map(tuple, missing)), text) for index, (reason, missing, text) in listed},
        data[images:],
    )


def join(batches: Sequence[Batch]) -> Batch:
    """One batch of several, samples in order. The caller makes sure that all are of one layout; not checked.

    A single batch comes back as it is. Raises ValueError if there is none.
    """
    if len(batches) == 1:
        return batches[0]
    notes: dict[int, Note] = {}
    start = 0
    for batch in batches:
        notes |= {start + index: note for index, note in batch.notes.items()}
        start += len(batch)
    return Batch(
        [name for batch in batches for name in batch.devices],
        np.concatenate([batch.headers for batch in batches]),
        notes,
        b"".join([batch.images for batch in batches]),
    )


def split_failed(packed: Packed) -> tuple[Packed | None, Packed | None]:
    """The failed samples of a batch, as a batch of FAILED_LAYOUT, and those with values; None where there are none.

    A batch without failed samples comes back as it is.
    """
    batch = unpack(packed.data)
    failed = batch.headers["status"] == FAILED
    if not failed.any():
        return None, packed
    if failed.all():
        return replace(packed, layout=FAILED_LAYOUT), None
    valueless, with_values = _selected(batch, failed, b""), _selected(batch, ~failed, batch.images)
    return _packed(FAILED_LAYOUT, valueless), _packed(packed.layout, with_values)


def _selected(batch: Batch, chosen: np.ndarray, images: bytes) -> Batch:
    """The samples that are `chosen` (bools, one each); `images` are theirs."""
    indices = np.flatnonzero(chosen).tolist()
    notes = {new: batch.notes[old] for new, old in enumerate(indices) if old in batch.notes}
    return Batch([batch.devices[index] for index in indices], batch.headers[chosen], notes, images)


def _packed(layout: str, batch: Batch) -> Packed:
    return Packed(layout, len(batch), int(batch.headers["tick_us"].min()), pack(batch))


def pack_group(group: Group) -> bytes:
    """The group as the journal keeps it."""
    batches = [(batch.layout, batch.samples, batch.first_us, len(batch.data)) for batch in group.batches]
    events = [(e.device.site, e.device.device, e.time_us, e.kind, e.until_us, e.detail) for e in group.events]
    index = json.dumps([batches, events], separators=(",", ":")).encode()
    body = b"".join([NUMBER.pack(len(index)), index, *(batch.data for batch in group.batches)])
    return NUMBER.pack(crc32(body)) + body


def unpack_group(data: bytes) -> Group:
    """The group that `pack_group` made these bytes of; its batches stay packed.

    Raises ValueError if the checksum does not fit: the bytes are damaged or cut short.
    """
    body = memoryview(data)[NUMBER.size :]
    if len(data) < 2 * NUMBER.size or NUMBER.unpack_from(data)[0] != crc32(body):
        raise ValueError("the checksum does not fit")
    end = NUMBER.size + NUMBER.unpack_from(body)[0]
    index, events = json.loads(bytes(body[NUMBER.size : end]))
    batches = []
    for layout, samples, first_us, length in index:
        batches.append(Packed(layout, samples, first_us, bytes(body[end : end + length])))
        end += length
    return Group(batches, [_event(*columns) for columns in events])


def _event(site: str, device: str, time_us: int, kind: str, until_us: int | None, detail: str) -> Event:
    return Event(Device(site, device), time_us, EventKind(kind), until_us, detail)


def without_values(group: Group) -> Group:
    """A new group without the images, for when there is no room for them; events stay as they are.

    Every sample becomes FAILED with the reason JOURNAL_FULL, also one that had failed for another reason.
    """
    return Group([_without_values(batch) for batch in group.batches], group.events)


def _without_values(packed: Packed) -> Packed:
    batch = unpack(packed.data)
    headers = batch.headers.copy()
    headers["status"] = FAILED
    left = Batch(batch.devices, headers, dict.fromkeys(range(len(batch)), Note(Reason.JOURNAL_FULL)), b"")
    return Packed(packed.layout, packed.samples, packed.first_us, pack(left))
