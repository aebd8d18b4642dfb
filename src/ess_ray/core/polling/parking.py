"""Registers that a device calls illegal: found by halving requests, then left out ("parked") until they are due again.

So one bad register costs that register and nothing else. An atom is never split.
"""

from __future__ import annotations

from ess_ray.core.maps.plan import Atom, Plan, Request
from ess_ray.core.polling.missing import byte_range


def subrequest(request: Request, atoms: tuple[Atom, ...]) -> Request:
    """A smaller request for some of the atoms of `request`: neighbours, in order of address, at least one.

    Its bytes have the same place in the sample's image as in `request`.
    """
    address, end = atoms[0][0], atoms[-1][0] + atoms[-1][1]
    return Request(request.function, address, end - address, atoms, byte_range(request, atoms[0])[0])


class Parking:
    """The requests that a device is sent: those of its plan, less the registers that it has called illegal.

    Lives as long as the device is polled; `requests` changes only between two polls, in `make_requests`.
    """

    def __init__(self, plan: Plan, retry_us: int) -> None:
        self._plan = plan
        self._retry_us = retry_us
        # By index of the plan's request: atoms found illegal, and what a request under search has been split into.
        self._bad: dict[int, set[Atom]] = {}
        self._splits: dict[int, list[Request]] = {}
        self._retry_at_us: int | None = None  # on the monotonic clock; None while nothing is parked
        self.requests: tuple[Request, ...] = plan.requests

    @property
    def parked(self) -> list[tuple[Request, Atom]]:
        """The illegal atoms, each with the plan's request that holds it."""
        return [(self._plan.requests[i], atom) for i in sorted(self._bad) for atom in sorted(self._bad[i])]

    def split(self, request: Request, mono_us: int) -> list[Request]:
        """The two halves of a request that the device called illegal; empty if it is for one atom: that is parked.

        `request` is one of `requests`, or a half that this gave since `make_requests`.
        """
        index = self._index(request)
        pieces = self._splits.setdefault(index, self._pieces(index))
        pieces.remove(request)
        middle = len(request.atoms) // 2
        parts = (request.atoms[:middle], request.atoms[middle:]) if middle else ()
        halves = [subrequest(request, atoms) for atoms in parts]
        if not halves:
            self._bad.setdefault(index, set()).update(request.atoms)
            self._retry_at_us = self._retry_at_us or mono_us + self._retry_us
        pieces.extend(halves)
        return halves

    def make_requests(self, mono_us: int, searching: bool) -> None:
        """Make `requests` anew between two polls, at `mono_us` of the monotonic clock.

        What was split is joined, unless the poll was `searching`; all parked atoms are in again if they are due.
        """
        if self._retry_at_us is not None and mono_us >= self._retry_at_us:
            self._bad.clear()
            self._splits.clear()
            self._retry_at_us = None
        elif not searching:
            self._splits.clear()
        if not self._bad and not self._splits:
            self.requests = self._plan.requests
            return
        self.requests = tuple(request for i in range(len(self._plan.requests)) for request in self._pieces(i))

    def _pieces(self, index: int) -> list[Request]:
        """What is sent for the plan's request at `index`."""
        if index in self._splits:
            return sorted(self._splits[index], key=lambda request: request.address)
        planned, bad = self._plan.requests[index], self._bad.get(index, set())
        if not bad:
            return [planned]
        runs: list[list[Atom]] = [[]]
        for atom in planned.atoms:
            if atom in bad:
                runs.append([])
            else:
                runs[-1].append(atom)
        return [subrequest(planned, tuple(run)) for run in runs if run]

    def _index(self, request: Request) -> int:
        """Index of the plan's request that `request` is a part of."""
        return next(
            i
            for i, planned in enumerate(self._plan.requests)
            if planned.function == request.function
            and planned.address <= request.address < planned.address + planned.count
        )
