"""`job=new` finds out how a device answers, writes files that the collector can use, and overwrites nothing."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ess_ray.config.compose import compose_config
from ess_ray.config.load import load_settings
from ess_ray.main import main
from tests import torture
from tests.peers import pymodbus_server
from tests.sunspec_device import as_registers, make_chain

MAP = """\
period_s: 1
function: 3
blocks:
  - table: bank
    ids: {bank_id: 1}
    runs: [{at: 10, type: uint16, scale: 0.1, columns: [bank_soc: {min: 0, max: 100}, bank_soh, skip: 60, bank_power]}]
"""


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ESS_RAY_CONFIG", raising=False)
    return tmp_path


def new(port: int, *words: str) -> int:
    return main(["job=new", "new.host=127.0.0.1", f"new.port={port}", "probe.rate=1000", *words])


def site(folder: Path, name: str = "my_plant") -> dict[str, object]:
    tree = yaml.safe_load((folder / f"my_plants/site/{name}.yaml").read_text(encoding="utf-8"))
    (device,) = tree["devices"].values()
    return dict(device)


def test_a_device_of_which_nothing_is_known_gets_a_map_of_its_registers(
    working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pymodbus_server([0, 0, 532, 0, 987, *[0] * 35]) as port:
        assert new(port, "new.site=hilltop") == 0
    told = capsys.readouterr().out
    assert "hilltop_gateway_raw holding_2" in " ".join(told.split())
    assert told.rstrip().endswith("start it with ./scripts/run")
    settings = load_settings(compose_config([], working_folder / "my_plants"), {})
    assert not settings.simulated
    assert [str(device.device) for device in settings.devices] == ["hilltop/gateway"]
    assert settings.state_dir == working_folder / "ess_ray_state"
    assert not settings.state_dir.exists()
    (values,) = ([value.column for value in each.values] for each in settings.maps.values())
    assert values == ["holding_2", "holding_4"]


def small(number: int, reply: bytes) -> torture.Pieces:
    """A device that takes no more than 20 registers at once."""
    return (torture.good if reply[8] <= 40 else torture.refusing(3))(number, reply)


@pytest.mark.parametrize(
    ("behaviour", "rtu", "needed", "with_map"),
    [
        (torture.good, False, {}, True),
        (torture.good, True, {"framing": "rtu"}, True),
        (small, False, {"max_registers": 20}, True),
        (small, False, {"max_registers": 20}, False),
        (torture.from_unit(9), False, {"tolerate": ["unit_id"]}, False),
    ],
)
def test_how_the_device_wants_to_be_asked_is_found_and_written(
    working_folder: Path, behaviour: torture.Behaviour, rtu: bool, needed: dict[str, object], with_map: bool
) -> None:
    (working_folder / "my_plants/map").mkdir(parents=True)
    (working_folder / "my_plants/map/mine.yaml").write_text(MAP)
    with torture.device(behaviour, rtu=rtu) as port:
        new(port, "new.site=hilltop", *(["new.map=mine"] if with_map else ["new.address=100"]))
    said = site(working_folder, "hilltop")
    assert {key: value for key, value in said.items() if key not in ("map", "host", "port", "timeout_s")} == needed
    assert said["map"] == ("mine" if with_map else "hilltop_gateway")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["new.site=Hilltop"], 2, "new.site: 'Hilltop': a name holds only a-z"),
        (["new.site=there"], 2, "new.site: {folder}/site/there.yaml is there already, and nothing is overwritten"),
        (["new.timezone=Asia/Soul"], 2, "new.timezone: there is no time zone 'Asia/Soul'"),
        (["new.map=mne"], 2, "new.map: there is no map 'mne': one of "),
        (["new.map=mine", "new.table=x.csv"], 2, "new.table: a map is said, too"),
        (["new.table=x.csv"], 2, "from: there is no file"),
        (["new.host=null"], 2, "new.host: has to be said: there is no terminal to ask on"),
        (["new.hots=h"], 2, "new.hots: unknown key; did you mean host?"),
        (["new.port=1"], 1, "127.0.0.1:1 does not answer (refused"),
        (["new.host=nowhere.invalid"], 1, "nowhere.invalid has no address"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    working_folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, told: str
) -> None:
    folder = working_folder / "my_plants"
    (folder / "site").mkdir(parents=True)
    (folder / "map").mkdir()
    (folder / "map/mine.yaml").write_text(MAP)
    (folder / "site/there.yaml").write_text("# @package sites.there\ntimezone: UTC\ndevices: {g: {map: mine}}\n")
    before = {file: file.read_bytes() for file in folder.rglob("*.yaml")}
    assert new(1, *words) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert told.format(folder=folder) in line
    assert {file: file.read_bytes() for file in folder.rglob("*.yaml")} == before


def test_a_second_device_leaves_settings_and_sites_as_they_are(working_folder: Path) -> None:
    with pymodbus_server([7] * 10) as port:
        assert new(port, "new.site=hilltop") == 0
        settings_file = working_folder / "my_plants/ess_ray.yaml"
        settings_file.write_text(settings_file.read_text() + "run.drain_s: 5\n")
        before = settings_file.read_text()
        assert new(port, "new.site=valley", "new.map=hilltop_gateway") == 0
    assert settings_file.read_text() == before
    assert site(working_folder, "valley") == {"map": "hilltop_gateway", "host": "127.0.0.1", "port": port}


def test_a_sunspec_device_gets_the_map_of_its_models(working_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pymodbus_server(as_registers(make_chain(1, 103), 0xFFFF, 0, *[0] * 100)) as port:
        new(port, "new.site=roof")
    told = capsys.readouterr().out
    assert "it speaks SunSpec, from address 40000 on" in told
    assert site(working_folder, "roof")["map"] == "roof_gateway"
    settings = load_settings(compose_config([], working_folder / "my_plants"), {})
    assert {value.table for value in settings.maps["roof_gateway"].values} >= {"inverter"}


def test_a_vendors_table_becomes_the_map(working_folder: Path) -> None:
    (working_folder / "meter.csv").write_text("Address,Name,Type,Unit\n0,Voltage,U16,V\n1,Current,U16,A\n")
    with torture.device(torture.good) as port:
        assert new(port, "new.table=meter.csv", "base=0", "function=3") == 0
    assert site(working_folder)["map"] == "meter"


def test_on_a_terminal_it_asks_for_what_no_word_says(working_folder: Path) -> None:
    with pymodbus_server([5] * 20) as port:
        answers = ["hilltop", "Asia/Soul", "Asia/Seoul", "", "", str(port), "x", "1", ""]
        mine, its = pty.openpty()
        os.write(mine, "".join(f"{answer}\n" for answer in answers).encode())
        command = [sys.executable, "-m", "ess_ray.main", "job=new", "probe.rate=1000"]
        done = subprocess.run(command, stdin=its, capture_output=True, text=True, timeout=60, check=False)
        os.close(its)
        os.close(mine)
    assert done.returncode == 0, done.stderr
    for question in ("name of the site [my_plant]", "its time zone [", "its host name or address [127.0.0.1]"):
        assert done.stdout.count(question) == (2 if "zone" in question else 1)
    assert "there is no time zone 'Asia/Soul'" in done.stdout
    assert "'x': expected a number" in done.stdout
    assert site(working_folder, "hilltop") == {"map": "hilltop_gateway", "host": "127.0.0.1", "port": port}
