"""The devices behind one connection, and their ticks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ess_ray.core.polling.cadence import Now, WallClock, free_us
from ess_ray.core.polling.counts import PollerCounts
from ess_ray.core.polling.device import PolledDevice
from ess_ray.core.polling.framing import Framing
from ess_ray.core.samples import Device, Event, Sample
from ess_ray.core.settings import DeviceSettings

Taken = Mapping[Device, Sequence[range]]  # the ticks that were taken, in ranges


class PolledDevices:
    """The devices behind one connection, and their ticks."""

    __slots__ = ("_clock", "_framing", "counts", "devices")

    def __init__(self, framing: Framing, counts: PollerCounts) -> None:
        self.devices: list[PolledDevice] = []
        self._clock = WallClock()
        self._framing = framing
        self.counts = counts

    @property
    def taken(self) -> dict[Device, list[range]]:
        """The ticks that each device has taken, see `Cadence.taken`."""
        taken: dict[Device, list[range]] = {}
        for device in self.devices:
            taken.setdefault(device.settings.device, []).extend(device.cadence.taken)
        return taken

    def change(
        self, devices: Sequence[DeviceSettings], first_us: int, end_us: int | None, taken: Taken
    ) -> dict[Device, int]:
        """These and no others tick in [first_us, end_us), since 1970 UTC; `end_us` None: without end.

        A device that is polled already with equal settings notices nothing, and keeps its end. All others take their
        last tick before `first_us`, and begin behind the last one that was taken, if that is later: the change may come
        late. `taken`: the ticks of these devices that were taken here and on other connections.

        Gives the moment from which the change holds, since 1970 UTC, for every device that is new, changed or gone.
        """
        changed_us = {}
        for device in self.devices:
            if device.settings not in devices:
                device.cadence.stop(first_us)
                changed_us[device.settings.device] = free_us(first_us, taken.get(device.settings.device, ()))
            device.cadence.add_taken(taken.get(device.settings.device, ()))  # by those that are gone below, too
        self.devices = [device for device in self.devices if device.busy]
        going_on = [device.settings for device in self.devices if device.cadence.goes_on(first_us)]
        for settings in devices:
            if settings not in going_on:
                ticks = taken.get(settings.device, ())
                self.devices.append(device := PolledDevice(settings, self._framing, self.counts.of(settings.device)))
                device.cadence.start(first_us, end_us, ticks)
                changed_us[settings.device] = free_us(first_us, ticks)
        return changed_us

    def stop(self, end_us: int) -> None:
        """No tick at or after `end_us`; the poll at work is finished."""
        for device in self.devices:
            device.cadence.stop(end_us)

    @property
    def busy(self) -> bool:
        """True if a poll is at work or waits, or a tick is still to come."""
        for device in self.devices:  # noqa: SIM110  # a generator costs three calls more, every poll
            if device.busy:
                return True
        return False

    def next_tick_us(self, now: Now) -> int | None:
        """When the next device is read, on the monotonic clock; None: never again."""
        first_us = None
        for device in self.devices:
            due_us = device.cadence.next_due_us()
            if due_us is not None and (first_us is None or due_us < first_us):
                first_us = due_us
        return first_us if first_us is None else first_us + now.mono_us - now.wall_us

    def begin_polls(self, now: Now, deliver: Callable[[Sample | Event], None], connected: bool) -> list[PolledDevice]:
        """Begin the polls that are due; gives their devices, or an empty list.

        Ticks that are not read are delivered as failed samples, and events if the wall clock was set. `connected`: see
        `PolledDevice.begin_poll`.
        """
        step_us = self._clock.step_us(now)
        begun = []
        for device in self.devices:
            if step_us:
                others = [other for other in self.devices if other is not device]
                same = [other for other in others if other.settings.device == device.settings.device]
                device.on_clock_set(step_us, now, deliver, [ticks for other in same for ticks in other.cadence.claimed])
            if device.begin_poll(now, deliver, connected):
                begun.append(device)
                self.counts.polls_running += 1
        return begun
