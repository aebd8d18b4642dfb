"""A map may take the blocks of other maps, and have variants: it then says what one would have written by hand."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ess_ray.core.errors import ConfigError, MapError
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.plan import make_plan
from ess_ray.core.maps.recipe import follow_recipe, make_recipe
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.reuse import Sources, check_variant, complete
from ess_ray.core.maps.standard import load_standard

COLUMNS = {name: {"type": "float8", "unit": "V", "meaning": "…"} for name in ("a", "b", "c")}
STANDARD = load_standard({"tables": {"one": {"columns": COLUMNS}, "many": {"identity": ["id"], "columns": COLUMNS}}})
MAPS = {
    "meter": """
        period_s: 60
        function: 4
        scale: 0.1
        readable: [3, 5..6]
        new: {one: {ratio: {meaning: …}}}
        blocks: [{table: one, runs: [{at: 2, columns: [a, b: {at: 4, exponent: 9}, ratio: {quotient: [a, b]}]}]}]""",
    "string": """
        function: 4
        blocks: [{table: many, ids: {id: device}, runs: [{at: 0, columns: [a: {scale: device.factor}]}]}]""",
    "strings": """
        function: 3
        include: [{map: string, at: 0, ids: {id: 1}}, {map: string, at: 10, ids: {id: 2}}]""",
    "printed": """
        addresses: modicon
        blocks: [{table: one, runs: [{at: 40001, columns: [c]}, {at: 00003, columns: [a]}]}]""",
    "kinds": """
        period_s: 1
        function: 3
        blocks: [{table: one, runs: [{at: 0, columns: [a]}]}]
        variants:
          hv: {scale: 10, blocks: [{table: one, runs: [{at: 5, columns: [b]}]}], readable: [1]}
          lv: {period_s: 2, function: 4, include: [{map: string, at: 7, ids: {id: 4}, parameters: {factor: 3}}]}""",
}  # fmt: skip


def load(text: str, variant: str | None = None) -> RegisterMap:
    return load_map("m", tree_of(text, variant), STANDARD)


def tree_of(text: str, variant: str | None = None) -> Any:
    trees = {name: yaml.safe_load(map_) for name, map_ in {**MAPS, "m": text}.items()}
    return complete("m", variant, Sources(trees, lambda name, path: f"map {name}, {path}"))


def cells(register_map: RegisterMap) -> list[tuple[str, tuple[int, ...], int, int, str]]:
    return [(v.column, v.ids, v.function, v.address, str(v.scale)) for v in register_map.values]


def test_an_included_map_reads_what_it_says_behind_the_address_where_it_stands() -> None:
    register_map = load("{period_s: 1, function: 3, scale: 7, include: [{map: meter, at: 40070}]}")
    assert cells(register_map) == [("a", (), 4, 40072, "0.1"), ("b", (), 4, 40074, "0.1")]
    assert register_map.values[1].sides[0].value.address == 40079
    assert register_map.readable_holes == {(4, 40073), (4, 40075), (4, 40076)}
    assert [each.column for each in register_map.computed] == ["ratio"]
    assert register_map.period_s == 1
    assert register_map.own["one"].columns["ratio"].place == "map meter (which map m includes)"


def test_an_included_map_may_be_read_at_a_period_of_its_own() -> None:
    own = "blocks: [{table: many, ids: {id: 1}, runs: [{at: 0, columns: [a]}]}]"
    register_map = load(f"{{period_s: 1, function: 3, {own}, include: [{{map: meter, at: 9, period_s: 5}}]}}")
    assert {value.table: value.period_us for value in register_map.values} == {"many": 0, "one": 5_000_000}


def test_a_map_may_be_included_several_times_and_within_another() -> None:
    text = "{period_s: 1, include: [{map: strings, at: 100, parameters: {factor: 2}}, {map: string, at: 200, ids: {id: 9}, parameters: {factor: 5}}]}"  # noqa: E501
    assert cells(load(text)) == [("a", (1,), 4, 100, "2"), ("a", (2,), 4, 110, "2"), ("a", (9,), 4, 200, "5")]


def test_what_an_including_map_does_not_say_its_device_says() -> None:
    tree = tree_of("{period_s: 1, include: [{map: string, ids: {id: device.number}}]}")
    (block,) = tree["include"][0]["tree"]["blocks"]
    assert block["ids"] == {"id": "device.number"}
    assert block["runs"][0]["columns"] == [{"a": {"scale": "device.factor"}}]


def test_addresses_of_an_included_map_are_numbered_as_it_says() -> None:
    register_map = load("{period_s: 1, addresses: one_based, include: [{map: printed, at: 101}]}")
    assert cells(register_map) == [("a", (), 1, 102, "1"), ("c", (), 3, 100, "1")]


def test_a_variant_adds_blocks_and_goes_before_what_its_map_says() -> None:
    high, low = load(MAPS["kinds"], "hv"), load(MAPS["kinds"], "lv")
    assert cells(high) == [("a", (), 3, 0, "10"), ("b", (), 3, 5, "10")]
    assert high.readable_holes == {(3, 1)}
    assert cells(low) == [("a", (), 4, 0, "1"), ("a", (4,), 4, 7, "3")]
    assert (high.period_s, low.period_s) == (1, 2)


def test_a_variant_of_an_included_map_is_chosen_where_it_is_included() -> None:
    assert cells(load("{period_s: 1, include: [{map: kinds, at: 50, variant: hv}]}"))[1] == ("b", (), 3, 55, "10")


def test_samples_carry_all_that_their_map_is_made_of() -> None:
    text = "{period_s: 1, include: [{map: kinds, at: 50, variant: hv}, {map: meter, at: 900}]}"
    tree = tree_of(text.replace("meter, at: 900", "string, at: 900, ids: {id: 1}, parameters: {factor: 2}"))
    register_map = load_map("m", tree, STANDARD)
    plan = make_plan(register_map)
    recipe = make_recipe(register_map, tree, 125, 2000)
    assert follow_recipe(recipe, plan.layout, STANDARD)[1] == plan


def test_a_map_without_them_stays_the_very_tree() -> None:
    trees: dict[str, Any] = {"plain": {"period_s": 1, "blocks": []}}
    assert complete("plain", None, Sources(trees, lambda *_: "")) is trees["plain"]


@pytest.mark.parametrize(
    ("include", "problem"),
    [
        ("[{map: metre}]", r"map m, \('include', 0, 'map'\).*there is no map 'metre' in the folders of maps"),
        ("[{at: 3}]", "expected the name of a map, `{map: NAME, at: 40070}`"),
        ("[{map: [meter]}]", "expected the name of a map"),
        ("[{map: meter, offset: 3}]", "unknown key 'offset'"),
        ("[{map: meter, tree: {}}]", "unknown key 'tree'"),
        ("[{map: m}]", "a map cannot include itself: m → m"),
        ("[meter]", "include: 0: expected keys with values|expected keys with values"),
        ("meter", "expected a list, found 'meter'"),
        ("[{map: meter, variant: hv}]", "include.variant: its map has no variants: leave it out"),
        ("[{map: kinds}]", "include.variant: its map has the variants hv, lv: write `variant: hv`"),
        ("[{map: kinds, variant: ev}]", "unknown variant 'ev'; known: hv, lv"),
        ("[{map: kinds, variant: [hv]}]", "unknown variant"),
        ("[{map: string, ids: {number: 3}}]", "include.ids.number: unknown name 'number'"),
        ("[{map: string, ids: {id: 99999}}]", "include.ids.id: expected a whole number from 0 to 32767"),
        ("[{map: string, ids: 3}]", "include.ids: expected names with values, found 3"),
        ("[{map: meter, ids: {id: 3}}]", "its map does not ask for it"),
        ("[{map: meter, at: 65530}]", r"map meter \(which map m includes\).*2 is 65532|9 is 65539 here, which is no"),
        ("[{map: meter, at: -1}]", "expected a whole number from 0 to 65535, found -1"),
        ("[{map: meter, period_s: 0.5}]", "a whole multiple of it"),
        ("[{map: meter}, {map: meter, at: 100}]", "one.a is there twice, first at map meter, address 2 "),
        ("[{map: meter}, {map: printed, at: 2}]", "one.. is there twice|reads a register"),
    ],
)  # fmt: skip
def test_what_cannot_be_included_is_told(include: str, problem: str) -> None:
    with pytest.raises(MapError, match=problem):
        load(f"{{period_s: 1, include: {include}}}")


def test_circles_and_avalanches_are_refused() -> None:
    def made(trees: dict[str, Any]) -> object:
        return complete("x0", None, Sources(trees, lambda name, _: f"map {name}"))

    circle = {f"x{n}": {"include": [{"map": f"x{(n + 1) % 3}"}]} for n in range(3)}
    with pytest.raises(MapError, match="x0 → x1 → x2 → x0"):
        made(circle)
    deep = {f"x{n}": {"include": [{"map": f"x{n + 1}"}]} for n in range(20)} | {"x20": {}}
    with pytest.raises(MapError, match="or 8 within each other"):
        made(deep)
    wide = {f"x{n}": {"include": [{"map": f"x{n + 1}"}] * 8} for n in range(6)} | {"x6": {}}
    with pytest.raises(MapError, match="more than 256 maps are included"):
        made(wide)


def test_a_map_with_variants_needs_one() -> None:
    tree = yaml.safe_load(MAPS["kinds"])
    with pytest.raises(MapError, match="the device says which one, `variant: hv`"):
        load_map("kinds", tree, STANDARD)
    for variant in (None, "ev", 3):
        with pytest.raises(ConfigError):
            check_variant(tree, variant, lambda problem: ConfigError("variant", problem))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{period_s: 1, function: 3}", "blocks is missing"),
        ("{include: [{map: meter}]}", "period_s is missing"),
        ("{period_s: 1, variants: 3, blocks: []}", "variants: expected variants with values"),
        ("{period_s: 1, variants: {}, blocks: []}", "the device says which one, `variant: …`"),
    ],
)
def test_what_is_no_map_is_told(text: str, problem: str) -> None:
    with pytest.raises(MapError, match=problem):
        load(text)
