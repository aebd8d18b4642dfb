"""The simulated plant: the same at the same second, always in range, and consistent the way a real plant is."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache

import numpy as np
import pytest
import yaml

from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.registers import RegisterMap, Value
from ess_ray.simulator.__main__ import parse
from ess_ray.simulator.alarms import incidents
from ess_ray.simulator.encode import TEXT, Encoder, raw_range
from ess_ray.simulator.plant import Plant
from tests.make import shipped_map, shipped_standard

MAPS = ("sionyu", "panri", "hwanggeum6", "seokhwan")
WITH_RACK_CELLS = "seokhwan"
MIDNIGHT_S = 20_230 * 86_400 - 32_400  # of a spring day in Korea
OF_A_RACK = (
    "rack_voltage", "rack_max_cell_voltage", "rack_min_cell_voltage", "rack_cell_voltage_average",
    "rack_cell_voltage_gap", "rack_max_cell_temperature", "rack_min_cell_temperature", "rack_cell_temperature_gap",
    "rack_max_cell_voltage_position", "rack_min_cell_voltage_position",
)  # fmt: skip
HOURS = (0.0, 5.2, 9.01, 11.5, 14.9, 16.2, 18.3, 21.7, 23.99)

Key = tuple[str, tuple[int, ...], str, int | None]


@cache
def plant(name: str) -> Plant:
    return Plant(shipped_map(name), 7)


@cache
def values(name: str) -> dict[Key, Value]:
    return {(v.table, v.ids, v.column, v.element): v for v in plant(name).topology.values}


def stored(value: Value, registers: bytes) -> float:
    """What a collector would store, for the raw types that the shipped maps have."""
    words = struct.unpack(f">{value.width}H", registers[2 * value.address : 2 * (value.address + value.width)])
    raw = int.from_bytes(struct.pack(f">{value.width}H", *(words if value.order == "ABCD" else words[::-1])))
    if value.raw_type.startswith("int") and raw >= 1 << (16 * value.width - 1):
        raw -= 1 << 16 * value.width
    if value.invert == "swap01":
        raw = {0: 1, 1: 0}.get(raw, raw)
    elif value.invert == "nonzero":
        raw = int(raw == 0)
    return raw * float(value.scale) + float(value.offset)


class Reading(Mapping[Key, float]):
    """All values of a plant at one second, each decoded when it is looked at."""

    def __init__(self, name: str, second: int) -> None:
        self._values = values(name)
        self._image = plant(name).image(second * 10**6)

    def __getitem__(self, key: Key) -> float:
        value = self._values[key]
        return stored(value, self._image[value.function])

    def __iter__(self) -> Iterator[Key]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@cache
def reading(name: str, hour: float, day: int = 0) -> Reading:
    """All values at `hour` local time, days after MIDNIGHT_S."""
    return Reading(name, round(MIDNIGHT_S + 86_400 * day + 3600 * hour))


def key_of(index: int, name: str) -> Key:
    return list(values(name))[index]


def racks(name: str) -> list[tuple[int, ...]]:
    return sorted({value.ids for value in plant(name).topology.values if value.table == "rack"})


def test_an_image_depends_on_map_seed_and_second_only() -> None:
    sionyu = shipped_map("sionyu")
    a, b = Plant(sionyu, 7), Plant(sionyu, 7, topology=plant("sionyu").topology)
    seconds = [MIDNIGHT_S + 3600 * hour for hour in (3, 12, 30, 19)]
    forward = [a.image(1_000_000 * second) for second in seconds]
    assert forward == [b.image(1_000_000 * second + 999_999) for second in reversed(seconds)][::-1]
    assert forward[0] != Plant(sionyu, 8).image(1_000_000 * seconds[0])


@pytest.mark.parametrize("name", MAPS)
def test_values_stay_in_the_range_that_the_map_gives(name: str) -> None:
    for key, value in values(name).items():
        low, high = (float(Decimal(end) * value.scale + value.offset) for end in raw_range(value))
        for hour in HOURS:
            number = reading(name, hour)[key]
            assert low <= number <= high, value
            if "current" in value.column or "power" in value.column:  # not cut off at the end of the register
                assert abs(number) < 0.99 * high, value


@pytest.mark.parametrize("hour", HOURS)
@pytest.mark.parametrize("name", MAPS)
def test_statistics_of_a_rack_fit_together(name: str, hour: float) -> None:
    now = reading(name, hour)
    for ids in racks(name):
        of = {column: now["rack", ids, column, None] for column in OF_A_RACK}
        high, low = of["rack_max_cell_voltage"], of["rack_min_cell_voltage"]
        assert high >= of["rack_cell_voltage_average"] >= low
        assert of["rack_cell_voltage_gap"] == pytest.approx(high - low, abs=1e-9)
        heat = of["rack_max_cell_temperature"], of["rack_min_cell_temperature"]
        assert heat[0] > heat[1]
        assert of["rack_cell_temperature_gap"] == pytest.approx(heat[0] - heat[1], abs=1e-9)
        cells = plant(name).topology.cells
        assert of["rack_voltage"] == pytest.approx(of["rack_cell_voltage_average"] * cells, abs=0.00051 * cells + 0.06)
        positions = of["rack_max_cell_voltage_position"], of["rack_min_cell_voltage_position"]
        assert 1 <= min(positions) < max(positions) <= cells


@pytest.mark.parametrize("hour", HOURS)
@pytest.mark.parametrize("name", MAPS)
def test_a_bank_is_the_sum_of_its_racks(name: str, hour: float) -> None:
    now = reading(name, hour)
    for bank in {ids[0] for ids in racks(name)}:
        own = [ids for ids in racks(name) if ids[0] == bank]

        def of_racks(column: str, own: list[tuple[int, ...]] = own) -> list[float]:
            return [now["rack", ids, column, None] for ids in own]

        def of_bank(column: str, bank: int = bank) -> float:
            return now["bank", (bank,), column, None]

        assert of_bank("max_cell_voltage_of_bank") == max(of_racks("rack_max_cell_voltage"))
        assert of_bank("min_cell_temperature_of_bank") == min(of_racks("rack_min_cell_temperature"))
        assert of_bank("bank_dc_current") == pytest.approx(sum(of_racks("rack_current")), abs=0.06 * (len(own) + 1))
        assert of_bank("bank_soc") == pytest.approx(sum(of_racks("rack_soc")) / len(own), abs=0.11)
        power_kw = of_bank("bank_dc_volt") * of_bank("bank_dc_current") / 1000
        assert of_bank("bank_power") == pytest.approx(power_kw, abs=0.2)


@pytest.mark.parametrize("hour", HOURS)
def test_the_cells_of_the_modules_are_those_of_their_rack(hour: float) -> None:
    now = reading(WITH_RACK_CELLS, hour)
    for ids in racks(WITH_RACK_CELLS):
        cells = [now[key] for key in now if key[0] == "module" and key[1][:2] == ids]
        assert len(cells) == 17 * 12
        assert now["rack", ids, "rack_max_cell_voltage", None] == pytest.approx(max(cells), abs=0.00055)
        assert now["rack", ids, "rack_min_cell_voltage", None] == pytest.approx(min(cells), abs=0.00055)


@pytest.mark.parametrize("name", ["sionyu", "panri"])
def test_a_day_charges_by_the_sun_and_discharges_in_the_evening(name: str) -> None:
    day = [reading(name, quarter / 4) for quarter in range(97)]
    soc = [now["bank", (1,), "bank_soc", None] for now in day]
    amps = [now["bank", (1,), "bank_dc_current", None] for now in day]
    for i in range(96):
        if min(amps[i], amps[i + 1]) > 5:
            assert soc[i + 1] > soc[i]
            assert 9 <= i / 4 <= 16
            assert day[i]["bank", (1,), "battery_status_for_charge", None] == 1
        if max(amps[i], amps[i + 1]) < -5:
            assert soc[i + 1] < soc[i]
            assert i / 4 >= 17
        if i / 4 < 8.9:
            assert amps[i] == 0
    assert soc[96] == soc[0]
    assert 20 < max(soc) - min(soc) < 95


def test_the_state_of_charge_integrates_the_current() -> None:
    times = [9 + (n + 0.5) / 30 for n in range(7 * 30)]
    ampere_hours = sum(reading("hwanggeum6", hour)["rack", (1, 1), "rack_current", None] / 30 for hour in times)
    soc = [reading("hwanggeum6", hour)["rack", (1, 1), "rack_soc", None] for hour in (9, 16)]
    assert soc[1] - soc[0] == pytest.approx(100 * ampere_hours / plant("hwanggeum6").topology.capacity_ah, rel=0.05)


@pytest.mark.parametrize(
    ("name", "charge", "discharge"),
    [
        ("sionyu", "ac_accumulated_charge_energy", "ac_accumulated_discharge_energy"),
        ("panri", "ai_c_kwh_dc", "ai_d_kwh_dc"),
    ],
)
def test_energy_counters_never_go_back_and_move_with_the_power(name: str, charge: str, discharge: str) -> None:
    times = [(day, hour) for day in (0, 1, 2, 364, 365, 366, 3000) for hour in HOURS]
    for column, moving, resting in ((charge, (9.01, 14.9), (18.3, 23.99)), (discharge, (18.3, 21.7), (9.01, 14.9))):
        counts = [reading(name, hour, day)["pcs", (), column, None] for day, hour in times]
        assert counts == sorted(counts)
        start, end = (reading(name, hour)["pcs", (), column, None] for hour in moving)
        assert end - start > 100
        assert len({reading(name, hour)["pcs", (), column, None] for hour in resting}) == 1


@pytest.mark.parametrize("name", ["sionyu", "panri", "hwanggeum6"])
def test_flags_tell_a_healthy_plant_after_inversion(name: str) -> None:
    now = reading(name, 12.0)
    flags = [key for key in now if "status_for" in key[2] or "communication_fault" in key[2]]
    assert flags
    for key in flags:
        assert now[key] == key[2].endswith(("_run", "_charge", "_online")), key


def test_warnings_and_faults_reach_the_summary_flags() -> None:
    happening = [incident.alarm for day in range(60) for incident in incidents(7, day, plant("panri").topology.alarms)]
    assert 60 < len(happening) < 240
    assert {alarm.fault for alarm in happening} == {False, True}
    for alarm in happening:
        shown = {key_of(index, "panri"): number for index, number in alarm.shows}
        table, ids, _, _ = next(iter(shown))
        kind = "fault" if alarm.fault else "warning"
        if table == "pcs":
            assert shown["pcs", (), "st_fault", None] == 1
        else:
            assert shown["bank", ids[:1], f"battery_status_for_{kind}", None] == 1
        if table == "rack":
            assert shown["rack", ids, f"rack_status_for_{kind}", None] == 1
            assert shown.get(("rack", ids, "rack_status_for_run", None), 1) == (kind == "warning")


def test_an_incident_is_seen_while_it_lasts_and_only_then() -> None:
    first_day = (MIDNIGHT_S + 32_400) // 86_400
    possible = plant("hwanggeum6").topology.alarms
    day, incident = next((day, x[0]) for day in range(99) if len(x := incidents(7, first_day + day, possible)) == 1)
    key = key_of(incident.alarm.shows[0][0], "hwanggeum6")
    seconds = (incident.start_s - 1, incident.start_s, incident.end_s - 1, incident.end_s)
    assert [reading("hwanggeum6", second / 3600, day)[key] for second in seconds] == [0, 1, 1, 0]


def made(raw_type: str, address: int, width: int, **more: object) -> Value:
    return Value("pcs", "dc_voltage_1", None, (), 3, address, width, raw_type, **more)  # type: ignore[arg-type]


ORDERS = {"ABCD": "ABCDEFGH", "CDAB": "GHEFCDAB", "BADC": "BADCFEHG", "DCBA": "HGFEDCBA"}


OWN = """
period_s: 1
function: 4
new: {charger: {identity: [charger_id], load: {unit: "%", meaning: Load}, starts: {meaning: Starts}}}
blocks:
  - {table: bank, ids: {bank_id: 1}, runs: [{at: 0, scale: 0.1, columns: [bank_soc, bank_dc_volt]}]}
  - {table: charger, repeat: {charger_id: 9}, runs: [{at: 9, stride: 2, columns: [load: {scale: 0.1}, starts]}]}
"""


def test_columns_of_ones_own_are_played_and_move() -> None:
    chargers = Plant(load_map("own", yaml.safe_load(OWN), shipped_standard()), 7)
    assert chargers.topology.banks == [1]  # nine chargers are no banks
    images = [np.frombuffer(chargers.image(second * 1_000_000)[4], ">i2") for second in range(10)]
    assert all(len({int(image[address]) for image in images}) > 1 for address in range(9, 27, 2))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("raw_type", "width", "code"),
    [("int32", 2, "i"), ("uint32", 2, "I"), ("int64", 4, "q"), ("float32", 2, "f"), ("float64", 4, "d")],
)
def test_wide_values_are_sent_in_every_order(raw_type: str, width: int, code: str, order: str) -> None:
    value = made(raw_type, 3, width, order=order, scale=Decimal("0.1"), offset=Decimal(5))
    image = Plant(RegisterMap("made", 1.0, (value,), frozenset({(3, 20)}), ""), 1).image(MIDNIGHT_S * 10**6)
    assert len(image[3]) == 42
    sent = image[3][6 : 6 + 2 * width]
    letters = ORDERS[order] if width == 4 else order
    plain = bytes(sent[letters.index(letter)] for letter in "ABCDEFGH"[: 2 * width])
    number = struct.unpack(f">{code}", plain)[0] * 0.1 + 5
    assert number == pytest.approx(814.4, rel=0.03)  # 20 modules of 12 cells near empty


def test_the_largest_floats_make_no_warning() -> None:  # pytest makes an error of each
    value = made("float64", 3, 4, scale=Decimal(10))
    image = Plant(RegisterMap("made", 1.0, (value,), frozenset(), ""), 1).image(MIDNIGHT_S * 10**6)
    assert struct.unpack(">d", image[3][6:14])[0] * 10 == pytest.approx(814.4, rel=0.03)
    encoder = Encoder([value], {3: 7})
    assert struct.unpack(">d", encoder.encode(np.array([1e300]))[3][6:14])[0] == pytest.approx(1e299)


def test_bits_and_texts_are_sent_where_they_lie() -> None:
    flag = Value("pcs", "st_run", None, (), 4, 2, 1, "bits", bits=(3, 1), column_type="bool")
    inverted = Value("pcs", "st_ready", None, (), 4, 2, 1, "bits", bits=(9, 1), invert="swap01", column_type="bool")
    register = Value("pcs", "pcs_word", None, (), 4, 2, 1, "uint16", column_type="int4")
    text = Value("pcs", "serial", None, (), 4, 5, 3, "string", order="CDAB", column_type="text")  # from its beginning
    coil = Value("pcs", "st_run", None, (), 1, 17, 1, "bit", column_type="bool")
    image = Plant(RegisterMap("made", 1.0, (coil, register, flag, inverted, text), frozenset(), ""), 1).image(0)
    assert image[4] == b"\0\0\0\0" + b"\0\x08" + b"\0\0\0\0" + TEXT[:6].encode()
    assert image[1] == bytes(17) + b"\1"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["port=1502"], "map: missing"),
        (["map=sionyu", "prot=1"], "prot=1: not understood"),
        (["sionyu"], "sionyu: not understood"),
    ],
)
def test_wrong_words_are_reported(words: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse(words)
