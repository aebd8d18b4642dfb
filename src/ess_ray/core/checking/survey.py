"""What is known of a device's registers, and the way to more of it with a bounded number of requests. Pure.

`Read` sends one read request (function, address, count) and returns the data of its reply, the code of an exception
reply, the text of the reason why there is no reply (`core.reasons`), or None if no request is allowed any more; it has
to return None ever after.

A request that is refused is halved, all halves of one size before any smaller one, so that a search that is cut short
has covered everything coarsely. One that is met with silence is made shorter until it is answered: that tells a request
that is too long from a register that the device does not answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ess_ray.core.checking.reading import split_reply
from ess_ray.core.maps.plan import Request
from ess_ray.core.maps.registers import BIT_FUNCTIONS, MAX_BITS, MAX_REGISTERS
from ess_ray.core.reasons import ExceptionCode, exception_reason

Reply = bytes | int | str | None
Read = Callable[[int, int, int], Reply]
Key = tuple[int, int]  # function, address
AddressRange = tuple[int, int, int]  # function, first address, last address
UNKNOWN_FUNCTION = exception_reason(ExceptionCode.ILLEGAL_FUNCTION)
MOST_SILENT = 20  # requests without a reply: each costs a time-out


@dataclass(slots=True)
class Survey:
    """The registers that were read, those that were not and why, and how many one request may have, by function."""

    registers: dict[Key, int] = field(default_factory=dict)  # what each read
    refused: dict[Key, str] = field(default_factory=dict)  # single registers, and why
    not_searched: list[AddressRange] = field(default_factory=list)  # refused, and not tried in smaller parts
    largest: dict[int, int] = field(default_factory=dict)  # registers of the largest request that was read
    bounded: set[int] = field(default_factory=set)  # functions of which a request larger than that was refused
    allowed: Mapping[int, int] = field(default_factory=dict)  # registers that a request may have as it is set
    unknown_functions: set[int] = field(default_factory=set)  # that the device refuses as such
    silent: int = 0  # requests without a reply, so far
    silence: str | None = None  # why there was no reply to the last of them

    @property
    def runs(self) -> list[AddressRange]:
        """The registers that were read, neighbours joined."""
        return address_ranges(self.registers)

    def unknown(self, keys: Iterable[Key]) -> list[Key]:
        """Those that were neither read nor refused, in order."""
        return sorted(key for key in keys if key not in self.registers and key not in self.refused)

    def most_at_once(self, function: int) -> int:
        """The most registers, or bits, that a request should have, as far as is known."""
        most = self.allowed.get(function, limit_of(function))
        return min(most, self.largest[function]) if function in self.bounded else most

    def ask(self, function: int, first: int, last: int, read: Read) -> Reply:
        """The reply to one request; what it says is kept."""
        count = last - first + 1
        reply = read(function, first, count)
        if isinstance(reply, bytes):
            self.registers |= split_reply(Request(function, first, count, (), 0), reply)
            self.largest[function] = max(count, self.largest.get(function, 0))
        elif isinstance(reply, str):
            self.silent, self.silence = self.silent + 1, reply
        if reply == ExceptionCode.ILLEGAL_FUNCTION and isinstance(reply, int):
            self.unknown_functions.add(function)
        if count == 1 and isinstance(reply, int | str):
            self.refused[function, first] = reply if isinstance(reply, str) else exception_reason(reply)
        return reply

    def cover(self, keys: Iterable[Key], read: Read, most_requests: int | None = None) -> int:
        """Read the unknown ones of `keys` and return how many requests that took, `most_requests` at most.

        Ends when `read` returns None, and once MOST_SILENT requests have had no reply; what is left then is in
        `not_searched`.
        """
        sent = 0

        def counted(function: int, address: int, count: int) -> Reply:
            nonlocal sent
            if sent == most_requests:
                return None
            sent += 1
            return read(function, address, count)

        waiting = deque(address_ranges(dict.fromkeys(self.unknown(keys))))
        while waiting:
            function, first, last = waiting.popleft()
            step = self.most_at_once(function)
            if function in self.unknown_functions:
                span = range(first, last + 1)
                self.refused |= dict.fromkeys(((function, at) for at in span), UNKNOWN_FUNCTION)
            elif last - first >= step:
                pieces = [(function, at, min(at + step - 1, last)) for at in range(first, last + 1, step)]
                waiting.extendleft(reversed(pieces))
            elif self.silent >= MOST_SILENT or not self._cover(function, first, last, counted, waiting):
                self.not_searched += [(function, first, last), *waiting]
                break
        return sent

    def _cover(self, function: int, first: int, last: int, read: Read, waiting: deque[AddressRange]) -> bool:
        """False if no request is left. Parts that are still to be read go behind those that wait."""
        reply = self.ask(function, first, last, read)
        if reply is None:
            return False
        if isinstance(reply, int) and function in self.unknown_functions:
            waiting.appendleft((function, first, last))
        elif isinstance(reply, int) and first < last:
            middle = (first + last) // 2
            waiting += [(function, first, middle), (function, middle + 1, last)]
        elif isinstance(reply, str) and first < last:
            return self._shorten(function, first, last, read, waiting)
        return True

    def _shorten(self, function: int, first: int, last: int, read: Read, waiting: deque[AddressRange]) -> bool:
        """Find out how much of a request that was met with silence is answered, from its first register on.

        As `_cover`.
        """
        good, most = 0, last - first
        count = 1  # the first register alone: that is silent if nothing can be read here
        while good < most:
            reply = self.ask(function, first, first + count - 1, read)
            if reply is None:
                return False
            if isinstance(reply, bytes):
                good = count
            else:
                most = count - 1
            count = (good + most + 1) // 2
        rest = first + max(good, 1)
        if good and isinstance(self.ask(function, rest, rest, read), bytes):  # it is there: the request was too long
            self.bounded.add(function)
            self.largest[function] = good
        if rest <= last:
            waiting.append((function, rest, last))
        return True


def address_ranges(keys: Mapping[Key, object]) -> list[AddressRange]:
    """The ranges of neighbouring (function, address), in order; only the keys count."""
    runs: list[list[int]] = []
    for function, address in sorted(keys):
        if runs and runs[-1][0] == function and runs[-1][2] + 1 == address:
            runs[-1][2] = address
        else:
            runs.append([function, address, address])
    return [(function, first, last) for function, first, last in runs]


def limit_of(function: int) -> int:
    """The most registers, or bits for functions 1 and 2, in one request.

    Source: MODBUS Application Protocol V1.1b3, sections 6.1 to 6.4.
    """
    return MAX_BITS if function in BIT_FUNCTIONS else MAX_REGISTERS
