"""What a device is asked for that is read at several rates: at each tick the requests that are due then.

Each period's requests have a `Parking` of their own, which learns from the polls in which they are due: what a search
has begun waits for its next tick, however many others pass in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import is_

from ess_ray.core.maps.atoms import Atom
from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.maps.rates import is_due
from ess_ray.core.polling.parking import Parking, PollResult


class Together:
    """The requests of several periods that are due at one tick; what a poll and its sample use of a `Parking`.

    `planned`: what is asked for as long as the device refuses nothing. `requests`: the same object until it changes.
    """

    def __init__(self, parkings: Sequence[Parking]) -> None:
        self._parkings = {parking.planned[0].period_us: parking for parking in parkings}
        self.planned = tuple(request for parking in parkings for request in parking.planned)
        self.requests: tuple[Request, ...] = ()
        self.doubtful: Mapping[Request, str] = {}
        self._of_each: list[tuple[Request, ...]] = []  # that these were put together from

    def update(self) -> None:
        """Ask for what each of them asks for now; a poll of other periods may have changed that."""
        of_each = [parking.requests for parking in self._parkings.values()]
        if len(of_each) == len(self._of_each) and all(map(is_, of_each, self._of_each)):
            return
        self._of_each = of_each
        doubtful = {r: reason for parking in self._parkings.values() for r, reason in parking.doubtful.items()}
        usual = tuple(request for requests in of_each for request in requests if request not in doubtful)
        self.doubtful = doubtful
        self.requests = self.planned if usual == self.planned else (*usual, *doubtful)

    @property
    def remembers(self) -> bool:
        """See `Parking`."""
        return any(parking.remembers for parking in self._parkings.values())

    @property
    def parked(self) -> list[tuple[Request, Atom]]:
        """See `Parking`."""
        return [parked for parking in self._parkings.values() for parked in parking.parked]

    def to_be_halved(self, request: Request) -> bool:
        """See `Parking`."""
        return self._parkings[request.period_us].to_be_halved(request)

    def worth_asking_again(self, request: Request) -> bool:
        """See `Parking`."""
        return self._parkings[request.period_us].worth_asking_again(request)

    def asked_again_in_vain(self, request: Request) -> None:
        """See `Parking`."""
        self._parkings[request.period_us].asked_again_in_vain(request)

    def split(self, request: Request, reason: str, illegal: bool, mono_us: int) -> list[Request]:
        """See `Parking`."""
        return self._parkings[request.period_us].split(request, reason, illegal, mono_us)

    def learn(self, result: PollResult) -> list[Request]:
        """See `Parking`; a reply to a request of any period says that the device is not silent as a whole."""
        parked: list[Request] = []
        for period_us, parking in self._parkings.items():
            of_period = replace(
                result,
                replied=[request for request in result.replied if request.period_us == period_us],
                silent=[(request, reason) for request, reason in result.silent if request.period_us == period_us],
                refused=[request for request in result.refused if request.period_us == period_us],
                heard=result.heard or bool(result.replied),
            )
            parked += parking.learn(of_period)
        return parked


Asked = Parking | Together  # what is asked for in one poll


class Rates:
    """The requests of a plan by period; lives as long as its device is polled."""

    def __init__(self, plan: Plan, retry_us: int) -> None:
        requests = {period: [r for r in plan.requests if r.period_us == period] for period in plan.periods_us}
        self._parkings = {p: Parking(replace(plan, requests=tuple(of)), retry_us) for p, of in requests.items()}
        self._asked: dict[tuple[int, ...], Together] = {}  # by the periods that are due together

    def at(self, tick_us: int) -> Asked:
        """What is asked for at a tick, microseconds since 1970 UTC."""
        due = tuple(period_us for period_us in self._parkings if is_due(period_us, tick_us))
        if len(due) == 1:
            return self._parkings[due[0]]
        if due not in self._asked:
            self._asked[due] = Together([self._parkings[period_us] for period_us in due])
        together = self._asked[due]
        together.update()
        return together
