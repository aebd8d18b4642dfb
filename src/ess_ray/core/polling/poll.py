"""One poll of one device: which request comes next, what has been read, what is missing and why.

Pure: the line (`core.polling.connection`) asks for requests, says what became of each, and takes the sample at the end.
Registers that the device calls illegal are searched by halving and then parked (`Parking`), so that one bad register
costs that register and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.polling.cadence import Now
from ess_ray.core.samples import Reason, Sample, Status
from ess_ray.core.settings import DeviceSettings

# MODBUS Application Protocol V1.1b3, section 7.
ILLEGAL_ADDRESS, ILLEGAL_VALUE = 2, 3
GATEWAY_TARGET_SILENT = 11
WORTH_A_RETRY = frozenset({4, 5, 6, 10})  # device failure, acknowledge, busy, gateway path unavailable
# Halvings of one poll: a whole illegal block is found over several ticks instead of in one that overruns.
MAX_SPLITS = 16
STORED, PARTIAL, FAILED = Status  # a member is slow to get at its class
PARKED = Reason.PARKED


def part(request: Request, atoms: tuple[tuple[int, int], ...]) -> Request:
    """The request for some neighbouring atoms of `request`, its answer in the same place of the image."""
    address, end = atoms[0][0], atoms[-1][0] + atoms[-1][1]
    return Request(request.function, address, end - address, atoms, byte_range(request, atoms[0])[0])


class Parking:
    """The requests that a device is really asked: its plan, less the registers it has called illegal."""

    def __init__(self, plan: Plan, retry_us: int) -> None:
        self._plan = plan
        self._retry_us = retry_us
        self._bad: dict[int, set[tuple[int, int]]] = {}  # by index of the plan's request
        self._splits: dict[int, list[Request]] = {}  # requests under search
        self._retry_at_us: int | None = None
        self.requests: tuple[Request, ...] = plan.requests

    @property
    def parked(self) -> list[tuple[Request, tuple[int, int]]]:
        """The bad atoms, each with the plan's request that holds it."""
        return [(self._plan.requests[i], atom) for i in sorted(self._bad) for atom in sorted(self._bad[i])]

    def refuse(self, request: Request, mono_us: int) -> list[Request]:
        """The device called `request` illegal: its two halves, or nothing when it is one value: that is parked."""
        index = self._index(request)
        asked = self._splits.setdefault(index, self._asked(index))
        asked.remove(request)
        middle = len(request.atoms) // 2
        halves = [part(request, request.atoms[:middle]), part(request, request.atoms[middle:])] if middle else []
        if not halves:
            self._bad.setdefault(index, set()).update(request.atoms)
            self._retry_at_us = self._retry_at_us or mono_us + self._retry_us
        asked.extend(halves)
        return halves

    def settle(self, mono_us: int, searching: bool) -> None:
        """Between two polls: join what the search split once it has ended; try parked registers again when due."""
        if self._retry_at_us is not None and mono_us >= self._retry_at_us:
            self._bad.clear()
            self._splits.clear()
            self._retry_at_us = None
        elif not searching:
            self._splits.clear()
        if not self._bad and not self._splits:
            self.requests = self._plan.requests
            return
        self.requests = tuple(request for i in range(len(self._plan.requests)) for request in self._asked(i))

    def _asked(self, index: int) -> list[Request]:
        if index in self._splits:
            return sorted(self._splits[index], key=lambda request: request.address)
        whole, bad = self._plan.requests[index], self._bad.get(index, set())
        if not bad:
            return [whole]
        runs: list[list[tuple[int, int]]] = [[]]
        for atom in whole.atoms:
            if atom in bad:
                runs.append([])
            else:
                runs[-1].append(atom)
        return [part(whole, tuple(run)) for run in runs if run]

    def _index(self, request: Request) -> int:
        return next(
            i
            for i, whole in enumerate(self._plan.requests)
            if whole.function == request.function and whole.address <= request.address < whole.address + whole.count
        )


class Poll:
    """One tick of one device, from its first request to its sample."""

    # What most polls leave as it is; one is made every tick of every device.
    _missing: Sequence[Request] = ()
    _reason: str | None = None
    attempts = 0  # to have the next request answered
    _splits = 0
    sent = 0  # requests, retries included
    _retries = 0
    _searching = False
    # Answers whose requests' turn has not come, by the requests' ids: with the arguments of `came`.
    early: dict[int, tuple[bytes | int, int, int, bool]] | None = None
    newly_parked: Sequence[Request] = ()  # values that this poll found to be illegal
    heard = False  # the device gave an answer, be it an exception

    def __init__(self, settings: DeviceSettings, parking: Parking, tick_us: int, now: Now) -> None:
        self.settings = settings
        self.tick_us = tick_us
        self.deadline_us = now.mono_us + settings.poll_limit_us - (now.wall_us - tick_us - settings.phase_us)
        self.requests: Sequence[Request] = parking.requests  # never changed in place: a search makes another list
        self._parking = parking
        self.answers: list[bytes | None] = []  # of the first so many requests; None: it has failed for good

    def next_request(self) -> Request | None:
        """The request to send now, or None when the poll is over. Asking twice gives the same."""
        number = len(self.answers)
        return self.requests[number] if number < len(self.requests) else None

    def together(self, most: int) -> Sequence[int]:
        """The places of the next request and of those right behind it that may go with it, at most so many in all."""
        first, requests, early = len(self.answers), self.requests, self.early
        end = min(first + most, len(requests))
        if early:  # answers are taken in turn, so there must be none in between that has come already
            end = next((place for place in range(first, end) if id(requests[place]) in early), end)
        return range(first, end)

    def try_once(self, together: int = 1) -> int:
        """The next request goes out, and those `together` with it: its place in `requests`."""
        self.sent += together
        if self.attempts:
            self._retries += 1
        self.attempts += 1
        return len(self.answers)

    def tell(self, answered: int) -> None:
        """So many requests were answered, each at its first try, and the next went out, without a word to the poll."""
        if answered:
            self.heard = True
            self.sent += answered
            self.attempts = 1

    def came(self, request: Request, answer: bytes | int, retries: int, mono_us: int, more: bool) -> None:
        """The answer of a request that was out: its data (bits unpacked, one a byte) or an exception's code.

        Its turn may not have come: one before it that was out with it may have to be asked again, or in parts. `more`:
        others are still out.
        """
        self.early = self.early or {}
        self.early[id(request)] = answer, retries, mono_us, more
        self._settle()

    def _settle(self) -> None:
        """Take the answers whose turn has come."""
        while self.early and (request := self.next_request()) and (early := self.early.pop(id(request), None)):
            answer, retries, mono_us, more = early
            self.attempts = self.attempts or 1
            if isinstance(answer, int):
                self.refused(answer, retries, mono_us, more)
            else:
                self.answered(answer)

    def answered_together(self, payloads: Sequence[bytes]) -> None:
        """The first requests of those that are out together were answered."""
        self.attempts = 0
        self.heard = True
        self.answers.extend(payloads)
        self._settle()

    def answered(self, payload: bytes) -> None:
        """The request was answered with its data (bits come unpacked, one a byte)."""
        self.attempts = 0
        self.heard = True
        self.answers.append(payload)

    def refused(self, code: int, retries: int, mono_us: int, more: bool) -> None:
        """The device answered with exception `code`, or its gateway; `more`: other requests are still out."""
        self.heard = self.heard or code != GATEWAY_TARGET_SILENT  # that one says that nothing was heard
        reason = f"{Reason.EXCEPTION} {code}"
        if code in (ILLEGAL_ADDRESS, ILLEGAL_VALUE):
            self._search(reason, mono_us)
        elif code == GATEWAY_TARGET_SILENT and not more:
            self.give_up(reason)
        elif code not in WORTH_A_RETRY or not self.may_retry(retries, mono_us):
            self.lose(reason)

    def may_retry(self, retries: int, mono_us: int) -> bool:
        """Whether the request may be sent once more within the poll's limit."""
        return self.attempts <= retries and mono_us < self.deadline_us

    def lose(self, reason: str) -> None:
        """The request has failed for good: its registers are missing, the poll goes on."""
        self.attempts = 0
        self._miss(self.requests[len(self.answers)], reason)
        self.answers.append(None)
        self._settle()

    def give_up(self, reason: str) -> None:
        """Nothing more is asked in this poll: all that is left is missing."""
        while len(self.answers) < len(self.requests):
            self.lose(reason)

    @property
    def registers(self) -> int:
        """How many registers and bits were read."""
        return sum(r.count for r, answer in zip(self.requests, self.answers, strict=False) if answer is not None)

    def sample(self, now: Now) -> Sample:
        """The sample of a poll that is over."""
        device, plan, read_ms = self.settings.device, self.settings.plan, (now.wall_us - self.tick_us) / 1000
        if self.requests is plan.requests and not self._missing:  # nothing is parked or searched either
            image = b"".join(self.answers)  # type: ignore[arg-type]  # none has failed
            return Sample(
                device, plan.layout, self.tick_us, STORED, None, (), None, read_ms, self.sent, self._retries, image
            )  # fmt: skip
        self._miss_parked()
        self._parking.settle(now.mono_us, self._searching)
        image, reason, missing = self._image(), self._reason, self._missing
        status = FAILED if not image else STORED if reason is None or reason == PARKED else PARTIAL
        # Of a failed sample nothing was read: that need not be told value by value.
        ranges, text = (byte_ranges(missing), missing_text(missing)) if image and missing else ((), None)
        return Sample(
            device, plan.layout, self.tick_us, status, reason, ranges, text, read_ms, self.sent, self._retries, image
        )  # fmt: skip

    def _image(self) -> bytes:
        """All answers in their places; empty if there is none."""
        if not any(self.answers):
            return b""
        image = bytearray(self.settings.plan.image_bytes)
        for request, answer in zip(self.requests, self.answers, strict=True):
            if answer is not None:
                image[request.offset : request.offset + len(answer)] = answer
        return bytes(image)

    def _miss_parked(self) -> None:
        if not (parked := self._parking.parked):  # nearly always, and of a silent device every atom is missing
            return
        found_now = {(request.function, atom) for request in self._missing for atom in request.atoms}
        for request, atom in parked:
            if (request.function, atom) not in found_now:
                self._miss(part(request, (atom,)), PARKED)

    def _search(self, reason: str, mono_us: int) -> None:
        place = len(self.answers)
        request = self.requests[place]
        halves = self._parking.refuse(request, mono_us)
        if not halves:
            self.newly_parked = [*self.newly_parked, request]
        self._searching = self._searching or bool(halves)
        if halves and self._splits < MAX_SPLITS:
            self._splits += 1
            self.attempts = 0
            self.requests = [*self.requests[:place], *halves, *self.requests[place + 1 :]]
        else:
            self.lose(reason)

    def _miss(self, request: Request, reason: str) -> None:
        self._reason = reason if self._reason in (None, PARKED) else self._reason
        self._missing = [*self._missing, request]


def byte_ranges(missing: Sequence[Request]) -> tuple[tuple[int, int], ...]:
    """Where these lie in the image, [start, end) in bytes, neighbours joined."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(byte_range(request, atom) for request in missing for atom in request.atoms):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return tuple(joined)


def byte_range(request: Request, atom: tuple[int, int]) -> tuple[int, int]:
    """Where an atom of a request lies in the image, [start, end) in bytes."""
    start = request.offset + (atom[0] - request.address) * request.item_bytes
    return start, start + atom[1] * request.item_bytes


def missing_text(missing: Sequence[Request]) -> str:
    """The missing addresses for people, neighbours joined: "4:500-588,4:600"."""
    spans: list[list[int]] = []
    for function, address, count in sorted((r.function, a, n) for r in missing for a, n in r.atoms):
        if spans and spans[-1][0] == function and address <= spans[-1][2] + 1:
            spans[-1][2] = max(spans[-1][2], address + count - 1)
        else:
            spans.append([function, address, address + count - 1])
    return ",".join(f"{f}:{a}" if a == b else f"{f}:{a}-{b}" for f, a, b in spans)


def unread(settings: DeviceSettings, tick_us: int, reason: str, now: Now) -> Sample:
    """The sample of a tick at which the device was not asked at all."""
    late_ms = (now.wall_us - tick_us) / 1000
    layout = settings.plan.layout
    return Sample(settings.device, layout, tick_us, Status.FAILED, reason, (), None, late_ms, 0, 0, b"")
