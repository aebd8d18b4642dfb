"""The text of a register map made of blocks, as people write maps, with models and points in comments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from ess_ray.core.importing.yaml_text import comment, flow, scalar
from ess_ray.core.sunspec.definitions import HEADER
from ess_ray.core.sunspec.making import Block, BlockEntry, Made
from ess_ray.core.sunspec.placing import Placed

FUNCTION = 3  # SunSpec's registers are holding registers


def write(made: Made, heading: Sequence[str], period_s: int = 1) -> str:
    """The map; `heading`: lines for its top. Nothing is checked here."""
    lines = [*(f"# {comment(line)}".rstrip() for line in heading), f"period_s: {period_s}", f"function: {FUNCTION}"]
    if holes := readable(made):
        spans = [first if first == last else f"{first}..{last}" for first, last in holes]
        lines.append(f"readable: {flow(spans)}  # padding, and scale factors of nothing")
    if made.new:
        lines.append("new:")
    for name, table in made.new.items():
        lines += [f"  {name}:", f"    identity: {flow(table.identity)}"]
        lines += [f"    {scalar(column)}: {flow(words)}" for column, words in table.columns.items()]
    lines.append("blocks:")
    for placed in made.placed:
        lines += _of_model(placed, [block for block in made.blocks if block.model is placed.model])
    return "\n".join(lines) + "\n"


def _of_model(placed: Placed, blocks: Sequence[Block]) -> Iterator[str]:
    model = placed.model
    yield f"  # model {model.definition.id}, {comment(model.definition.label)}: {model.address} to {model.end - 1}"
    yield from (f"  #   {comment(remark)}" for remark in placed.remarks)
    for block in blocks:
        yield f"  - table: {block.table}"
        yield f"    expect: {{{model.address}: {model.definition.id}, {model.address + 1}: {model.length}}}"
        if block.period_s:
            yield f"    period_s: {block.period_s}"
        if block.ids:
            yield f"    ids: {flow(block.ids)}"
        if block.repeat:
            yield f"    repeat: {flow({name: f'{first}..{last}' for name, (first, last) in block.repeat.items()})}"
        yield "    runs:"
        yield f"      - at: {block.entries[0].address}"
        if block.stride:
            strides = block.stride
            yield f"        stride: {flow(strides if len(strides) > 1 else next(iter(strides.values())))}"
        yield "        columns:"
        yield from _entries(block.entries)


def _entries(entries: Sequence[BlockEntry]) -> Iterator[str]:
    at = entries[0].address
    for entry in entries:
        place = {} if entry.address == at else {"at": entry.address}
        own = {**place, **entry.attributes}
        yield f"          - {scalar(entry.column)}: {flow(own)} # {comment(entry.comment)}"
        at = entry.address + entry.width


def readable(made: Made) -> list[tuple[int, int]]:
    """Registers within models that hold no value of the map, first and last: SunSpec's models have no gaps."""
    held: set[int] = set()
    for block in made.blocks:
        for entry in block.entries:
            for shift in _shifts(block):
                held.update(range(entry.address + shift, entry.address + shift + entry.width))
            if factor := entry.attributes.get("exponent"):
                moves = isinstance(factor, Mapping) and "stride" in factor
                at = int(str(factor["at"])) if isinstance(factor, Mapping) else int(str(factor))
                held.update(at + shift for shift in (_shifts(block) if moves else [0]))
    holes: list[int] = []
    for placed in made.placed:
        model = placed.model
        values = [address for address in held if model.address <= address < model.end]
        last = max(values, default=model.address)
        holes += [at for at in range(model.address + HEADER, last) if at not in held]
    spans = []
    for _, group in groupby(enumerate(holes), lambda pair: pair[1] - pair[0]):
        of = [address for _, address in group]
        spans.append((of[0], of[-1]))
    return spans


def _shifts(block: Block) -> list[int]:
    shifts = [0]
    for name, (first, last) in block.repeat.items():
        shifts = [shift + row * block.stride[name] for shift in shifts for row in range(last - first + 1)]
    return shifts
