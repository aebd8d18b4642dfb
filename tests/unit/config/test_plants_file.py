"""`ess_ray.yaml` says what words would say else. Words win, paths count from its folder, and nothing is ignored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest

from ess_ray.config.compose import Composed, compose_config
from ess_ray.config.load import load_settings
from ess_ray.config.paths import conf_folder
from ess_ray.config.plants_file import GROUPS, read_plants_file
from ess_ray.core.errors import ConfigError
from tests.make import SMALL

MAP = (SMALL / "map/sionyu.yaml").read_text(encoding="utf-8")
SITE = "# @package sites.{name}\ntimezone: Asia/Seoul\ndevices:\n  gateway: {{map: small, host: 10.0.0.1}}\n"
Home = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Makes a plants folder with a file of settings and sites, each with its text."""

    def make(text: str = "", **sites: str) -> Path:
        folder = tmp_path / "plants"
        for group in ("site", "map"):
            (folder / group).mkdir(parents=True, exist_ok=True)
        (folder / "map/small.yaml").write_text(MAP)
        (folder / "ess_ray.yaml").write_text(text)
        for name, site in (sites or {"hilltop": "", "valley": ""}).items():
            (folder / f"site/{name}.yaml").write_text(site or SITE.format(name=name))
        return folder

    return make


def value_of(composed: Composed, key: str) -> object:
    value: object = composed.config
    for name in key.split("."):
        value = getattr(value, name)
    return sorted(value) if isinstance(value, Mapping) else value


PLANT = """\
source: plant
storage: timescale
storage.dsn_file: dsn
state_dir: ../state
run:
  drain_s: 12
export.kind: gcs
export: {bucket: theirs, formats: [csv, parquet]}
cluster: none
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            [],
            {
                "source.kind": "plant",
                "storage.kind": "timescale",
                "storage.dsn_file": "{0}/dsn",
                "state_dir": "{0.parent}/state",
                "run.drain_s": 12.0,
                "export.kind": "gcs",
                "export.bucket": "theirs",
                "export.formats": ["csv", "parquet"],
                "cluster.ray": False,
                "sites": ["hilltop", "valley"],
            },
        ),
        (["run.drain_s=3", "state_dir=x"], {"run.drain_s": 3.0, "state_dir": "x"}),
        (["run={drain_s: 4}"], {"run.drain_s": 4.0}),
        (["storage=timescale"], {"storage.dsn_file": "{0}/dsn"}),
        (["storage=embedded"], {"storage.kind": "embedded", "storage.dsn_file": None, "source.kind": "plant"}),
        (["source=simulated"], {"source.kind": "simulated"}),
        (["cluster=local"], {"cluster.ray": True}),
        (["site=valley"], {"sites": ["valley"]}),
        (["site=[all,sionyu]"], {"sites": ["hilltop", "sionyu", "valley"]}),
        (["site=sionyu"], {"sites": ["sionyu"]}),
    ],
)
def test_the_file_says_what_the_words_do_not(home: Home, words: list[str], expected: Mapping[str, object]) -> None:
    folder = home(PLANT)
    composed = compose_config(words, folder)
    expected = {key: value.format(folder) if isinstance(value, str) else value for key, value in expected.items()}
    assert {key: value_of(composed, key) for key in expected} == expected


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        ("# mine\nrun: {drain: 3}", "ess_ray.yaml, line 2, run.drain", "unknown key; did you mean drain_s?"),
        ("run.drain: 3", "ess_ray.yaml, line 1, run.drain", "unknown key"),
        ("rum.drain_s: 3", "ess_ray.yaml, line 1, rum", "did you mean run?"),
        ("drain_s: 3", "ess_ray.yaml, line 1, drain_s", "did you mean run.drain_s?"),
        ("run.drain_s: soon", "ess_ray.yaml, line 1, run.drain_s", "expected a number, found 'soon'"),
        ("run: 3", "ess_ray.yaml, line 1, run", "expected the keys duration_s"),
        ("run.drain_s: -3", "ess_ray.yaml, line 1, run.drain_s", "-3 s is not within"),
        ("state_dir: ''", "ess_ray.yaml, line 1, state_dir", "expected a folder"),
        ("storage: timscale", "ess_ray.yaml, line 1, storage", "there is no 'timscale'; did you mean timescale?"),
        ("storage: [embedded]", "ess_ray.yaml, line 1, storage", "expected a name"),
        ("site: [hilltop, walley]", "ess_ray.yaml, line 1, site", "did you mean valley?"),
        ("standard: {tables: {}}", "ess_ray.yaml, line 1, standard", "expected a name"),
        ("sites: {hilltop: {timezone: UTC}}", "ess_ray.yaml, line 1, sites", "site/NAME.yaml"),
        ("sites.hilltop.timezone: UTC", "ess_ray.yaml, line 1, sites.hilltop.timezone", "site/NAME.yaml"),
        ("maps.small.period_s: 5", "ess_ray.yaml, line 1, maps.small.period_s", "map/NAME.yaml"),
        ("defaults: [{storage: timescale}]", "ess_ray.yaml, line 1, defaults", "`storage: timescale`"),
        ("run.drain_s: 1\nrun: {drain_s: 2}", "ess_ray.yaml, line 2, run.drain_s", "is said twice, before in line 1"),
        ("job: check\njob: check", "ess_ray.yaml, line 2", "found duplicate key job"),
        ("run: [\n", "ess_ray.yaml, line 2", "<stream end>"),
        ("- run", "ess_ray.yaml", "expected a line `key: value`"),
        ("run.drain_s: ${foo}", "ess_ray.yaml, line 1, run.drain_s", "refers with ${…} to something"),
        ("fleet.devices: 3", "ess_ray.yaml, line 1, fleet", "set site=fleet"),
    ],
)
def test_what_it_says_wrongly_is_one_line_that_names_the_files_line(home: Home, text: str, key: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(compose_config(["job=report"], home(text)), {})
    assert caught.value.key == key
    assert told in caught.value.problem


def test_a_word_that_is_wrong_is_not_the_files_mistake(home: Home) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(compose_config(["job=report", "run.drain_s=-3"], home("run.drain_s: 5")), {})
    assert caught.value.key == "run.drain_s"


@pytest.mark.parametrize("text", ["", "# run.drain_s: 3\n", "---\n", "run:\n  # drain_s: 3\n"])
def test_a_file_without_settings_says_nothing(home: Home, text: str) -> None:
    assert read_plants_file(home(text)).tree([]) == {}


def test_its_choices_are_all_that_the_programs_own_file_makes() -> None:
    defaults = (conf_folder() / "config.yaml").read_text(encoding="utf-8").partition("defaults:")[2]
    assert all(f"- {group}: " in defaults for group in GROUPS)
    assert defaults.count("- ") == len(GROUPS) + 2  # and the schema and the file itself


# --- sites ----------------------------------------------------------------------------------------------------------


def test_a_new_file_is_one_of_all(home: Home) -> None:
    folder = home()
    (folder / "site/meadow.yaml").write_text(SITE.format(name="meadow"))
    (folder / "site/both.yaml").write_text("# @package _global_\ndefaults: [hilltop, valley]\n")
    assert sorted(compose_config([], folder).config.sites) == ["hilltop", "meadow", "valley"]
    assert sorted(compose_config(["site=both"], folder).config.sites) == ["hilltop", "valley"]


def test_a_map_can_be_imported_that_a_site_names_already(home: Home) -> None:
    folder = home(mine=SITE.format(name="mine").replace("small", "not_there_yet"))
    file = folder / "table.csv"
    file.touch()
    words = ["job=import", f"from={file}"]
    assert load_settings(compose_config(words, folder), {}).importing
    with pytest.raises(ConfigError, match="not_there_yet"):
        compose_config(["job=check"], folder)


def test_an_all_of_ones_own_stays_what_it_is(home: Home) -> None:
    folder = home(all="# @package _global_\ndefaults: [valley]\n", valley="", hilltop="")
    assert sorted(compose_config([], folder).config.sites) == ["valley"]


def test_without_sites_of_ones_own_all_are_the_programs() -> None:
    assert sorted(compose_config([], SMALL).config.sites) == ["hwanggeum6", "panri", "seokhwan", "sionyu"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], ""),
        (["site=hilltop"], "there and not chosen: site/valley.yaml; site=all takes all of {folder}"),
        (["site=sionyu"], "there and not chosen: site/hilltop.yaml, site/valley.yaml; site=all takes all of {folder}"),
    ],
)
def test_a_site_that_is_there_and_not_chosen_is_said(home: Home, words: list[str], told: str) -> None:
    folder = home("source: plant")
    settings = load_settings(compose_config([*words, "job=report"], folder), {})
    assert settings.unchosen_sites == told.format(folder=folder)


def test_a_file_of_several_sites_is_chosen_with_them(home: Home) -> None:
    folder = home()
    lines = [f"{name}: {{timezone: UTC, devices: {{}}}}" for name in ("hilltop", "valley")]
    (folder / "site/two.yaml").write_text("\n".join(["# @package sites", *lines, ""]))
    settings = load_settings(compose_config(["site=two", "job=report"], folder), {})
    assert settings.unchosen_sites == ""


@pytest.mark.parametrize(
    ("name", "text", "key"),
    [
        ("bare", "timezone: UTC\n", "site/bare.yaml"),
        ("my plant", "# @package sites.mine\ntimezone: UTC\n", "site/my plant.yaml"),
        ("copy", "# @package sites.hilltop\ntimezone: UTC\n", "site/hilltop.yaml"),
    ],
)
def test_a_file_of_all_that_cannot_be_a_site_is_named(home: Home, name: str, text: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compose_config([], home(**{name: text, "hilltop": ""}))
    assert caught.value.key == key


# --- names that are slips, and keys that nobody uses ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ess_ray.yml", "did you mean ess_ray.yaml?"),
        ("ess-ray.yaml", "did you mean ess_ray.yaml?"),
        ("config.yaml", "did you mean ess_ray.yaml?"),
        ("sites/a.yaml", "did you mean site?"),
        ("maps/a.yaml", "did you mean map?"),
        ("site/a.yml", "has to end in .yaml"),
        ("README.md", ""),
        ("tls/plant.crt", ""),
        ("compose.yaml", ""),
    ],
)
def test_a_name_that_is_a_slip_is_refused(home: Home, name: str, told: str) -> None:
    folder = home("source: plant")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).touch()
    with pytest.raises(ConfigError) if told else nullcontext() as caught:
        compose_config(["job=report"], folder)
    assert not told or (caught and told in caught.value.problem)


def test_a_map_that_no_device_has_is_refused(home: Home) -> None:
    folder = home(both="# @package _global_\ndefaults: [hilltop]\nmaps: {other: {period_s: 1}}\n", hilltop="")
    with pytest.raises(ConfigError) as caught:
        compose_config(["site=both"], folder)
    assert caught.value.key == "maps.other"


def test_paths_of_a_site_count_from_the_folder(home: Home) -> None:
    tls = "    framing: tls\n    tls: {ca_file: tls/plant.crt, key_file: /key, certificate_file: ~/own.crt}\n"
    folder = home(
        hilltop="# @package sites.hilltop\ntimezone: UTC\ndevices:\n  gateway:\n    map: small\n    host: h\n" + tls
    )
    found = compose_config([], folder).config.sites["hilltop"].devices["gateway"].tls
    assert (found.ca_file, found.key_file, found.certificate_file) == (f"{folder}/tls/plant.crt", "/key", "~/own.crt")


# --- real devices that are played -----------------------------------------------------------------------------------

PLAY = ("source=simulated", "source.ignore_hosts=true")


@pytest.mark.parametrize(
    ("words", "key", "told"),
    [
        (("source=simulated",), "sites.hilltop.devices.gateway.host", "source.ignore_hosts=true to play it"),
        (("source.ignore_hosts=true",), "source.ignore_hosts", "belongs to source=simulated"),
        ((*PLAY, "export=auto"), "storage.allow_simulated", "set storage=embedded"),
        ((*PLAY, "storage=embedded"), "ess_ray.yaml, line 3, export", "set export=auto"),
        ((*PLAY, "storage=embedded", "export=local", "export.folder=/days"), "export", "set export=auto"),
    ],
)
def test_what_is_played_does_not_go_where_what_is_read_goes(
    home: Home, words: tuple[str, ...], key: str, told: str
) -> None:
    folder = home("source: plant\nstorage: timescale\nexport: gcs\nexport.bucket: days\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(compose_config(words, folder), {"ESS_RAY_DSN": "postgresql://u@h/d"})
    assert caught.value.key == key
    assert told in caught.value.problem


def test_devices_with_a_host_are_played_when_that_is_said(home: Home) -> None:
    folder = home("source: plant\nstate_dir: state\nstorage: timescale\nexport: gcs\nexport.bucket: days\n")
    words = [*PLAY, "storage=embedded", "export=auto"]
    settings = load_settings(compose_config(words, folder), {})
    assert settings.simulated
    assert settings.state_dir == folder / "state/simulated"
    assert settings.export.store is not None
    assert settings.export.store.location.startswith(str(folder / "state/simulated"))
