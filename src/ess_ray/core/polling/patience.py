"""How long replies are waited for on a connection, and what silence means: for the poll, the device, the connection.

What is doubtful (a device that did not reply to its last poll, a request that was met with silence before) gets the
time that nobody else needs, and now and then that of others (`PolledDevice.owed_time`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.device import PolledDevice
from ess_ray.core.polling.devices import PolledDevices
from ess_ray.core.polling.poll import Poll
from ess_ray.core.reasons import Reason

PROBE_US = 50_000  # a device that did not reply lately is asked if others leave it so much time for its reply
# What a probe may cost the device that is read behind it, and the pause for what it costs more, so many times as long.
HELD_UP_US, PROBE_PAUSES = 50_000, 10
SILENCES = 2  # in a row: they end the connection


class Patience:
    """What is known of one connection's silences."""

    __slots__ = ("_probed", "_silences", "remembers")

    def __init__(self) -> None:
        self.remembers = False  # a silence: then `on_turn_over` has to be called
        self._silences = 0  # requests in a row without a reply, of any device
        self._probed: PolledDevice | None = None  # in vain, just before

    def restart(self) -> None:
        """The connection is a new one."""
        self._silences = 0

    def until_us(
        self, device: PolledDevice, poll: Poll, polled: PolledDevices, others_wait: bool, now: Now
    ) -> int | None:
        """How long a reply to the next request is waited for, if there is doubt about it; None: there is no time.

        On the monotonic clock. `others_wait`: for their turn, of the devices `polled`.
        """
        doubtful = poll.last_next or (device.doubtful and len(polled.devices) > 1)
        if doubtful and not device.owed_time(now):
            until_us = now.mono_us if others_wait else polled.next_tick_us(now) or poll.deadline_us
            # To call a request silent takes time; to hear a device that is back does not.
            enough_us = device.settings.timeout_us // 2 if poll.last_next else PROBE_US
            return min(until_us, poll.deadline_us) if until_us >= now.mono_us + enough_us else None
        if doubtful:
            device.took_time_us = now.mono_us
        elif poll.sent and poll.asking_again:
            until_us = min(poll.deadline_us, device.late_until_us(now))
            return until_us if until_us > now.mono_us else None
        return poll.deadline_us

    def on_no_reply(
        self,
        device: PolledDevice,
        poll: Poll,
        reason: str,
        waited_us: int,
        devices: Sequence[PolledDevice],
        others_wait: bool,
        now: Now,
    ) -> bool:
        """The time of a request in flight is over: its own, its poll's, or that which others leave it; see `until_us`.

        Tells the poll, `reason` if the device is silent. True: the connection is to end.
        """
        if not self._is_silence(device, poll, waited_us):
            poll.on_no_time(Reason.OVERRUN)
            return False
        ends = self._ends_connection(device, poll, devices)
        poll.on_silence(reason, now.mono_us, again=not others_wait)
        return ends

    def _is_silence(self, device: PolledDevice, poll: Poll, waited_us: int) -> bool:
        """True if the device had time enough to reply; False: the poll was cut off by its own limit, or by others."""
        if poll.silences or device.silent:
            return True
        return 2 * waited_us >= min(device.settings.timeout_us, device.settings.poll_limit_us)

    def _ends_connection(self, device: PolledDevice, poll: Poll, devices: Sequence[PolledDevice]) -> bool:
        """Count a silence; True if it is one too many. Not if others of `devices` reply to what they are sent."""
        if poll.heard and not poll.silences:
            self._silences = 0
        self._silences += 1
        self.remembers = True
        others_reply = device.doubtful and any(not other.doubtful for other in devices)
        self._probed = device if others_reply else None
        return self._silences >= SILENCES and not others_reply

    def on_turn_over(self, device: PolledDevice, poll: Poll, before_us: int, now: Now) -> None:
        """A device had its turn; the one before took `before_us`.

        If a probe was just before, and this turn took much longer, the gateway was held up by it.
        """
        if self._silences and poll.heard and not poll.silences:
            self._silences = 0
        if (probed := self._probed) and probed is not device:
            self._probed = None
            if probed.doubtful and device.turn_us > before_us + HELD_UP_US:
                probed.leave_alone(now.mono_us + PROBE_PAUSES * (device.turn_us - before_us))
        self.remembers = bool(self._silences or self._probed)
