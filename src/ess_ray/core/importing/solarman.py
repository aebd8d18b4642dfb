"""Definitions of ha-solarman, as plain trees of their YAML: items in groups below `parameters`.

Source: `parser.py` and `common.py` in davidrapan/ha-solarman, `custom_components/solarman`. Registers of a number are
listed with the least significant first; rules 1 and 3 are unsigned numbers, 2 and 4 signed ones, 5 text, 6 registers as
hexadecimal digits, 7 versions of four nibbles, 8 date and time, 9 a time of day, 10 registers as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ess_ray.core.importing.item import FoundDevice, Import, ItemError, LeftOut
from ess_ray.core.importing.solarman_computed import computed_item
from ess_ray.core.importing.solarman_values import Source, read_items
from ess_ray.core.importing.trees import LineOf, Tree, listed, mappings, number, whole

DEFAULT_CODE, DEFAULT_INTERVAL_S = 3, 60
LISTS = ("scale", "min", "max", "default", "step", "registers", "offset")  # that may have a value for each model


def is_solarman(tree: Tree) -> bool:
    """Whether the tree has the form of a definition: groups of items below `parameters`."""
    groups = tree.get("parameters")
    return isinstance(groups, list) and any(isinstance(group, Mapping) and "items" in group for group in groups)


def read_solarman(tree: Tree, line_of: LineOf) -> Import:
    """The items of every group. A definition for several models is a device for each: their registers differ.

    Nothing is raised for an item that cannot be carried over: it is left out with its reason, unless another model's
    map has it.
    """
    imported = Import("ha-solarman definition")
    models = _models(tree)
    defaults = tree.get("default") or {}
    for model, name in enumerate(models):
        device = FoundDevice(name if len(models) > 1 else "", period_s=_interval(defaults, None))
        entries = [(_of_model(entry, model), group, where) for entry, group, where in _entries(tree, line_of)]
        # What is computed comes last, since it may be computed from any of the others.
        for entry, group, where in sorted(entries, key=lambda one: "sensors" in one[0]):
            try:
                source = _source(entry, group, tree, where)
                if "sensors" in entry:
                    device.items += computed_item(entry, source, device.items)
                else:
                    device.items += read_items(entry, source)
            except ItemError as reason:
                imported.left_out.append(LeftOut(str(entry.get("name", "")), where, str(reason)))
        imported.devices.append(device)
    if len(models) > 1:
        imported.taken.append(f"{len(models)} models, whose registers or factors differ: one map each")
        _forgive(imported)
    return imported


def _forgive(imported: Import) -> None:
    """Take out of what is left out whatever another model's map has."""
    there = {item.where for device in imported.devices for item in device.items}
    kept = dict.fromkeys(one for one in imported.left_out if one.where not in there)
    imported.left_out[:] = list(kept)


def _models(tree: Tree) -> list[str]:
    """The names of the models that the definition tells apart; one, without a name, if it does not."""
    count = _variants([group.get("items") for _, group in mappings(tree, "parameters")])
    names = listed(tree.get("info") or {}, "model")
    return [str(names[index]) if index < len(names) else f"model {index + 1}" for index in range(count)]


def _variants(entry: object) -> int:
    """For how many models the entry, or anything in it, has values of its own."""
    if isinstance(entry, Mapping):
        own = [len(value) for key, value in entry.items() if _is_of_models(key, value)]
        return max([1, *own, *map(_variants, entry.values())])
    return max([1, *map(_variants, entry)]) if isinstance(entry, list) else 1


def _is_of_models(key: str, value: object) -> bool:
    """Whether the value is a list with one for each model; registers are a list by themselves."""
    if key not in LISTS or not isinstance(value, list) or not value:
        return False
    return key != "registers" or any(isinstance(item, list) for item in value)


def _of_model(entry: Any, model: int) -> Any:
    """The entry as it is for one model: of lists for several the model's value, or the last one."""
    if isinstance(entry, list):
        return [_of_model(item, model) for item in entry]
    if not isinstance(entry, Mapping):
        return entry
    return {
        key: value[min(model, len(value) - 1)] if _is_of_models(key, value) else _of_model(value, model)
        for key, value in entry.items()
    }


def _entries(tree: Tree, line_of: LineOf) -> Iterator[tuple[Tree, Tree, str]]:
    """Every item, with its group and its line."""
    for number_, group in mappings(tree, "parameters"):
        for index, entry in mappings(group, "items"):
            line = line_of(("parameters", number_, "items", index))
            yield entry, group, f"line {line}" if line else f"group {number_ + 1}, item {index + 1}"


def _source(entry: Tree, group: Tree, tree: Tree, where: str) -> Source:
    defaults = tree.get("default") or {}
    first = min((whole(register, "a register") for register in _registers(entry)), default=None)
    code = _code(entry) or _code(group) or _code_of_requests(tree, first) or _code(defaults) or DEFAULT_CODE
    return Source(where, code, _interval(entry, _interval(group, _interval(defaults, Decimal(DEFAULT_INTERVAL_S)))))


def _registers(entry: Tree) -> list[Any]:
    own = listed(entry, "registers")
    return own or [register for _, part in mappings(entry, "sensors") for register in listed(part, "registers")]


def _code(tree: Tree) -> int | None:
    code = tree.get("code")
    if isinstance(code, Mapping):
        code = code.get("read")
    return whole(code, "its code") if code is not None else None


def _code_of_requests(tree: Tree, register: int | None) -> int | None:
    for _, request in mappings(tree, "requests"):
        code = request.get("code", request.get("mb_functioncode"))
        if register is not None and code is not None and request.get("start", 0) <= register <= request.get("end", -1):
            return whole(code, "the code of a request")
    return None


def _interval(tree: Tree, otherwise: Decimal | None) -> Decimal | None:
    return number(tree["update_interval"], "update_interval") if "update_interval" in tree else otherwise
