"""Frozen devices: those that go on answering, and whose registers do not change any more. Pure.

A logger or gateway that has lost its inverter often answers with what it heard last, for hours. That cannot be told
from one sample: its values are stored as ever, and what is said of them is an event. Compared are the images of
samples, as bytes; that costs next to nothing as long as they differ. Of a device that is read at several rates those
samples are compared that have the most frequent measured values, without what comes more rarely.
"""

from __future__ import annotations

from dataclasses import replace

from ess_ray.core.maps.measured import says_nothing
from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.maps.rates import is_due
from ess_ray.core.samples import Event, EventKind, Sample
from ess_ray.core.settings import DeviceSettings

# With a period as long as `frozen_after_s`, a sample that is like the one before would say it already.
LEAST_REPEATS = 5


def make_watch(settings: DeviceSettings) -> FrozenWatch | None:
    """The watch over a device; None if it is switched off, or if the device's map has no measured values."""
    if not settings.frozen_after_us or not settings.plan.measured:
        return None
    return FrozenWatch(settings, settings.frozen_after_us)


class FrozenWatch:
    """Looks whether the samples of one device still change. It begins anew with each poller.

    Failed samples are passed over. A sample that lacks other registers than the one before begins the count anew: what
    either of them lacks may be what moves. Of a frozen device only what both have is compared then.
    """

    __slots__ = (
        "_device", "_frozen", "_image", "_measured", "_missing", "_passed_over", "_period_us", "_repeats",
        "_repeats_needed", "_since_us",
    )  # fmt: skip

    def __init__(self, settings: DeviceSettings, after_us: int) -> None:
        """`after_us`: how long registers have to stay as they are until the device is called frozen."""
        self._device = settings.device
        self._measured = settings.plan.measured
        self._period_us = _measured_every_us(settings.plan)
        # Byte ranges of the image that are not compared: not all samples that are compared have them.
        self._passed_over = [
            (request.offset, request.offset + request.count * request.item_bytes)
            for request in settings.plan.requests
            if request.period_us and (not self._period_us or self._period_us % request.period_us)
        ]
        self._repeats_needed = max(-(-after_us // max(settings.period_us, self._period_us)), LEAST_REPEATS)
        self._image: bytes | None = None
        self._missing: tuple[tuple[int, int], ...] = ()  # byte ranges of it that were not read
        self._since_us = 0  # tick of the first sample with this image
        self._repeats = 0  # how many samples with the same followed it
        self._frozen = False

    def on_sample(self, sample: Sample) -> Event | None:
        """Take the device's next sample; gives an event if it is frozen from now on, or moves again."""
        if self._period_us and not is_due(self._period_us, sample.tick_us):
            return None
        if self._passed_over and sample.image:
            sample = self._compared(sample)
        image = sample.image
        if image == self._image:
            self._repeats += 1
            return self._stands(sample) if self._repeats == self._repeats_needed else None
        if not image or (self._frozen and sample.missing != self._missing and self._alike(sample)):
            return None
        event = self._moves(sample) if self._frozen else None
        self._image, self._missing = image, sample.missing
        self._since_us, self._repeats = sample.tick_us, 0
        return event

    def _compared(self, sample: Sample) -> Sample:
        """The sample without what is not compared."""
        image = bytearray(sample.image)
        for start, end in self._passed_over:
            image[start:end] = bytes(end - start)
        return replace(sample, image=bytes(image))

    def _stands(self, sample: Sample) -> Event | None:
        if says_nothing(sample.image, self._measured):  # the device is off, or these registers are not read
            return None
        self._frozen = True
        detail = f"{self._repeats + 1} samples of {self._seconds(sample)} are the same"
        return Event(self._device, sample.tick_us, EventKind.DEVICE_FROZEN, None, detail)

    def _moves(self, sample: Sample) -> Event:
        self._frozen = False
        return Event(self._device, sample.tick_us, EventKind.DEVICE_MOVES, None, f"after {self._seconds(sample)}")

    def _seconds(self, sample: Sample) -> str:
        return f"{(sample.tick_us - self._since_us) / 1e6:.10g} s"

    def _alike(self, sample: Sample) -> bool:
        """True if the registers that both samples have are the same."""
        before, now = bytearray(self._image or b""), bytearray(sample.image)
        for start, end in (*self._missing, *sample.missing):
            before[start:end] = now[start:end]
        return before == now


def _measured_every_us(plan: Plan) -> int:
    """The shortest period of a request with measured values, as in `core.maps.rates`."""
    offsets = [offset for measured in plan.measured for offset in measured.offsets]
    return min(request.period_us for request in plan.requests if _holds(request, offsets))


def _holds(request: Request, offsets: list[int]) -> bool:
    end = request.offset + request.count * request.item_bytes
    return any(request.offset <= offset < end for offset in offsets)
