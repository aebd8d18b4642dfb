"""What a device is asked for: the requests of its plan, less what it does not have, and divided where it wants that.

Learned from what became of the requests, so that what is wrong with some registers costs those and nothing else:

- *Illegal* (exceptions 2 and 3): halved within the poll, down to one atom, which is then left out ("parked") until it
  is due again. A request to which another exception always comes is halved too, and its atoms are due again sooner.
- *Silent* (no reply, or none that can be used, while the device replied to other requests of the same poll): asked
  alone and last, at most one in vain in a poll; parked when that has failed SILENT_TIMES times. Then its halves are
  asked in the same way, so that only those registers stay parked that bring the silence about.
- *Border*: a request that is refused as a whole although all its parts are read stays divided.

An atom is never split.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ess_ray.core.maps.atoms import Atom
from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.polling.missing import byte_range
from ess_ray.core.reasons import Reason

PARKED = Reason.PARKED

SILENT_TIMES = 3  # in a row, until a piece is parked
EXCEPTION_POLLS = 10  # in a row with other exceptions than 2 and 3 for a request: then it is halved as for those
REFUSED_RETRY_US = 60_000_000  # at most, until an atom is asked again that is refused with such an exception
PAUSE_POLLS = 100  # before a request is halved again that was refused with all its parts
USELESS_POLLS = 3  # in a row in which asking again did not help a request: then it is asked once a poll


def subrequest(request: Request, atoms: tuple[Atom, ...]) -> Request:
    """A smaller request for some of the atoms of `request`: neighbours, in order of address, at least one.

    Its bytes have the same place in the sample's image as in `request`.
    """
    address, end = atoms[0][0], atoms[-1][0] + atoms[-1][1]
    offset = byte_range(request, atoms[0])[0]
    return Request(request.function, address, end - address, atoms, offset, request.period_us)


@dataclass(slots=True)
class RequestPiece:
    """A part of a planned request, and how it is dealt with.

    Neither `illegal` nor `silences`: it is asked as any other. `illegal`: parked. `silences`: asked last, in turn with
    its like; while also `parked`, from `due_us` on only.
    """

    request: Request
    illegal: bool = False
    silences: int = 0  # polls in a row in which it was asked in vain
    reason: str = ""  # of the last of them
    parked: bool = False
    due_us: int = 0  # when a silent piece is asked again, on the monotonic clock
    asked_us: int = 0  # when it was asked last, if it is asked last
    searched: bool = False  # it is not halved any further

    @property
    def usual(self) -> bool:
        """True if it is asked as any other."""
        return not self.illegal and not self.silences


@dataclass(frozen=True, slots=True)
class PollResult:
    """What became of the requests of a poll. A request that was halved in it is in none of these."""

    replied: Collection[Request] = ()  # with data
    silent: Sequence[tuple[Request, str]] = ()  # with the reason
    refused: Sequence[Request] = ()  # with an exception other than 2 and 3
    searching: bool = False  # requests were halved
    mono_us: int = 0  # its end
    heard: bool = False  # a request that is not listed was replied to, one of another period


class Parking:
    """The requests that a device is sent; lives as long as it is polled, and changes between two polls (`learn`)."""

    def __init__(self, plan: Plan, retry_us: int) -> None:
        self.planned = plan.requests
        self.requests: tuple[Request, ...] = plan.requests  # of the next poll
        # The last of `requests`: met with silence before, and asked until one of them is silent again. Each with the
        # reason of its registers if it is not read.
        self.doubtful: Mapping[Request, str] = {}
        self.remembers = False  # anything about any request: else there is nothing to learn from a complete poll
        self._retry_us = retry_us
        # By index of the plan's request; as planned if it is not in here.
        self._pieces: dict[int, list[RequestPiece]] = {}
        self._kept: set[int] = set()  # these stay divided as they are
        # Of requests whose pieces were joined for a try: those pieces.
        self._undivided: dict[int, list[RequestPiece]] = {}
        self._retry_at_us: int | None = None  # of illegal atoms, on the monotonic clock; None while there are none
        self._exceptions: dict[Request, int] = {}  # polls in a row in which a request of the plan was refused
        self._useless: dict[Request, int] = {}  # polls in a row in which asking again did not help

    # --- while a poll is at work -------------------------------------------------------------------------------------

    @property
    def parked(self) -> list[tuple[Request, Atom]]:
        """The atoms that are left out, each with the plan's request that holds it."""
        return [
            (self.planned[index], atom)
            for index in sorted(self._pieces)
            for piece in self._pieces[index]
            if piece.illegal or piece.parked
            for atom in piece.request.atoms
        ]

    def to_be_halved(self, request: Request) -> bool:
        """True if the plan's request that this one is a part of is refused each time, with whatever exception."""
        planned = self.planned[self._index(request)]
        return bool(self._exceptions) and self._exceptions.get(planned, 0) >= EXCEPTION_POLLS

    def worth_asking_again(self, request: Request) -> bool:
        """False if asking this request again within a poll never helps."""
        return self._useless.get(request, 0) < USELESS_POLLS

    def split(self, request: Request, reason: str, illegal: bool, mono_us: int) -> list[Request]:
        """The parts of a request that the device refused; empty if it is for one atom: that is parked.

        `request` is one of `requests`, or a part that this gave since `learn`. The parts are its halves, or those that
        were read before it was put together for a try. `illegal`: refused with exception 2 or 3.
        """
        index, position = self._position(request)
        pieces = self._pieces[index]
        if index in self._undivided:
            return [piece.request for piece in self._divide_again(index, position) if piece.usual]
        middle = len(request.atoms) // 2
        if not middle and not illegal:
            due_us = mono_us + min(self._retry_us, REFUSED_RETRY_US)
            pieces[position] = RequestPiece(
                request, silences=1, reason=reason, parked=True, searched=True, due_us=due_us
            )
            return []
        if not middle:
            pieces[position].illegal = True
            self._retry_at_us = self._retry_at_us or mono_us + self._retry_us
            return []
        halves = [subrequest(request, request.atoms[:middle]), subrequest(request, request.atoms[middle:])]
        pieces[position : position + 1] = [RequestPiece(half) for half in halves]
        return halves

    # --- between two polls -------------------------------------------------------------------------------------------

    def learn(self, result: PollResult) -> list[Request]:
        """Make the requests of the next poll from what became of the last; gives the silent pieces that are now parked.

        A device that has replied to nothing is silent as a whole: that says nothing about its registers.
        """
        parked: list[Request] = []
        if result.replied or result.heard:
            for request in result.replied:
                self._on_reply(request)
            for request, reason in result.silent:
                parked += self._on_silence(request, reason, result.mono_us)
        self._end_searches(result)
        for request in result.refused:
            planned = self.planned[self._index(request)]
            self._exceptions[planned] = self._exceptions.get(planned, 0) + 1
        if self._retry_at_us is not None and result.mono_us >= self._retry_at_us:
            self._retry_illegal()
        elif not result.searching:
            self._join()
        self._make_requests(result.mono_us)
        return parked

    def asked_again_in_vain(self, request: Request) -> None:
        """In the poll that is over it was of no use to ask this request again."""
        self._useless[request] = self._useless.get(request, 0) + 1
        self.remembers = True

    def _on_reply(self, request: Request) -> None:
        self._useless.pop(request, None)
        if self._exceptions:
            self._exceptions.pop(request, None)  # a part may be read while another is refused
        if self._pieces:
            index, position = self._position(request)
            self._pieces[index][position] = RequestPiece(request)

    def _on_silence(self, request: Request, reason: str, mono_us: int) -> list[Request]:
        """One more silence: gives the request if it is now parked."""
        index, position = self._position(request)
        pieces, piece = self._pieces[index], self._pieces[index][position]
        if index in self._undivided:
            self._divide_again(index, position)
            return []
        piece.silences, piece.reason, piece.asked_us = piece.silences + 1, reason, mono_us
        if piece.silences < SILENT_TIMES and not piece.parked:
            return []
        newly_parked = [] if piece.parked else [request]
        piece.parked = True
        if piece.searched or len(request.atoms) == 1:
            piece.searched, piece.due_us = True, mono_us + self._retry_us
            self._join_silent(index, mono_us)
        else:
            middle = len(request.atoms) // 2
            pieces[position : position + 1] = [
                RequestPiece(subrequest(request, atoms), silences=1, reason=reason, parked=True)
                for atoms in (request.atoms[:middle], request.atoms[middle:])
            ]
        return newly_parked

    def _divide_again(self, index: int, position: int) -> list[RequestPiece]:
        """Put in the place of a piece that was put together for a try what it was put together from."""
        self._kept.add(index)
        pieces = self._pieces[index]
        atoms = set(pieces[position].request.atoms)
        inside = [piece for piece in self._undivided.pop(index) if set(piece.request.atoms) <= atoms]
        pieces[position : position + 1] = inside
        return inside

    def _join_silent(self, index: int, mono_us: int) -> None:
        """The search of a request is over: silent neighbours are asked together when they are due."""
        pieces = self._pieces[index]
        if any(piece.parked and piece.due_us <= mono_us for piece in pieces):
            return
        joined: list[RequestPiece] = []
        for piece in pieces:
            if joined and joined[-1].parked and piece.parked:
                atoms = (*joined[-1].request.atoms, *piece.request.atoms)
                joined[-1].request = subrequest(self.planned[index], atoms)
                joined[-1].due_us = max(joined[-1].due_us, piece.due_us)
            else:
                joined.append(piece)
        self._pieces[index] = joined

    def _end_searches(self, result: PollResult) -> None:
        """Forget the search of a request that is refused with all its parts: it is asked whole, to see it come back."""
        replied = {self._index(request) for request in result.replied} if self._exceptions else ()
        for index, planned in enumerate(self.planned) if self._exceptions else ():
            if self._exceptions.get(planned, 0) < EXCEPTION_POLLS:
                continue
            if index in self._pieces and index not in replied:
                del self._pieces[index]
                self._exceptions[planned] = -PAUSE_POLLS
            elif not result.searching:
                del self._exceptions[planned]

    def _retry_illegal(self) -> None:
        """All atoms that were called illegal are due again."""
        self._retry_at_us = None
        for index, pieces in list(self._pieces.items()):
            if index in self._kept or any(piece.silences for piece in pieces):
                for piece in pieces:
                    piece.illegal = False
            else:
                del self._pieces[index]
        self._undivided.clear()

    def _join(self) -> None:
        """After a search: what lies side by side and is read may be asked together again, which is tried once."""
        for index, pieces in list(self._pieces.items()):
            if index in self._kept or index in self._undivided or any(p.silences and not p.searched for p in pieces):
                continue
            planned, joined = self.planned[index], list[RequestPiece]()
            for piece in pieces:
                if joined and joined[-1].usual and piece.usual:
                    atoms = (*joined[-1].request.atoms, *piece.request.atoms)
                    joined[-1] = RequestPiece(subrequest(planned, atoms))
                else:
                    joined.append(piece)
            if len(joined) == 1 and len(pieces) > 1:
                self._kept.add(index)  # nothing is wrong with its parts, and the whole was refused
            elif len(joined) == len(pieces) == 1 and pieces[0].usual:
                del self._pieces[index]
            elif len(joined) < len(pieces):
                self._undivided[index], self._pieces[index] = pieces, joined

    def _make_requests(self, mono_us: int) -> None:
        self.remembers = bool(self._pieces or self._exceptions or self._useless)
        self.doubtful = {}
        if not self._pieces:
            self.requests = self.planned
            return
        usual, silent = list[Request](), list[RequestPiece]()
        for index, planned in enumerate(self.planned):
            for piece in self._pieces.get(index) or (RequestPiece(planned),):
                if piece.usual:
                    usual.append(piece.request)
                elif piece.silences and (not piece.parked or piece.due_us <= mono_us):
                    silent.append(piece)
        silent.sort(key=lambda piece: piece.asked_us)
        self.doubtful = {piece.request: PARKED if piece.parked else piece.reason for piece in silent}
        self.requests = (*usual, *self.doubtful)

    def _position(self, request: Request) -> tuple[int, int]:
        """Index of the plan's request that `request` is a part of, and its position among the pieces of that."""
        index = self._index(request)
        pieces = self._pieces.setdefault(index, [RequestPiece(self.planned[index])])
        return index, next(i for i, piece in enumerate(pieces) if piece.request.atoms == request.atoms)

    def _index(self, request: Request) -> int:
        """Index of the plan's request that `request` is a part of."""
        offset = request.offset  # in the image each has a place of its own, while an address may be in two
        ends = ((i, r.offset + r.count * r.item_bytes) for i, r in enumerate(self.planned))
        return next(i for i, end in ends if offset < end)
