"""`job=probe` shows what a device's registers could mean, and what is wrong with its map. Real sockets."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.adapters.modbus.reader import Budget, Reader
from ess_ray.core.checking.skeleton import skeleton
from ess_ray.core.checking.survey import Survey
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.standard import load_standard
from ess_ray.core.settings import ProbeSettings
from ess_ray.main import main
from tests import torture
from tests.peers import pymodbus_server

ROOT = Path(__file__).parents[2]
SITE = """\
# @package sites.hilltop
timezone: Asia/Seoul
devices:
  gateway: {{map: hilltop, host: 127.0.0.1, port: {port}, timeout_s: 0.2, connect_timeout_s: 0.5}}
"""
MAP = """\
period_s: 1
function: 3
blocks:
  - table: bank
    ids: {bank_id: 1}
    runs:
      - at: 10
        type: uint16
        scale: 0.1
        columns:
          - bank_soc: {min: 0, max: 100}
          - bank_soh: {min: 0, max: 100}
          - bank_dc_volt: {min: 600, max: 1100}
          - bank_dc_current: {type: int16, min: -500, max: 500}
          - bank_power: {type: int32, scale: 0.001, min: -1000, max: 1000}
"""
PLAIN = [532, 987, 9400, 65403, 0, 12345]  # soc, soh, volt, current -13.3, power 12.345


def registers(*values: int, at: int = 10, size: int = 40) -> list[int]:
    return [*[0] * at, *values, *[0] * (size - at - len(values))]


def hilltop(folder: Path, port: int, text: str = MAP) -> list[str]:
    """The words that choose a plant of one device at this port."""
    for group, content in (("site", SITE.format(port=port)), ("map", text)):
        (folder / group).mkdir(parents=True, exist_ok=True)
        (folder / group / "hilltop.yaml").write_text(content, encoding="utf-8")
    return ["--config-dir", str(folder), "site=hilltop", "source=plant", f"state_dir={folder}/state"]


def probe(folder: Path, port: int, *words: str) -> int:
    return main([*hilltop(folder, port), "job=probe", "probe.rate=1000", *words])


SWAPPED_BYTES = [int.from_bytes(value.to_bytes(2, "big"), "little") for value in PLAIN]
MISTAKES = {
    "none": (registers(*PLAIN), ["bank_power 12.345 kW", "all values of the map are as expected"]),
    "word order": (
        registers(*PLAIN[:4], 12345, 0),
        ["(3:14-15) reads 809041.9 kW, outside -1000 to 1000; with its words swapped: 12.345 kW", "set order: CDAB"],
    ),
    "byte order": (
        registers(*SWAPPED_BYTES),
        ["with its bytes swapped", "→ the whole map looks as if its bytes were swapped: set order: BADC"],
    ),
    "off by one": (
        registers(*PLAIN, at=11),
        [
            "bank_dc_volt (3:12) reads 98.7 V, outside 600 to 1100; read one register later (3:13): 940 V",
            "→ the whole map looks one too low: add 1 to every address (5 of 5 values are in range then, 2 now)",
        ],
    ),
    "a tenth": (
        registers(5320, *PLAIN[1:]),
        ["bank_soc (3:10) reads 532 %, outside 0 to 100", "a tenth of it: 53.2 %", "looks 10 times too large"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_the_map_is_named_beside_what_would_be_right(
    mistake: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, expected = MISTAKES[mistake]
    with pymodbus_server(content) as port:
        assert probe(tmp_path, port) == (mistake != "none")
    told = " ".join(capsys.readouterr().out.split())
    assert [text for text in expected if text not in told] == []
    assert ("as expected" in told.split("at most")[1].partition("→")[0]) == (mistake == "none")


def test_addresses_are_found_from_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pymodbus_server(registers(*PLAIN, size=40)) as port:
        assert probe(tmp_path, port) == 0
        assert probe(tmp_path, port, "probe.address=20", "probe.count=100") == 0
    answered = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("  answers ")]
    assert answered == [["answers", "3:0-39"]] * 2


@contextmanager
def recorder(limit: int, sent: list[tuple[int, int]], connections: int = 100) -> Iterator[int]:
    """A device that takes at most `limit` registers at once; `sent`: function and count of what it was asked."""

    def behave(number: int, answer: bytes) -> torture.Pieces:
        sent.append((answer[7], answer[8] // 2))
        return (torture.good if answer[8] // 2 <= limit else torture.refusing(3))(number, answer)

    with torture.device(behave, connections) as port:
        yield port


@pytest.mark.parametrize("limit", [1, 7, 50, 124, 125])
def test_the_largest_request_is_found(limit: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sent: list[tuple[int, int]] = []
    with recorder(limit, sent) as port:
        assert probe(tmp_path, port, "probe.address=100", "probe.count=125") == (limit == 1)  # the map needs 6
    more = ", as many as Modbus allows" if limit == 125 else ""
    (told,) = (line.strip() for line in capsys.readouterr().out.splitlines() if "largest request" in line)
    assert told.endswith(f"function 3: {limit} register{'s' * (limit > 1)}{more}")
    assert {function for function, _ in sent} == {3}


def test_connections_that_are_taken_at_once_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with torture.device(torture.good, connections=2) as port:
        assert probe(tmp_path, port, "probe.address=100") == 0
    assert "2 at once" in capsys.readouterr().out


@pytest.mark.parametrize(("singly", "answered"), [(False, 8), (True, 1)])
def test_requests_that_are_taken_at_once_are_counted(
    singly: bool, answered: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with torture.device(torture.good, singly=singly) as port:
        assert probe(tmp_path, port, "probe.address=100") == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("  requests at once"))
    assert f" {answered} of 8 got a reply" in line


def test_never_more_is_asked_than_was_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sent: list[tuple[int, int]] = []
    with recorder(1, sent) as port:
        assert probe(tmp_path, port, "probe.count=64", "probe.most_requests=9") == 1
    assert len(sent) == 9
    assert "all requests were used before any register" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("behaviour", "named"),
    [
        (torture.silent, "nothing was heard (timeout"),
        (torture.garbage, "there was no good reply (bad protocol"),
        (torture.refusing(1), "does not know function 3"),
    ],
)
def test_a_device_that_answers_nothing_is_left_alone_and_named(
    behaviour: torture.Behaviour, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with torture.device(behaviour) as port:
        assert probe(tmp_path, port) == 1
    told = capsys.readouterr().out
    assert named in told
    assert int(told.split("sent")[1].split()[0]) <= 25


def test_a_device_without_a_configuration_is_shown_in_all_types(capsys: pytest.CaptureFixture[str]) -> None:
    content = registers(*struct.unpack(">2H", struct.pack(">f", 53.25)), *struct.unpack(">4H", struct.pack(">d", -1.5)))
    with pymodbus_server(content) as port:
        words = ["job=probe", "probe.host=127.0.0.1", f"probe.port={port}", "probe.rate=1000", "probe.address=10"]
        assert main([*words, "probe.count=6"]) == 0
    told = capsys.readouterr().out
    details = {head.split()[0]: head for head in told.split("\n3:")[1:]}
    assert "53.25" in details["10"].split("float32")[1].splitlines()[0]
    assert "-1.5" in details["12"].split("float64")[1].splitlines()[0]


def test_the_skeleton_is_a_map_once_its_columns_have_names() -> None:
    standard = load_standard(yaml.safe_load((ROOT / "conf/standard/ess.yaml").read_text("utf-8")))
    survey = Survey(registers={(3, 10): 532, (3, 11): 0, (3, 12): 0, (4, 0): 7})
    text = (
        skeleton(survey.runs, survey.registers).replace("skip: 1 # 10: 532", "bank_soc").replace("skip: 1", "bank_soh")
    )
    value, other = load_map("new", yaml.safe_load(text), standard, line_finder(text)).values
    assert (value.column, value.function, value.address, other.function) == ("bank_soc", 3, 10, 4)


def test_requests_at_once_are_no_more_than_the_budget_has_left() -> None:
    with torture.device(torture.good) as port:
        settings = ProbeSettings(None, "127.0.0.1", port, 1, ((3, 0, 9),), 1e6, 8, 1, 1_000_000, 1_000_000, 0)
        for left, replies in ((3, 3), (0, 0)):
            budget = Budget(1e6, left)
            assert Reader(settings, budget).count_replies_at_once(3, 0, 8) == replies
            assert budget.left == 0
