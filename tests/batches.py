"""Samples out of the bytes that a journal keeps and a pull gives."""

from __future__ import annotations

from collections.abc import Iterator

from ess_ray.core.batch import COMPLETE, FAILED, STATUSES, Packed, device_of, unpack
from ess_ray.core.samples import Sample, Status


def samples_of(packed: Packed) -> Iterator[Sample]:
    """The samples of a batch, as they were."""
    batch, place = unpack(packed.data), 0
    size = len(batch.images) // max(1, sum(batch.heads["status"] != FAILED))
    for number, (name, head) in enumerate(zip(batch.devices, batch.heads, strict=True)):
        status, note = STATUSES[head["status"]], batch.notes.get(number, COMPLETE)
        end = place + size * (status != Status.FAILED)
        yield Sample(
            device_of(name), packed.layout, int(head["tick_us"]), status, *note, float(head["read_ms"]),
            int(head["requests"]), int(head["retries"]), batch.images[place:end],
        )  # fmt: skip
        place = end
