"""The sample of a poll that is over, and what the poll says about the device's registers."""

from __future__ import annotations

from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.expectations import as_expected, nothing_left
from ess_ray.core.polling.missing import byte_range, byte_ranges, missing_text
from ess_ray.core.polling.parking import PollResult, subrequest
from ess_ray.core.polling.poll import Poll
from ess_ray.core.reasons import Reason
from ess_ray.core.samples import Sample, Status
from ess_ray.core.settings import DeviceSettings

# An enum member looked up on its class is slow in Python 3.11, and this runs every poll.
STORED, PARTIAL, FAILED = Status
PARKED = Reason.PARKED


def take_sample(poll: Poll, now: Now) -> Sample:
    """The sample of a poll that is over; once: it brings its `parking`, which others will use, up to date."""
    device, plan, parking = poll.settings.device, poll.settings.plan, poll.parking
    read_ms = (now.mono_us - poll.tick_mono_us) / 1000
    if poll.requests is parking.planned and not poll.missing and not parking.remembers:  # nearly always
        whole = poll.requests is plan.requests
        image = b"".join(poll.replies) if whole else _image(poll)  # type: ignore[arg-type]  # none has failed
        if not plan.guards or as_expected(poll, image):
            return Sample(
                device, plan.layout, poll.tick_us, STORED, None, (), None, read_ms, poll.sent, poll.retries, image
            )  # fmt: skip
    else:
        _miss_parked(poll)
        _learn(poll, now.mono_us)
        image = _image(poll)
        if image and plan.guards:
            as_expected(poll, image)
    if plan.guards and nothing_left(poll):
        image = b""
    reason, missing = poll.reason, poll.missing
    status = FAILED if not image else STORED if reason is None or reason == PARKED else PARTIAL
    # Of a failed sample nothing was read: its registers need not be listed.
    ranges, text = (byte_ranges(missing), missing_text(missing)) if image and missing else ((), None)
    return Sample(
        device, plan.layout, poll.tick_us, status, reason, ranges, text, read_ms, poll.sent, poll.retries, image
    )  # fmt: skip


def unread(settings: DeviceSettings, tick_us: int, reason: str, now: Now) -> Sample:
    """The failed sample of a tick (since 1970 UTC) at which no request was sent; `reason`: a `Reason`."""
    late_ms = max(0, now.wall_us - tick_us) / 1000  # it is ahead if the clock was set back
    layout = settings.plan.layout
    return Sample(settings.device, layout, tick_us, FAILED, reason, (), None, late_ms, 0, 0, b"")


def _learn(poll: Poll, mono_us: int) -> None:
    replied = [r for r, reply in zip(poll.requests, poll.replies, strict=True) if reply is not None]
    silent = poll.parking.learn(PollResult(replied, poll.silent, poll.refused, poll.searching, mono_us))
    if silent or poll.newly_parked:  # the search may have shown that the device refuses everything now
        parked = {byte_range(request, atom) for request, atom in poll.parking.parked}
        refused = [*poll.newly_parked, *silent]
        poll.newly_parked = [r for r in refused if all(byte_range(r, atom) in parked for atom in r.atoms)]


def _image(poll: Poll) -> bytes:
    """The data of all replies where the plan puts them; empty if there are none."""
    if not any(poll.replies):
        return b""
    image = bytearray(poll.settings.plan.image_bytes)
    for request, reply in zip(poll.requests, poll.replies, strict=True):
        if reply is not None:
            image[request.offset : request.offset + len(reply)] = reply
    return bytes(image)


def _miss_parked(poll: Poll) -> None:
    """Parked registers that are due are missing, unless they were tried and read."""
    if not (parked := poll.parking.parked):
        return
    read = (r for r, reply in zip(poll.requests, poll.replies, strict=True) if reply is not None)
    settled = {byte_range(request, atom) for request in (*poll.missing, *read) for atom in request.atoms}
    for request, atom in parked:
        if byte_range(request, atom) not in settled:
            poll.miss(subrequest(request, (atom,)), PARKED)
