"""Samples out of the bytes that a journal keeps and a pull gives."""

from __future__ import annotations

from collections.abc import Iterator

from ess_ray.core.batch import COMPLETE, FAILED, STATUSES, Packed, device_of, unpack
from ess_ray.core.samples import Sample, Status


def samples_of(packed: Packed) -> Iterator[Sample]:
    """The samples of a batch, as they were."""
    batch, start = unpack(packed.data), 0
    size = len(batch.images) // max(1, sum(batch.headers["status"] != FAILED))
    for number, (name, header) in enumerate(zip(batch.devices, batch.headers, strict=True)):
        status, note = STATUSES[header["status"]], batch.notes.get(number, COMPLETE)
        end = start + size * (status != Status.FAILED)
        yield Sample(
            device_of(name), packed.layout, int(header["tick_us"]), status, *note, float(header["read_ms"]),
            int(header["requests"]), int(header["retries"]), batch.images[start:end],
        )  # fmt: skip
        start = end
