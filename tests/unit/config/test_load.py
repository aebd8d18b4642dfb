"""A configuration that cannot be used is one line that names the key, before anything starts, and tells no secret."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path

import pytest

from ess_ray.config.compose import Composed, compose_config
from ess_ray.config.load import load_settings
from ess_ray.core.errors import ConfigError
from ess_ray.core.settings import Settings
from ess_ray.main import main
from tests.make import SMALL, changed, make_settings

SECRET = "geheim"
GATEWAY = "sites.sionyu.devices.gateway"
SERVER = ("storage=timescale", "storage.allow_simulated=true")

# What stands below `devices: gateway:` of the user's sites; each is site/NAME.yaml.
SITES = {
    "good": "map: sionyu",
    "typo": "map: sionyu\n    hots: h",
    "mapless": "host: h",
    "mistaken": "map: mistaken",
    "missing": "map: sionyo",
    "twice": "map: sionyu\n    map: panri",
    "escaping": 'map: sionyu\n    host: "10.0.0.1\\e[2J"',
    "spaced": 'map: sionyu\n    host: "10.0.0.1 10.0.0.2"',
    "seventh": "map: rated\n    period_s: 7",
    "reversed": 'map: sionyu\n    host: "a\\u202Eb"',
}
MISTAKEN_MAP = """\
period_s: 1
function: 4
blocks:
  - table: bank
    ids: {bank_id: 1}
    runs:
      - at: 0
        columns: [bank_socc]
"""
RATED_MAP = """\
period_s: 1
function: 4
blocks:
  - table: bank
    ids: {bank_id: 1}
    runs:
      - {at: 0, columns: [bank_soc]}
      - {at: 1, period_s: 60, columns: [bank_soh]}
"""


@pytest.fixture(scope="module")
def plants(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder of sites and maps."""
    folder = tmp_path_factory.mktemp("plants")
    (folder / "site").mkdir()
    (folder / "map").mkdir()
    for name, device in SITES.items():
        text = f"# @package sites.{name}\ntimezone: Asia/Seoul\ndevices:\n  gateway:\n    {device}\n"
        (folder / "site" / f"{name}.yaml").write_text(text)
    (folder / "site/open.yaml").write_text("# @package sites.open\ndevices: [\n")
    (folder / "site/bare.yaml").write_text("# Too late:\n# @package sites.bare\ntimezone: Asia/Seoul\n")
    (folder / "site/zoneless.yaml").write_text("# @package sites.zoneless\ndevices: {gateway: {map: sionyu}}\n")
    (folder / "site/copy.yaml").write_text("# @package sites.good\n")
    (folder / "map/mistaken.yaml").write_text(MISTAKEN_MAP)
    (folder / "map/rated.yaml").write_text(RATED_MAP)
    shutil.copy(SMALL / "map/sionyu.yaml", folder / "map")
    (folder / "dsn").write_text(f"postgresql://user:{SECRET}@host:port/database\n")
    (folder / "empty").write_text("\n")
    return folder


def settings(words: Sequence[str], folder: Path = SMALL) -> Settings:
    """Of one site with a small map, which is quicker, unless the words choose others; the last choice counts."""
    return make_settings("site=sionyu", *words, folder=folder)


@pytest.mark.parametrize("period_s", [0.5, 20, 60, 3600])
def test_a_device_may_be_polled_at_any_rate_that_fits_those_of_its_map(plants: Path, period_s: float) -> None:
    (device,) = settings(["site=seventh", f"sites.seventh.devices.gateway.period_s={period_s}"], plants).devices
    assert (device.period_us, device.plan.periods_us) == (period_s * 1e6, (0, 60_000_000))


@pytest.mark.parametrize(
    ("words", "key", "told"),
    [
        ("run.duration=3", "run.duration", "unknown key; did you mean duration_s?"),
        ("duration_s=3", "duration_s", "did you mean run.duration_s?"),
        ("run={duration_s: 5, foo: 3}", "run.foo", "unknown key"),
        (f"{GATEWAY}.hots=h", f"{GATEWAY}.hots", "unknown key; did you mean host?"),
        ("sites.sionyo.timezone=UTC", "sites.sionyo", "did you mean sionyu?"),
        ("run.duration_s=abc", "run.duration_s", "expected a number, found 'abc'"),
        (f"{GATEWAY}.port=http", f"{GATEWAY}.port", "expected a whole number, found 'http'"),
        ("run.require_complete=maybe", "run.require_complete", "expected true or false, found 'maybe'"),
        ("sites=sionyu", "sites", "did you mean site=…?"),
        ("run=3", "run", "expected the keys duration_s, "),
        ("hydra.verbose=true", "hydra", "unknown key"),
        ("run.duration_s=0", "run.duration_s", "0 s is not within 1 to"),
        ("fleet.devices=3", "fleet", "set site=fleet"),
        ("run.duration_s=${foo}", "run.duration_s", "refers with ${…} to something that is not there"),
        ("site=sionyo", "site", "there is no 'sionyo'; did you mean sionyu?"),
        ("site=[sionyu", "site", "a bracket is not closed"),
        ("site=sionyu,panri", "site", "several values go into brackets"),
        ("site=[]", "site", "no site is chosen"),
        ("site", "command line, setting 2", "expected key=value"),
        ("+run.foo=3", "command line, setting 2", "expected key=value"),
        ("source=real", "source", "there is no 'real'; there are: plant, simulated"),
        ("source=plant", f"{GATEWAY}.host", "needs the device's host"),
        ("site=typo", "sites.typo.devices.gateway.hots", "did you mean host?"),
        ("site=mapless", "sites.mapless.devices.gateway.map", "has to be given"),
        ("site=zoneless", "sites.zoneless.timezone", "has to be given"),
        ("site=missing", "map", "there is no 'sionyo'; did you mean sionyu?"),
        ("site=mistaken", "map mistaken, line 8, address 0", "did you mean bank_soc?"),
        (
            "site=seventh",
            "sites.seventh.devices.gateway.period_s",
            "but map rated, line 8, address 1 is read every",
        ),
        ("site=open", "site/open.yaml, line 3", "found '<stream end>'"),
        ("site=twice", "site/twice.yaml, line 6", "found duplicate key map"),
        ("site=bare", "site/bare.yaml", "has to begin with the line `# @package sites.bare`"),
        ("site=[good,copy]", "site/copy.yaml", "is sites.good, as site/good.yaml is"),
        ("storage=timescale", "storage.dsn", "set ESS_RAY_DSN="),
        ("site=fleet", "fleet.host", "source=plant needs"),
        ("site=escaping", "sites.escaping.devices.gateway.host", "'10.0.0.1\\x1b[2J' is no name or address"),
        ("site=spaced", "sites.spaced.devices.gateway.host", "'10.0.0.1 10.0.0.2' is no name or address"),
        ("site=reversed", "sites.reversed.devices.gateway.host", "'a\\u202eb' is no name or address"),
    ],
)
def test_one_line_names_the_key(plants: Path, words: str, key: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings([words], plants)
    assert caught.value.key == key
    assert told in caught.value.problem
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def small() -> Composed:
    """What is composed of a site with a small map."""
    return compose_config(["site=sionyu"], SMALL)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("run.duration_s", 0.0, "0 s is not within 1 to"),
        ("run.duration_s", -5.0, "-5 s is not within 1 to"),
        ("run.duration_s", nan, "nan s is not within 1 to"),
        ("run.summary", "/nowhere/s.json", "there is no folder /nowhere"),
        ("state_dir", "", "expected a folder"),
        (f"{GATEWAY}.port", 70000, "70000 is not within 1 to 65535"),
        (f"{GATEWAY}.phase_s", 2.0, "2 s is not within 0 to 1 s"),
        (f"{GATEWAY}.max_registers", 200, "200 is not within 1 to 125"),
        (f"{GATEWAY}.host", "h", "set source=plant"),
        ("sites.sionyu.timezone", "Asia/Soul", "there is no time zone 'Asia/Soul'"),
        ("cluster.address", "auto", "the embedded database serves one machine only"),
        ("cluster.devices_per_actor", "0", "'0' is neither auto nor a number above 0"),
        ("page.host", "a\tb", "'a\\tb' is no name or address"),
        ("probe.host", "a\nb", "'a\\nb' is no name or address"),
        ("logging.level", "loud", "'loud' is none of debug"),
    ],
)
def test_a_value_out_of_its_bounds_is_one_line_that_names_its_key(
    small: Composed, key: str, value: object, told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(Composed(changed(small.config, {key: value}), small.folders), {})
    assert caught.value.key == key
    assert told in caught.value.problem
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "dsn"),
    [
        ("storage.dsn", f"postgresql://user:{SECRET}@host:port/database"),
        ("storage.dsn", f"postgresql://user:{SECRET}@host/database?no=such"),
        ("storage.dsn", f"host=h password={SECRET} nonsense"),
        ("storage.dsn", f"'postgresql://user:{SECRET}@host/"),
        ("storage.dsn", f"{{{SECRET}: 1}}"),
        ("storage.dsn", SECRET),
        ("storage.dsnn", f"postgresql://user:{SECRET}@host/"),
        ("storage.dsnn", f"(postgresql://user:{SECRET}@host/"),
        ("storage.dsn.x", SECRET),
        ("+storage.password", SECRET),
        (f"postgresql://user:{SECRET}@host/database?sslmode", "require"),
    ],
)
def test_no_error_tells_a_password(key: str, dsn: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings([*SERVER, f"{key}={dsn}"])
    error: BaseException | None = caught.value
    while error:
        assert SECRET not in repr(error)
        error = error.__cause__  # what a traceback would show


@pytest.mark.parametrize(
    ("file", "told"), [("dsn", "not a PostgreSQL"), ("empty", "not a PostgreSQL"), ("no", "No such")]
)
def test_a_bad_dsn_file_is_told_without_its_text(plants: Path, file: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        settings([*SERVER, f"storage.dsn_file={plants / file}"])
    assert caught.value.key == "storage.dsn_file"
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:p@h/db?sslmode=require",
        "host=h password='a b'",
        r"password=a\\b\'c",
        "password=a,${b}{c",
        r"password=a\\",
    ],
)
def test_a_dsn_is_taken_as_it_is(dsn: str) -> None:
    assert settings([*SERVER, f"storage.dsn={dsn}"]).storage.dsn == dsn


def test_the_printed_configuration_masks_the_dsn(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cfg", "job", "site=sionyu", *SERVER, f"storage.dsn=postgresql://user:{SECRET}@host/"]) == 0
    said = capsys.readouterr()
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN  # as Python has it: … | head may end the printing only
    assert "dsn: '********'" in said.out
    assert SECRET not in said.out + said.err


def test_a_server_needs_storage_timescale() -> None:
    with pytest.raises(ConfigError, match="set storage=timescale"):
        settings(["storage.dsn=postgresql://host/"])


def test_sites_of_the_users_folder_stand_beside_the_programs_own(plants: Path) -> None:
    assert list(settings(["site=[good,panri]"], plants).timezones) == ["good", "panri"]


@pytest.fixture(scope="module")
def fleet() -> Composed:
    return compose_config(["site=fleet", "fleet.host=h"], SMALL)


@pytest.mark.parametrize(
    ("values", "key", "told"),
    [
        ({"fleet.devices": 50000}, "fleet.devices", "50000 is not within 1 to 45536"),
        ({"fleet.phase_s": 0.5, "fleet.spread_s": 0.6}, "fleet.spread_s", "0.6 s is not within 0 to 0.5 s"),
        ({"fleet.timeout_s": 0.0}, "fleet.timeout_s", "0 s is not within"),
        ({"source.kind": "simulated"}, "fleet.host", "set source=plant"),
    ],
)
def test_a_fleet_is_checked_as_a_device_is(fleet: Composed, values: Mapping[str, object], key: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        load_settings(Composed(changed(fleet.config, values), fleet.folders), {})
    assert caught.value.key == key


def test_a_fleet_is_many_devices_that_share_plan_and_recipe() -> None:
    words = ["fleet.devices=3000", "fleet.map=panri", "fleet.host=h", "fleet.port=20000", "fleet.spread_s=0.6"]
    chosen = settings(["site=fleet", *words])
    assert not chosen.simulated
    assert [str(device.device) for device in chosen.devices[::1500]] == ["fleet/d0000", "fleet/d1500"]
    assert [device.endpoint for device in chosen.devices[::1500]] == [("h", 20000), ("h", 21500)]
    assert [device.phase_us for device in chosen.devices[::1500]] == [0, 300_000]
    assert len(chosen.devices) == 3000
    assert len({(id(device.plan), id(device.recipe)) for device in chosen.devices}) == 1


def test_nothing_is_made_before_the_configuration_is_found_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["site=sionyu", "run.duration_s=0"]) == 2
    assert list(tmp_path.iterdir()) == []
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith("ess_ray: run.duration_s: ")
