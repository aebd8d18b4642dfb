"""Frozen devices: those that go on answering, and whose registers do not change any more. Pure.

A logger or gateway that has lost its inverter often answers with what it heard last, for hours. That cannot be told
from one sample: its values are stored as ever, and what is said of them is an event. Compared are the images of
samples, as bytes; that costs next to nothing as long as they differ.
"""

from __future__ import annotations

from ess_ray.core.maps.measured import says_nothing
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

    __slots__ = ("_device", "_frozen", "_image", "_measured", "_missing", "_repeats", "_repeats_needed", "_since_us")

    def __init__(self, settings: DeviceSettings, after_us: int) -> None:
        """`after_us`: how long registers have to stay as they are until the device is called frozen."""
        self._device = settings.device
        self._measured = settings.plan.measured
        self._repeats_needed = max(-(-after_us // settings.period_us), LEAST_REPEATS)
        self._image: bytes | None = None
        self._missing: tuple[tuple[int, int], ...] = ()  # byte ranges of it that were not read
        self._since_us = 0  # tick of the first sample with this image
        self._repeats = 0  # how many samples with the same followed it
        self._frozen = False

    def on_sample(self, sample: Sample) -> Event | None:
        """Take the device's next sample; gives an event if it is frozen from now on, or moves again."""
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
