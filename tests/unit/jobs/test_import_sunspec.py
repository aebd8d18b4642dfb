"""`job=import from=sunspec` without a device: its words, and the maps of the library, which are made by it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ess_ray.app.exit_codes import OK
from ess_ray.config.compose import compose_config
from ess_ray.config.load import load_settings
from ess_ray.core.errors import ConfigError
from ess_ray.core.settings import Settings, SunSpecSettings
from ess_ray.jobs.import_map import run

LIBRARY = sorted((Path(__file__).parents[3] / "conf/map").glob("sunspec_*.yaml"))


def settings(home: Path, *words: str) -> Settings:
    return load_settings(compose_config(["job=import", "from=sunspec", *words], home), {})


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: file.stem)
def test_a_map_of_the_library_is_what_scripts_maps_writes(file: Path, tmp_path: Path) -> None:
    text = file.read_text(encoding="utf-8")
    models = re.search(r"models=\[[^]]*\]", text.splitlines()[0])
    assert models
    assert run(settings(tmp_path, models[0], f"name={file.stem}")) == OK
    assert (tmp_path / "map" / file.name).read_text(encoding="utf-8") == text


def test_the_library_has_what_plants_have() -> None:
    kinds = {"battery", "combiner", "der", "hybrid", "inverter", "inverter_float", "meter", "meter_float", "weather"}
    assert {file.stem.removeprefix("sunspec_") for file in LIBRARY} == kinds


def test_a_device_and_its_units_are_given_in_words(tmp_path: Path) -> None:
    sunspec = settings(tmp_path, "device=inverter.example:1502", "unit=1..2,126").importing
    assert isinstance(sunspec, SunSpecSettings)
    assert sunspec.probe
    assert (sunspec.probe.host, sunspec.probe.port, sunspec.units) == ("inverter.example", 1502, (1, 2, 126))
    again = settings(tmp_path, "device=[2001:db8::1]", "unit=3").importing
    assert isinstance(again, SunSpecSettings)
    assert again.probe
    assert (again.probe.host, again.probe.port, again.probe.unit_id) == ("2001:db8::1", 502, 3)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "device: say which device, or which models it has"),
        (("device=a", "models=[1]"), "device: say which device, or which models it has"),
        (("device=a:70000",), "device: 'a:70000': expected HOST or HOST:PORT"),
        (("device=a", "unit=300"), "unit: '300': expected a unit id from 0 to 255"),
        (("device=a", "unit=0..99"), "unit: expected at most 32 unit ids, found 100"),
        (("models=[x]",), "models: 'x': expected the number of a model"),
        (("models=[103]", "name=My Map"), "name: 'My Map': a name is a-z"),
    ],
)
def test_words_that_cannot_be_meant_are_refused(words: tuple[str, ...], problem: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        settings(tmp_path, *words)
    assert str(error.value).startswith(problem)


def test_models_that_are_not_defined_and_maps_that_are_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="64999: there is no definition"):
        run(settings(tmp_path, "models=[1,64999]"))
    assert run(settings(tmp_path, "models=[1]")) == OK
    with pytest.raises(ConfigError, match="nothing is overwritten"):
        run(settings(tmp_path, "models=[1]"))
    with pytest.raises(ConfigError, match="unit: belongs to from=sunspec"):
        load_settings(compose_config(["job=import", "from=a.csv", "unit=1"], tmp_path), {})
