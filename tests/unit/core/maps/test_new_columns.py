"""Columns and tables of a map's own: their types, what contradicts, what is told of columns that nobody describes."""

from __future__ import annotations

from textwrap import dedent

import pytest
import yaml

from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.core.errors import ConfigError, MapError
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.own_columns import merged
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import load_standard
from tests.make import shipped_standard

STANDARD = load_standard(
    {
        "tables": {
            "pcs": {"columns": {"dc_voltage": {"type": "float8", "unit": "V", "meaning": "DC voltage"}}},
            "bank": {
                "identity": ["bank_id"],
                "columns": {"bank_power": {"type": "float8", "unit": "kW", "meaning": "Power"}},
            },
        }
    }
)


def read(text: str, name: str = "mine") -> RegisterMap:
    text = dedent(text)
    return load_map(name, yaml.safe_load(text), STANDARD, line_finder(text))


def of_entry(entry: str, described: str = "meaning: mine", function: int = 4) -> RegisterMap:
    return read(f"""\
        period_s: 1
        function: {function}
        new: {{pcs: {{mine: {{{described}}}}}}}
        blocks: [{{table: pcs, runs: [{{at: 0, columns: [{entry}]}}]}}]
        """)


@pytest.mark.parametrize(
    ("entry", "type_"),
    [
        ("mine: {type: int16}", "int2"),
        ("mine: {type: uint16}", "int4"),
        ("mine: {type: uint16, enum: {0: off, 1: on}}", "int4"),  # another number may come, and is kept
        ("mine: {type: uint16, min: 0, max: 9}", "int4"),
        ("mine: {type: int32}", "int4"),
        ("mine: {type: uint32}", "int8"),
        ("mine: {type: int64}", "int8"),
        ("mine: {type: uint64}", "float8"),
        ("mine: {type: int16, scale: 0.1}", "float8"),
        ("mine: {type: int16, scale: 10}", "float8"),
        ("mine: {type: int16, offset: -40}", "float8"),
        ("mine: {type: float32}", "float8"),
        ("mine: {type: uint16, exponent: 7}", "float8"),
        ("mine: {type: uint16, sign: 7}", "int4"),
        ("mine: {type: string, length: 4}", "text"),
        ("mine: {type: uint16, invert: nonzero}", "int2"),
        ("mine: {bit: 3}", "bool"),
        ("mine: {bit: 3, invert: swap01}", "bool"),
        ("mine: {bit: 3, enum: {0: off, 1: on}}", "int2"),
        ("mine: {bits: 3..5}", "int2"),
        ("mine: {bits: 0..15}", "int4"),
        ("mine: {count: 3, type: uint16}", "int4[]"),
        ("mine: {count: 3, scale: 0.1}", "float8[]"),
        ("mine: {count: 2, type: int16}, mine: {at: 9, element: 3, count: 1, type: uint16}", "int4[]"),
    ],
)
def test_the_type_of_a_new_column_holds_every_raw_number(entry: str, type_: str) -> None:
    entries = entry.replace("}, mine", "}}, {mine")
    register_map = of_entry(f"{{{entries}}}")
    assert {value.column_type for value in register_map.values} == {type_}
    assert register_map.own["pcs"].columns["mine"].type == type_


def test_coils_are_true_or_false_and_an_array_of_them_numbers() -> None:
    assert of_entry("mine", function=1).own["pcs"].columns["mine"].type == "bool"
    assert of_entry("{mine: {count: 8}}", function=1).own["pcs"].columns["mine"].type == "int2[]"


def test_a_type_that_is_said_is_kept_and_checked() -> None:
    assert of_entry("{mine: {type: int16}}", "type: int8, meaning: mine").values[0].column_type == "int8"
    with pytest.raises(MapError, match="the column is int2"):
        of_entry("{mine: {type: uint16}}", "type: int2, meaning: mine")


def test_rows_that_differ_get_a_type_for_all_of_them() -> None:
    register_map = read("""\
        period_s: 1
        function: 4
        new: {meter: {identity: [meter_id], starts: {meaning: Starts}}}
        blocks:
          - {table: meter, ids: {meter_id: 1}, runs: [{at: 0, columns: [starts: {type: int16}]}]}
          - {table: meter, ids: {meter_id: 2}, runs: [{at: 9, columns: [starts: {type: uint32}]}]}
        """)
    assert [value.column_type for value in register_map.values] == ["int8", "int8"]
    assert register_map.own["meter"].identity == ("meter_id",)


def test_what_no_entry_fills_is_not_brought() -> None:
    assert set(of_entry("mine", "meaning: a}, other: {meaning: of a variant").own["pcs"].columns) == {"mine"}


def test_a_map_without_columns_of_its_own_is_what_it_was() -> None:
    text = "{period_s: 1, function: 4, blocks: [{table: pcs, runs: [{at: 0, columns: [dc_voltage]}]}]}"
    assert not read(text).own
    assert not read(text.replace("blocks", "new: {pcs: {dc_voltage: {unit: V, meaning: known}}}, blocks")).own
    assert merged(STANDARD, [read(text).own]) is STANDARD


@pytest.mark.parametrize(
    ("described", "words"),
    [
        ("pcs: {dc_voltage: {unit: kV, meaning: a}}", "dc_voltage: has the unit 'V' in the data standard, and 'kV' in"),
        ("pcs: {dc_voltage: {type: int2, meaning: a}}", "the type 'float8' in the data standard, and 'int2' in map"),
        ("bank: {identity: [n], a: {meaning: a}}", "the identity of table bank is ['bank_id'] already, not ['n']"),
        ("pcs: {a: {unit: V}}", "meaning is missing"),
        ("pcs: {A: {meaning: a}}", "a name is a-z"),
        ("pcs: {quality: {meaning: a}}", "every table has"),
        ("sample: {a: {meaning: a}}", "a table of the collector's own"),
        ("pcs: {a: {type: float, meaning: a}}", "unknown type 'float'"),
        ("m: {identity: [a, a], b: {meaning: a}}", "no identity column twice"),
        ("m: {identity: [a]}", "expected at least one column"),
        ("[pcs]", "expected tables with values"),
    ],
)  # fmt: skip
def test_a_description_that_cannot_be_is_refused_with_its_line(described: str, words: str) -> None:
    if described[0] != "[":
        described = f"{{{described}}}"
    with pytest.raises(MapError, match="map mine, line 2") as error:
        read(f"period_s: 1\nnew: {described}\nfunction: 4\nblocks: []\n")
    assert words in str(error.value)


MAP = """\
period_s: 1
function: 4
blocks:
  - table: pcs
    runs:
      - at: 0
        type: uint16
        columns:
          - mppt1_voltage: {scale: 0.1}
          - dc_voltagee: {scale: 0.1}
          - starts
          - running: {bit: 0}
          - total_kvarh: {type: uint32, unit: kvarh}
  - table: inverter
    ids: {plant_id: 1}
    repeat: {inverter_id: 2}
    runs: [{at: 90, stride: 9, columns: [load: {unit: "%", count: 2}]}]
"""
LINES = """\
new:
  pcs:
    mppt1_voltage: {type: float8, unit: V, meaning: …}  # line 9
    dc_voltagee: {type: float8, meaning: …}  # line 10; or did you mean dc_voltage?
    starts: {type: int4, meaning: …}  # line 11
    running: {type: bool, meaning: …}  # line 12
    total_kvarh: {type: int8, unit: kvarh, meaning: …}  # line 13
  inverter:
    identity: [plant_id, inverter_id]
    load: {type: "int2[]", unit: "%", meaning: …}  # line 17"""


def test_all_that_nobody_describes_is_told_at_once_and_can_be_pasted() -> None:
    with pytest.raises(MapError) as error:
        read(MAP)
    first, *_, lines = str(error.value).partition("\nnew:")
    assert first.startswith("map mine, line 9, address 0: mppt1_voltage: this and 5 more columns are unknown: correct")
    assert f"new:{lines}" == LINES
    described = read(f"{LINES}\n{MAP}").own
    assert {name: list(table.columns) for name, table in described.items()} == {
        "pcs": ["mppt1_voltage", "dc_voltagee", "starts", "running", "total_kvarh"], "inverter": ["load"],
    }  # fmt: skip


def test_a_map_that_describes_some_is_given_all_of_them_to_paste() -> None:
    described = """\
new:
  pcs:
    starts: {type: int8, meaning: "Starts: since the beginning, \\"all\\" #1"}
    glow: {unit: "%", meaning: Glow (of the lamp)}
  load:
    identity: [load_id]
    power: {unit: W/m², meaning: Power}
"""
    entries = "[starts, glow, more: {unit: kW}]"
    blocks = f"blocks: [{{table: pcs, runs: [{{at: 0, columns: {entries}}}]}}]"
    with pytest.raises(MapError) as error:
        read(f"period_s: 1\nfunction: 4\n{described}{blocks}")
    lines = str(error.value).partition("\nnew:")[2]
    missing = "    more: {type: int2, unit: kW, meaning: …}  # line 10\n"
    assert f"new:{lines}\n" == described.replace("  load:", f"{missing}  load:")


def test_one_name_with_a_slip_is_told_in_one_line() -> None:
    with pytest.raises(MapError) as error:
        read("{period_s: 1, function: 4, blocks: [{table: pcs, runs: [{at: 0, columns: [dc_voltagee]}]}]}")
    assert str(error.value).endswith("dc_voltagee: unknown column of table pcs 'dc_voltagee'; did you mean dc_voltage?")


def test_the_unit_of_an_unknown_column_is_guessed_as_the_standard_has_it() -> None:
    entries = "mppt1_voltage, pv_power_total, heat_sink_temperature_2, grid_frequency, starts"
    tree = yaml.safe_load(f"blocks: [{{table: pcs, runs: [{{at: 0, columns: [{entries}]}}]}}]")
    with pytest.raises(MapError) as error:
        load_map("mine", {"period_s": 1, "function": 4} | tree, shipped_standard())
    units = [line.partition("unit: ")[2].partition(",")[0] for line in str(error.value).splitlines()[4:]]
    assert units == ["V", "kW", "degC", "Hz", ""]


def test_two_maps_that_mean_different_things_by_one_name_are_told_in_one_line() -> None:
    volts, kilovolts = (
        read(
            f"{{period_s: 1, function: 4, new: {{pcs: {{mine: {{unit: {unit}, meaning: a}}}}}},\n"
            "blocks: [{table: pcs, runs: [{at: 0, columns: [mine: {type: int16}]}]}]}",
            name,
        )
        for name, unit in (("first", "V"), ("second", "kV"))
    )
    assert list(merged(STANDARD, [volts.own, volts.own]).tables["pcs"].columns) == ["dc_voltage", "mine"]
    with pytest.raises(ConfigError) as error:
        merged(STANDARD, [volts.own, kilovolts.own])
    text = "pcs.mine: has the unit 'V' in map first, line 1, and 'kV' in map second, line 1: give one of the two"
    assert str(error.value).startswith(text)
    assert "\n" not in str(error.value)
