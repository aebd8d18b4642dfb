"""Recipes: how to decode a layout, as text that travels with the samples through queues, journals and machines.

Samples may be decoded long after they were taken, when the device is no longer configured or its map has changed: so
the map as it was then goes along, with the columns of the user's own that it fills. A recipe is JSON: the map's name
and tree, these columns, and the device's request caps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ess_ray.core.errors import MapError
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.own_columns import overlaid
from ess_ray.core.maps.plan import Plan, make_plan
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import Standard, load_standard, tree_of


def make_recipe(
    register_map: RegisterMap,
    tree: Mapping[str, object],
    max_registers: int,
    max_bits: int,
    borders: Sequence[int] = (),
) -> str:
    """The recipe of a device's layout: JSON that `follow_recipe` takes.

    `tree`: the map as `core.maps.mapfile.load_map` took it, of what JSON can hold. The others as
    `core.maps.plan.make_plan` takes them. Nothing is checked.
    """
    parts: dict[str, object] = {
        "map": register_map.name, "tree": tree, "max_registers": max_registers, "max_bits": max_bits,
    }  # fmt: skip
    if borders:  # versions before 0.2 do not know them
        parts["borders"] = list(borders)
    if register_map.own:
        parts["own"] = tree_of(register_map.own)
    return json.dumps(parts, sort_keys=True, separators=(",", ":"))


def follow_recipe(recipe: str, layout: str, standard: Standard) -> tuple[RegisterMap, Plan, Standard]:
    """Map and plan of `layout`, which is the `Plan.layout` that the samples carry, and the standard that holds for it.

    That is `standard`, today's, with the recipe's own columns in place of today's. `recipe`: what `make_recipe` made,
    or "" if a damaged journal has lost it. Raises MapError for "", if the standard no longer has the columns that the
    map names, and if this version makes another layout of the recipe.
    """
    if not recipe:
        problem = (
            "the map that these samples were read with is missing from the journal, which was damaged: they cannot be "
            "stored and stay there"
        )
        raise MapError(f"layout {layout}", problem)
    parts = json.loads(recipe)
    if "own" in parts:
        standard = overlaid(standard, load_standard(parts["own"], parts["map"]).tables)
    register_map = load_map(parts["map"], parts["tree"], standard)
    plan = make_plan(register_map, parts["max_registers"], parts["max_bits"], parts.get("borders", ()))
    if plan.layout != layout:
        problem = (
            f"these samples were packed by another version of ess_ray (layout {layout}, not {plan.layout}): start that "
            "version once, so that it stores them"
        )
        raise MapError(f"map {register_map.name}", problem)
    return register_map, plan, standard
