"""One map serves many devices that differ in what they hand to it, and each of them gets its own rows."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from ess_ray.config.compose import compose_config
from ess_ray.config.load import load_settings
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.recipe import follow_recipe
from ess_ray.core.settings import Settings
from tests.make import SMALL

RACKS = """\
period_s: 5
function: 3
scale: device.factor
blocks:
  - table: rack
    ids: {bank_id: 1, rack_id: device}
    runs: [{at: 0, columns: [rack_soc, rack_voltage]}]
"""
PLAIN = RACKS.replace("device.factor", "0.1").replace("rack_id: device", "rack_id: 3")
GOOD = "{map: racks, ids: {rack_id: 3}, parameters: {factor: 0.1}}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(SMALL, tmp_path, dirs_exist_ok=True)
    (tmp_path / "site").mkdir()
    (tmp_path / "map/racks.yaml").write_text(RACKS)
    (tmp_path / "map/plain.yaml").write_text(PLAIN)
    return tmp_path


def load(folder: Path, *devices: str, words: Sequence[str] = ()) -> Settings:
    lines = "".join(f"  {device}\n" for device in devices)
    (folder / "site/x.yaml").write_text(f"# @package sites.x\ntimezone: UTC\ndevices:\n{lines}")
    return load_settings(compose_config(["site=x", *words], folder), {})


def test_devices_of_one_map_have_layouts_of_their_own_if_they_differ_and_share_one_if_not(folder: Path) -> None:
    settings = load(
        folder,
        "rack_1..3: {map: racks, unit_id: 1..3, ids: {rack_id: 1..3}, parameters: {factor: 0.1}}",
        "plain: {map: plain}",
    )
    devices = {device.device.device: device for device in settings.devices}
    assert [device.unit_id for device in settings.devices] == [1, 2, 3, 1]
    assert devices["rack_2"].map_name == "racks(rack_id=2, factor=0.1)" in settings.maps
    assert {value.ids for value in settings.maps[devices["rack_2"].map_name].values} == {(1, 2)}
    assert len({device.plan.layout for device in settings.devices}) == 3
    assert devices["rack_3"].plan.layout == devices["plain"].plan.layout, "it decodes as if written by hand"


def test_samples_are_decoded_by_what_was_handed_over_wherever_they_travel(folder: Path) -> None:
    settings = load(folder, f"a: {GOOD}")
    (device,) = settings.devices
    register_map, plan, _ = follow_recipe(device.recipe, device.plan.layout, settings.standard)
    assert register_map.values[0].ids == (1, 3)
    assert plan == device.plan


def test_a_reload_of_the_same_files_takes_the_same_maps(folder: Path) -> None:
    first, second = load(folder, f"a: {GOOD}"), load(folder, f"a: {GOOD}")
    (name,) = first.maps
    assert first.maps[name] is second.maps[name]
    assert load(folder, f"a: {GOOD.replace('3', '4')}").maps.keys() == {"racks(rack_id=4, factor=0.1)"}


@pytest.mark.parametrize(
    ("device", "key", "problem"),
    [
        (GOOD.replace("rack_id: 3", ""), "sites.x.devices.a.ids", "map racks, line 6 leaves rack_id to the device"),
        ("{map: racks, ids: {rack_id: 1}}", "sites.x.devices.a.parameters", "map racks, line 3 leaves factor to"),
        ("{map: plain, ids: {rack_id: 1}}", "sites.x.devices.a.ids.rack_id", "its map does not ask for it"),
        (GOOD.replace("3", "x"), "sites.x.devices.a.ids.rack_id", "expected a whole number"),
        (GOOD.replace("0.1", "x"), "map racks(rack_id=3, factor=x), line 3", "scale: expected a number, found 'x'"),
    ],
)
def test_a_device_that_does_not_say_what_its_map_asks_is_told(
    folder: Path, device: str, key: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as told:
        load(folder, f"a: {device}")
    assert told.value.key == key
    assert problem in told.value.problem


def test_two_devices_of_a_site_cannot_be_the_same_rack(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"devices\.b\.ids: rack_id 3 is what sites\.x\.devices\.a says"):
        load(folder, f"a: {GOOD}", f"b: {GOOD.replace('0.1', '0.2')}")


@pytest.mark.parametrize(
    ("device", "problem"),
    [
        ("a_3..1: {map: plain}", "site/x.yaml, devices.a_3..1: a_3..1: the last number is below the first"),
        ("a_1..99999999999999999999: {map: plain}", "are more than 10000"),
        ("a_1..2: {map: plain, unit_id: 1..3}", "devices.a_1..2.unit_id: 1..3 are 3 and the devices 2"),
        ("a_1..2: {map: plain}\n  a_2: {map: plain}", "devices.a_2: is there twice"),
    ],
)
def test_numbered_devices_that_cannot_be_are_told_with_file_and_word(folder: Path, device: str, problem: str) -> None:
    with pytest.raises(ConfigError) as told:
        load(folder, device)
    assert problem in str(told.value)


def test_numbers_count_along_at_the_end_of_texts_and_keep_their_width(folder: Path) -> None:
    settings = load(folder, "a_08..10: {map: plain, host: 10.0.0.8..10, port: 1502}", words=["source=plant"])
    assert [(d.device.device, d.host) for d in settings.devices] == [
        ("a_08", "10.0.0.8"), ("a_09", "10.0.0.9"), ("a_10", "10.0.0.10")
    ]  # fmt: skip


STRING = """\
function: 3
blocks:
  - table: rack
    ids: {bank_id: 1, rack_id: device}
    runs:
      - at: 0
        columns: [rack_soc, rack_voltage: {scale: device.factor}]
"""
PLANT = """\
period_s: 5
include:
  - {map: string, at: 100, ids: {rack_id: 1}}
  - {map: string, at: 200, ids: {rack_id: 2}}
variants:
  small: {}
  large:
    include:
      - {map: string, at: 300, ids: {rack_id: 3}}
"""
LARGE = "{map: plant, variant: large, parameters: {factor: 0.1}}"


@pytest.mark.parametrize("line", ["", "defaults: [_self_]\n"])  # the second takes Hydra to compose it
def test_maps_are_included_from_the_folders_of_maps(folder: Path, line: str) -> None:
    (folder / "map/string.yaml").write_text(STRING)
    (folder / "map/plant.yaml").write_text(line + PLANT)
    settings = load(folder, f"a: {LARGE}", f"b: {LARGE.replace('large', 'small')}")
    assert {name: len(register_map.values) for name, register_map in settings.maps.items()} == {
        "plant(variant=large, factor=0.1)": 6,
        "plant(variant=small, factor=0.1)": 4,
    }
    for device in settings.devices:
        follow_recipe(device.recipe, device.plan.layout, settings.standard)


NO_MAP, TWICE = PLANT.replace("string, at: 300", "strin, at: 300"), PLANT.replace("300", "200")
NO_NUMBER, CLOSED = (
    STRING.replace("rack_soc,", "rack_soc: {scale: x},"),
    STRING.replace("rack_id: device", "rack_id: 4"),
)
CIRCLE = STRING + "include: [{map: plant, variant: small}]"
IN_STRING = "map string, line 7, address {} (which map plant(variant=large, factor=0.1) includes)"


@pytest.mark.parametrize(
    ("plant", "string", "device", "key", "problem"),
    [
        (PLANT, STRING, "{map: plant}", "sites.x.devices.a.variant", "its map has the variants small, large: write"),
        (PLANT, STRING, "{map: plain, variant: x}", "sites.x.devices.a.variant", "its map has no variants"),
        (PLANT, STRING, "{map: plant, variant: small}", "sites.x.devices.a.parameters", "map string, line 7 leaves "),
        (NO_MAP, STRING, LARGE, "map plant, line 9", "there is no map 'strin'"),
        (PLANT, NO_NUMBER, LARGE, IN_STRING.format(100), "rack_soc.scale: expected a number"),
        (TWICE, STRING, LARGE, IN_STRING.format(200), "reads a register that"),
        (PLANT, CLOSED, LARGE, "map plant, line 9", "include.ids.rack_id: its map does not ask for it"),
        (PLANT, CIRCLE, LARGE, "map string, line 8", "plant → string → plant"),
    ],
)
def test_mistakes_are_told_with_the_file_that_they_are_in(
    folder: Path, plant: str, string: str, device: str, key: str, problem: str
) -> None:
    (folder / "map/string.yaml").write_text(string)
    (folder / "map/plant.yaml").write_text(plant)
    with pytest.raises(ConfigError) as told:
        load(folder, f"a: {device}")
    assert (told.value.key, problem in told.value.problem) == (key, True), str(told.value)
