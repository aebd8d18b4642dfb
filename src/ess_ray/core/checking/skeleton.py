"""A register map to begin with, in the format of docs/register-maps.md, made from the registers of a device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from ess_ray.core.checking.reading import Registers
from ess_ray.core.checking.survey import AddressRange, Key
from ess_ray.core.maps.registers import BIT_FUNCTIONS

HEADING = """\
# Put in place of each `skip` the column it holds (docs/data-standard.md), with type, order, scale, min and max.
period_s: 1
function: {function}
blocks:
  - table: bank # or rack, module, pcs, etc: a block for each, with its own ids
    ids: {{bank_id: 1}}
    runs:"""


NAMED_HEADING = """\
# Made by job=new of what the device answered: a column for each register that was not 0. Give them the names that they
# have in docs/data-standard.md, or names of your own, with type, order, scale, min and max: docs/register-maps.md.
period_s: 1
function: {function}
readable: [{readable}]
new:
  {table}:
{columns}
blocks:
  - table: {table}
    runs:"""
KINDS = {1: "coil", 2: "input_bit", 3: "holding", 4: "input"}  # of registers, by function
MOST_COLUMNS = 250  # of a map that is made


def skeleton(runs: Sequence[AddressRange], registers: Registers) -> str:
    """The map as YAML: an entry for each register of the runs, with what it read as a comment; zeros are joined.

    Empty without runs. `registers`: at least all those of the runs, whose last addresses are included.
    """
    if not runs:
        return ""
    return _map(runs, registers, HEADING.format(function=runs[0][0]), {})


def map_of_registers(runs: Sequence[AddressRange], registers: Registers, table: str) -> str:
    """A map that can be used as it is: a column of the new table `table` for each register of the runs that was not 0.

    Of more than MOST_COLUMNS the first ones; if all are 0, the first register. Otherwise as `skeleton`.
    """
    keys = [(function, at) for function, first, last in runs for at in range(first, last + 1)]
    if not keys:
        return ""
    chosen = [key for key in keys if registers[key]][:MOST_COLUMNS] or keys[:1]
    names = {(function, at): f"{KINDS[function]}_{at}" for function, at in chosen}
    columns = [f"    {name}: {{meaning: {KINDS[key[0]]} register {key[1]}}}" for key, name in names.items()]
    readable = ", ".join(f"{{function: {function}, at: {first}..{last}}}" for function, first, last in runs)
    heading = NAMED_HEADING.format(function=runs[0][0], readable=readable, table=table, columns="\n".join(columns))
    return _map(runs, registers, heading, names)


def _map(runs: Sequence[AddressRange], registers: Registers, heading: str, names: Mapping[Key, str]) -> str:
    usual = runs[0][0]
    lines = [heading]
    for function, first, last in runs:
        lines.append(f"      - at: {first}")
        if function != usual:
            lines.append(f"        function: {function}")
        if function not in BIT_FUNCTIONS:
            lines.append("        type: uint16")
        lines.append("        columns:")
        lines += _entries(function, range(first, last + 1), registers, names)
    return "\n".join(lines) + "\n"


def _entries(function: int, addresses: range, registers: Registers, names: Mapping[Key, str]) -> Iterator[str]:
    for zero, group in groupby(addresses, key=lambda address: registers[function, address] == 0):
        zeros = list(group)
        if zero and len(zeros) > 1:
            named = [names[key] for key in [(function, zeros[0])] if key in names]
            yield from (f"          - {name} # {zeros[0]}: 0" for name in named)
            if left := zeros[len(named) :]:
                yield f"          - skip: {len(left)} # {left[0]}-{left[-1]}: 0"
            continue
        for address in zeros:
            name = names.get((function, address), "skip: 1")
            yield f"          - {name} # {address}: {registers[function, address]}"
