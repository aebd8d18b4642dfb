"""`job=import from=sunspec`: register maps of a SunSpec device, whose models are found by reading it.

Only function 3 is sent, at `probe.rate` requests a second at most. Exit code 1 if the device does not reply or has no
SunSpec registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ess_ray.adapters.importing.map_file import check_map, write_new
from ess_ray.adapters.importing.sunspec_definitions import find_definition
from ess_ray.adapters.modbus.reader import Budget, Reader
from ess_ray.app.exit_codes import FAILED, INTERRUPTED, OK
from ess_ray.app.output import print_line
from ess_ray.core.errors import ConfigError
from ess_ray.core.importing.names import UniqueNames, plain_name
from ess_ray.core.maps.registers import READ_HOLDING_REGISTERS
from ess_ray.core.maps.standard import Standard
from ess_ray.core.settings import ProbeSettings, SunSpecSettings
from ess_ray.core.sunspec.chain import BASES, Chain, listed, walk
from ess_ray.core.sunspec.making import Made, make_blocks
from ess_ray.core.sunspec.writing import write
from ess_ray.jobs.import_text import print_next_steps

FALLBACK = "sunspec"  # the name of a map of a device that does not say what it is


@dataclass(frozen=True, slots=True)
class _Found:
    """A unit's chain and its map. `unit`: None for models that no device was asked for."""

    unit: int | None
    chain: Chain
    made: Made


def run(sunspec: SunSpecSettings, standard: Standard, next_steps: bool = True) -> int:
    """Read the device, write a map for each unit, print what was found; the exit code: OK, FAILED or INTERRUPTED.

    `standard`: the one that maps may fill; `next_steps`: say how to go on. Raises ConfigError for a map that is there
    already, and for unknown models.
    """
    try:
        chains = _chains(sunspec)
    except KeyboardInterrupt:
        return INTERRUPTED
    devices = []
    for unit, chain in chains:
        if not chain.models:
            _print_nothing(sunspec, unit, chain)
            continue
        made = make_blocks(chain.models, standard)
        if not made.blocks:
            raise ConfigError("from", "its models have no values, so there is nothing to make a map of")
        devices.append(_Found(unit, chain, made))
    if not devices:
        return FAILED
    _write(sunspec, standard, devices, next_steps)
    return OK


def _chains(sunspec: SunSpecSettings) -> list[tuple[int | None, Chain]]:
    if sunspec.probe is None:
        models, missing = listed(list(sunspec.models), find_definition)
        if missing:
            raise ConfigError("models", f"{', '.join(map(str, missing))}: there is no definition of such a model")
        return [(None, Chain(BASES[0], models))]
    budget = Budget(sunspec.probe.requests_s, sunspec.probe.most_requests)
    return [(unit, _walk(replace(sunspec.probe, unit_id=unit), budget)) for unit in sunspec.units]


def _walk(probe: ProbeSettings, budget: Budget) -> Chain:
    reader = Reader(probe, budget)
    try:
        return walk(lambda address, count: reader.read(READ_HOLDING_REGISTERS, address, count), find_definition)
    finally:
        reader.close()


def _write(sunspec: SunSpecSettings, standard: Standard, devices: Sequence[_Found], next_steps: bool) -> None:
    names = UniqueNames()
    maps = [(one, names.take(_name(sunspec, one, len(devices) > 1))) for one in devices]
    files = {name: sunspec.folder / "map" / f"{name}.yaml" for _, name in maps}
    if there := next((file for file in files.values() if file.exists()), None):
        raise ConfigError("name", f"{there} is there already, and nothing is overwritten: say name=… for another map")
    texts = {name: _text(sunspec, one) for one, name in maps}
    for name, text in texts.items():
        if wrong := check_map(name, text, standard):
            raise ConfigError("from", f"its map cannot be used (line {wrong[0]}: {wrong[1]}): please report this")
    for one, name in maps:
        write_new(files[name], texts[name])
        _print_found(sunspec, one, files[name])
    first, name = maps[0]
    probe = sunspec.probe
    port = f", port: {probe.port}" if probe and probe.port != 502 else ""
    way = f", host: {probe.host}{port}" if probe else ""
    unit = f", unit_id: {first.unit}" if first.unit not in (None, 1) else ""
    if next_steps:
        print_next_steps(sunspec.folder, name, f"{way}{unit}", known=probe is not None)


def _name(sunspec: SunSpecSettings, one: _Found, several: bool) -> str:
    plate = one.chain.nameplate
    said = sunspec.name or plain_name(f"{plate.get('Mn', '')} {plate.get('Md', '')}", FALLBACK)
    return f"{said}_unit{one.unit}" if several else said


def _text(sunspec: SunSpecSettings, one: _Found) -> str:
    models = ",".join(f"{number}x{times}" if times > 1 else str(number) for number, times in sunspec.models)
    plate = ", ".join(text for text in one.chain.nameplate.values() if text)
    heading = [
        f"Made by job=import from=sunspec{f' models=[{models}]' if models else f' of {plate}' if plate else ''}."
    ]
    heading += [f"SunSpec at {one.chain.base}: {', '.join(str(model.definition.id) for model in one.chain.models)}."]
    heading += ["Behind each value stands SunSpec's point; columns of tables sunspec_… have its name in small letters."]
    return write(one.made, [*heading, *_deviations(one)])


def _deviations(one: _Found) -> list[str]:
    """What a person should know of the device: what is left out, and what is otherwise than SunSpec has it."""
    own = [
        f"model {model.number} at {model.address} ({model.length} registers) has no definition: not in the map"
        for model in one.chain.unknown
    ]
    remarks = [
        f"model {placed.model.definition.id} at {placed.model.address}: {remark}"
        for placed in one.made.placed
        for remark in placed.remarks
    ]
    return [*own, *remarks, *one.chain.notes]


def _print_found(sunspec: SunSpecSettings, one: _Found, file: Path) -> None:
    where = f"{sunspec.probe.host}:{sunspec.probe.port}, unit {one.unit}: " if sunspec.probe else ""
    print_line(f"{where}SunSpec at {one.chain.base}, {len(one.chain.models) + len(one.chain.unknown)} models")
    if plate := ", ".join(text for text in one.chain.nameplate.values() if text):
        print_line(f"  {plate}")
    for placed in one.made.placed:
        blocks = [block for block in one.made.blocks if block.model is placed.model]
        tables = ", ".join(dict.fromkeys(block.table for block in blocks)) or "nothing in it"
        model = placed.model
        print_line(f"  {model.definition.id:5} {model.definition.label} ({model.address} to {model.end - 1}): {tables}")
    for line in _deviations(one):
        print_line(f"  note: {line}")
    columns = {(block.table, entry.column) for block in one.made.blocks for entry in block.entries}
    print_line(f"written: {file}: {len(columns)} columns")


def _print_nothing(sunspec: SunSpecSettings, unit: int | None, chain: Chain) -> None:
    assert sunspec.probe
    where = f"{sunspec.probe.host}:{sunspec.probe.port}, unit {unit}"
    if chain.base is not None:
        known = ", ".join(str(model.number) for model in chain.unknown) or "none"
        notes = "".join(f"; {note}" for note in chain.notes)
        print_line(
            f"ess_ray: {where}: SunSpec at {chain.base} without a model that is known ({known}){notes}", error=True
        )
        return
    print_line(f"ess_ray: {where}: no SunSpec registers", error=True)
    for base, answer in chain.tried.items():
        print_line(f"  {base}: {answer}", error=True)
    if chain.replied:
        advice = "try another unit (SMA's is 126), and whether SunSpec is switched on in the device"
    else:
        advice = "check the address, and whether Modbus TCP is switched on in the device"
    print_line(f"  {advice}", error=True)
