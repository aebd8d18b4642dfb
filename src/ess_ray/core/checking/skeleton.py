"""A register map to begin with, in the format of docs/register-maps.md, out of what a device answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ess_ray.core.checking.explore import Span
from ess_ray.core.checking.reading import Registers
from ess_ray.core.maps.registers import BIT_FUNCTIONS

HEAD = """\
# Put in place of each `skip` the column it holds (docs/data-standard.md), with type, order, scale, min and max.
period_s: 1
function: {function}
blocks:
  - table: bank # or rack, module, pcs, etc: a block for each, with its own ids
    ids: {{bank_id: 1}}
    runs:"""


def skeleton(runs: Sequence[Span], registers: Registers) -> str:
    """YAML: each run of addresses that answer, what a register read beside it, zeros together."""
    if not runs:
        return ""
    usual = runs[0][0]
    lines = [HEAD.format(function=usual)]
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
        places = list(group)
        if zero and len(places) > 1:
            yield f"          - skip: {len(places)} # {places[0]}-{places[-1]}: 0"
            continue
        for address in places:
            yield f"          - skip: 1 # {address}: {registers[function, address]}"
