"""A register map to begin with, in the format of docs/register-maps.md, made from the registers of a device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ess_ray.core.checking.reading import Registers
from ess_ray.core.checking.survey import AddressRange
from ess_ray.core.maps.registers import BIT_FUNCTIONS

HEADING = """\
# Put in place of each `skip` the column it holds (docs/data-standard.md), with type, order, scale, min and max.
period_s: 1
function: {function}
blocks:
  - table: bank # or rack, module, pcs, etc: a block for each, with its own ids
    ids: {{bank_id: 1}}
    runs:"""


def skeleton(runs: Sequence[AddressRange], registers: Registers) -> str:
    """The map as YAML: an entry for each register of the runs, with what it read as a comment; zeros are joined.

    Empty without runs. `registers`: at least all those of the runs, whose last addresses are included.
    """
    if not runs:
        return ""
    usual = runs[0][0]
    lines = [HEADING.format(function=usual)]
    for function, first, last in runs:
        lines.append(f"      - at: {first}")
        if function != usual:
            lines.append(f"        function: {function}")
        if function not in BIT_FUNCTIONS:
            lines.append("        type: uint16")
        lines.append("        columns:")
        lines += _entries(function, range(first, last + 1), registers)
    return "\n".join(lines) + "\n"


def _entries(function: int, addresses: range, registers: Registers) -> Iterator[str]:
    for zero, group in groupby(addresses, key=lambda address: registers[function, address] == 0):
        zeros = list(group)
        if zero and len(zeros) > 1:
            yield f"          - skip: {len(zeros)} # {zeros[0]}-{zeros[-1]}: 0"
            continue
        for address in zeros:
            yield f"          - skip: 1 # {address}: {registers[function, address]}"
