"""Atoms: registers that one request has to read together, found in the values of a register map.

A value of several registers is one atom. So is a value with the registers beside it (`registers.Side`): an inverter
that changes its scale factor at sunrise gives a number ten times as large if the two are of different moments. What
lies between them is read along. Called by `core.maps.plan`; errors are ConfigError.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.registers import RegisterMap, Value

Atom = tuple[int, int]  # (address, count) of registers or bits that one request has to read together
STANDS_STILL = "if it never changes while the device runs, say `apart: true` with it"

MAY_DIFFER = "if they may be of two moments, say `words: {at: […], apart: true}`"


@dataclass(slots=True)
class _Runs:
    """What a map reads by one function: registers by (address, count), and those that may be read."""

    limit: int  # registers, or bits, of one request
    readable: set[int]
    registers: set[Atom] = field(default_factory=set)
    together: dict[Atom, Value] = field(default_factory=dict)  # with a value that needs all of them


def find_atoms(register_map: RegisterMap, limits: Mapping[int, int], borders: Collection[int]) -> dict[int, list[Atom]]:
    """The atoms of a map by function, both ascending; no two overlap: bits that lie in another value are of its atom.

    `limits`: by function, the registers or bits that one request may hold. Raises ConfigError for an atom that exceeds
    it, that lies across one of the `borders`, or that has a hole which the map does not call readable.
    """
    runs: dict[int, _Runs] = {}
    for function, address in register_map.readable_holes:
        runs.setdefault(function, _Runs(limits[function], set())).readable.add(address)
    for value in register_map.values:
        if value.width > limits[value.function]:
            problem = f"takes {value.width} registers, but one request may hold only {limits[value.function]}"
            raise _error(register_map, value, problem)
        for part in (value, *(side.value for side in value.sides)):
            of_function = runs.setdefault(part.function, _Runs(limits[part.function], set()))
            of_function.registers.update([(word, 1) for word in part.words] or [(part.address, part.width)])
        for expected in value.expected:
            of_function = runs.setdefault(expected.function, _Runs(limits[expected.function], set()))
            of_function.registers.add((expected.address, 1))
    for value in register_map.values:
        if (value.words and not value.apart) or any(not side.apart for side in value.sides):
            atom = _together(register_map, value)
            runs[value.function].together.setdefault(atom, value)
    return {
        function: _atoms(register_map, runs[function], borders) for function in sorted(runs) if runs[function].registers
    }


def _error(register_map: RegisterMap, value: Value, problem: str) -> ConfigError:
    line = f", line {value.line}" if value.line and (value.words or value.sides) else ""
    where = f"map {register_map.name}{line}, address {value.address}"
    return ConfigError(where, f"{value.table}.{value.column} {problem}")


def _together(register_map: RegisterMap, value: Value) -> Atom:
    """The registers from the first to the last of a value and what has to be read with it."""
    keys = value.keys[: value.width]
    for side in value.sides:
        if side.apart:
            continue
        if side.value.function != value.function:
            problem = f"has function {value.function} and its {side.role} {side.value.function}: two requests"
            raise _error(register_map, value, f"{problem}; {STANDS_STILL}")
        keys += side.value.keys
    first, *_, last = sorted(address for _, address in keys)
    return first, last + 1 - first


def _atoms(register_map: RegisterMap, runs: _Runs, borders: Collection[int]) -> list[Atom]:
    held = runs.readable.union(*(range(address, address + count) for address, count in runs.registers))
    for (first, count), value in runs.together.items():
        if hole := next((address for address in range(first, first + count) if address not in held), None):
            problem = f"{hole} between them has no value and is not among the `readable`"
            raise _apart(register_map, value, first, count, problem)
    atoms = _joined(runs.registers | runs.together.keys())
    for first, count in atoms if runs.together else ():
        for value in [v for (start, _), v in runs.together.items() if first <= start < first + count][:1]:
            if count > runs.limit:
                raise _apart(register_map, value, first, count, f"one request may hold only {runs.limit}")
            if border := next((border for border in borders if first < border < first + count), None):
                raise _apart(register_map, value, first, count, f"the device's border {border} lies between them")
    return atoms


def _apart(register_map: RegisterMap, value: Value, first: int, count: int, problem: str) -> ConfigError:
    parts = [f"words at {', '.join(map(str, value.words))}"] if value.words else []
    parts += [f"{side.role} at {side.value.address}" for side in value.sides if not side.apart]
    what = f"and its {' and '.join(parts)} have to come in one request"
    what += f", which reads {count} registers from {first} on, but {problem}"
    alone = value.words and not any(not side.apart for side in value.sides)
    return _error(register_map, value, f"{what}: {MAY_DIFFER if alone else STANDS_STILL}")


def _joined(registers: Iterable[Atom]) -> list[Atom]:
    """In order; what overlaps is one atom."""
    atoms: list[Atom] = []
    for address, count in sorted(registers):
        if atoms and address < sum(atoms[-1]):
            first, end = atoms[-1][0], max(sum(atoms[-1]), address + count)
            atoms[-1] = (first, end - first)
        else:
            atoms.append((address, count))
    return atoms
