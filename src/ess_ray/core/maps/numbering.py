"""How a map writes addresses: as they are sent, or as a vendor's table prints them.

A request carries addresses from 0 (MODBUS Application Protocol V1.1b3, section 4.4: the element that the data model
numbers X is addressed X-1). Tables write them in one of three ways, and only the map's author can tell which:

- `wire`, the usual: as they are sent. SunSpec's 40000, SMA's 30051 and Solis' 33000 are that too, though they look
  otherwise.
- `one_based`: counted from 1.
- `modicon`: counted from 1 behind a digit that says the function, in five or six digits: 40001 and 400001 are the first
  holding register, 30001 the first input register, 10001 the first discrete input, 00001 the first coil.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

WIRE, ONE_BASED, MODICON = "wire", "one_based", "modicon"
NUMBERINGS = (WIRE, ONE_BASED, MODICON)
LAST_ADDRESS = 0xFFFF
# The first digit of an address as Modicon printed it, and the function that it stands for.
MODICON_FUNCTIONS: Mapping[int, int] = MappingProxyType({0: 1, 1: 2, 3: 4, 4: 3})
KINDS = {1: "a coil", 2: "a discrete input", 3: "a holding register", 4: "an input register"}
FIVE_DIGITS, SIX_DIGITS = 10_000, 100_000  # what the first digit is worth


@dataclass(frozen=True, slots=True)
class Numbering:
    """A way to write addresses: `kind` is one of NUMBERINGS, and `base` stands where the map's address 0 is."""

    kind: str = WIRE
    base: int = 0

    def sent(self, number: int, digits: int = 0) -> tuple[int | None, int]:
        """(function, address as it is sent) of a number as it is written; None if it does not say the function.

        `digits`: how many it is written with; 0: as few as it needs. Raises ValueError, with what is wrong.
        """
        function, address = None, number
        if self.kind == MODICON:
            function, address = _modicon(number, digits)
        elif self.kind == ONE_BASED:
            address = number - 1
            if not number:
                raise ValueError("0 is no address that counts from 1 (addresses: one_based)")
        elif digits and digits > len(str(number)):
            raise ValueError(
                f"{number:0{digits}} has zeros in front, as printed addresses of coils have: write {number} if it is "
                "sent so, or see `addresses`"
            )
        address += self.base
        if not 0 <= address <= LAST_ADDRESS:
            raise ValueError(_beyond(number, address, self.base))
        return function, address


WIRE_NUMBERING = Numbering()


def _modicon(number: int, digits: int) -> tuple[int, int]:
    worth = SIX_DIGITS if digits == 6 or (digits < 5 and number >= SIX_DIGITS) else FIVE_DIGITS
    digit, rest = divmod(number, worth)
    if digit not in MODICON_FUNCTIONS or not 1 <= rest <= LAST_ADDRESS + 1:
        raise ValueError(
            f"{number:0{max(digits, 1)}} is no Modicon address: expected 00001 to 09999, 10001 …, 30001 … or 40001 … "
            "with five digits or six (addresses: modicon)"
        )
    return MODICON_FUNCTIONS[digit], rest - 1


def _beyond(number: int, address: int, base: int) -> str:
    if base:
        return f"{number} is {address} here, which is no address: they go up to {LAST_ADDRESS}"
    text = f"expected a whole number from 0 to {LAST_ADDRESS}, found {number}"
    digit, rest = divmod(number, SIX_DIGITS)
    if digit and digit in MODICON_FUNCTIONS and 1 <= rest <= LAST_ADDRESS + 1:
        sent = f"write {rest - 1} and function: {MODICON_FUNCTIONS[digit]}, or addresses: modicon"
        return f"{number} is an address as tables print it, not as it is sent: {sent}"
    return text
