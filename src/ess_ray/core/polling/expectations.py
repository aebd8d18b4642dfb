"""Whether a device is still what its map was made for: registers that have to hold what the map expects there.

Where one does not, the values that the map places by it count as not read, and the sample says why. Where it could not
be read they count as not read too: nothing says that they are what the map calls them.
"""

from __future__ import annotations

from ess_ray.core.maps.plan import Guard
from ess_ray.core.maps.rates import is_due
from ess_ray.core.maps.registers import Expected
from ess_ray.core.polling.missing import byte_range
from ess_ray.core.polling.poll import Poll
from ess_ray.core.reasons import DETAIL, Reason
from ess_ray.core.samples import Event, EventKind

PARKED = Reason.PARKED


def as_expected(poll: Poll, image: bytes) -> bool:
    """True if all registers that are due hold what is expected; else the poll misses what the others stand for.

    `image`: of the poll, which is over; not empty.
    """
    guards = poll.settings.plan.guards
    if not poll.missing and all(g.holds(image) or not is_due(g.period_us, poll.tick_us) for g in guards):
        poll.compared = guards
        return True
    unread = {byte_range(request, atom)[0] for request in poll.missing for atom in request.atoms}
    due = [guard for guard in guards if is_due(guard.period_us, poll.tick_us)]
    poll.compared = [guard for guard in due if guard.start not in unread]
    poll.unexpected = {
        guard.expected: f"{guard.expected.address} holds {guard.number(image)}, not {guard.expected.number}"
        for guard in poll.compared
        if not guard.holds(image)
    }
    lost = [guard for guard in due if guard.start in unread]
    for guard in lost:
        _miss(poll, guard, poll.reason or PARKED)
    for guard in poll.compared:
        if problem := poll.unexpected.get(guard.expected):
            _miss(poll, guard, f"{Reason.UNEXPECTED}{DETAIL}{problem}")
    return not lost and not poll.unexpected


def _miss(poll: Poll, guard: Guard, reason: str) -> None:
    for cover in guard.covers:
        poll.miss(cover, reason)


def nothing_left(poll: Poll) -> bool:
    """True if all that the poll asked for is missing."""
    missing = {byte_range(request, atom) for request in poll.missing for atom in request.atoms}
    return all(byte_range(request, atom) in missing for request in poll.requests for atom in request.atoms)


class ExpectationWatch:
    """Tells when a device has become another than its map expects, and when it is as expected again."""

    def __init__(self) -> None:
        self._others: set[Expected] = set()  # that do not hold what is expected

    def on_poll(self, poll: Poll) -> Event | None:
        """What has changed with this poll, which is over."""
        if not poll.unexpected and not self._others:
            return None
        before = bool(self._others)
        due = {guard.expected for guard in poll.compared if is_due(guard.period_us, poll.tick_us)}
        self._others = (self._others - due) | poll.unexpected.keys()
        if bool(self._others) == before:
            return None
        kind = EventKind.DEVICE_AS_EXPECTED if before else EventKind.DEVICE_CHANGED
        return Event(poll.settings.device, poll.tick_us, kind, None, "; ".join(poll.unexpected.values()))
