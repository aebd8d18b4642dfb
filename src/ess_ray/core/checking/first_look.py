"""Where the registers of a device begin of which nothing is known: SunSpec, else usual addresses. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ess_ray.core.checking.reading import Registers
from ess_ray.core.checking.survey import AddressRange
from ess_ray.core.checking.ways import Ask, Way
from ess_ray.core.maps.numbering import LAST_ADDRESS
from ess_ray.core.maps.registers import READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS

SUNSPEC = b"SunS"  # its marker and where it may stand: SunSpec Device Information Model Specification, section 6.1
SUNSPEC_BASES = (40000, 0, 50000)
USUAL = (0, 1, 100, 256, 500, 1000, 2000, 3000, 4096, 5000, 8192, 10000, 20000, 30000, 40000, 50000, 60000)
REGISTERS = 64  # from each of these addresses on
MIRRORED = 0.9  # of the registers: some change between two requests
MOST_SILENT = 3  # requests of one function without a reply: each costs a time-out


@dataclass(frozen=True, slots=True)
class FirstLook:
    """Ranges that begin with a register that the device has, and the address of SunSpec's marker; None: it has none."""

    windows: tuple[AddressRange, ...]
    sunspec: int | None = None


def first_look(way: Way, ask: Ask, address: int | None = None) -> FirstLook:
    """Find the ranges with a request for each address and function; `address`: only there, and no SunSpec."""
    addresses = USUAL if address is None else (address,)
    for base in SUNSPEC_BASES if address is None else ():
        if ask(way, READ_HOLDING_REGISTERS, base, 2) == SUNSPEC:
            return FirstLook(((READ_HOLDING_REGISTERS, base, base + REGISTERS - 1),), base)
    windows: list[AddressRange] = []
    for function in (READ_HOLDING_REGISTERS, READ_INPUT_REGISTERS):
        silent = 0
        for at in addresses:
            if any(of == function and first <= at <= last for of, first, last in windows) or silent >= MOST_SILENT:
                continue
            reply = ask(way, function, at, 1)
            if isinstance(reply, bytes):
                windows.append((function, at, min(at + REGISTERS - 1, LAST_ADDRESS)))
            silent += isinstance(reply, str)
    return FirstLook(tuple(windows))


def without_mirror(runs: Sequence[AddressRange], registers: Registers) -> list[AddressRange]:
    """The ranges without input registers, if these are the holding registers once more, as of many devices they are."""
    inputs = {at: value for (function, at), value in registers.items() if function == READ_INPUT_REGISTERS}
    same = sum(registers.get((READ_HOLDING_REGISTERS, at)) == value for at, value in inputs.items())
    mirrored = same >= MIRRORED * len(inputs)
    return [run for run in runs if not (mirrored and run[0] == READ_INPUT_REGISTERS)]
