"""Columns and tables of a map's own, from the simulator to the store, and a reload that adds some. One run."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from tests.jobs.job import database, start, until

STEADY = """\
period_s: 1
function: 4
new:
  charger:
    identity: [charger_id]
    load: {unit: "%", meaning: Load}
    serial: {meaning: Serial number}
    runs: {meaning: It runs}
blocks:
  - table: charger
    repeat: {charger_id: 2}
    runs:
      - at: 0
        stride: 9
        columns: [load: {scale: 0.1}, serial: {type: string, length: 5}, register: [runs: {bit: 0}]]
"""
MOVING = """\
period_s: 1
function: 3
blocks:
  - {table: bank, ids: {bank_id: 1}, runs: [{at: 0, columns: [bank_soc]}]}
"""
MORE = """\
  - {table: bank, ids: {bank_id: 1}, runs: [{at: 5, columns: [glow: {scale: 0.1}, starts: {type: uint16}]}]}
  - {table: boiler, runs: [{at: 9, columns: [energy: {type: uint32, unit: Wh}]}]}
"""
NEW = """\
new:
  bank:
    glow: {type: float8, meaning: …}  # line 5
    starts: {type: int4, meaning: …}  # line 5
  boiler:
    energy: {type: int8, unit: Wh, meaning: …}  # line 6"""
WORDS = ("--config-dir", "plants", "site=hilltop", "cluster=none", "export=none", "cluster.metrics_port=0")


def ess_ray(folder: Path, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "ess_ray.main", *words]
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def write_map(folder: Path, name: str, text: str) -> None:
    (folder / f"plants/map/{name}.yaml").write_text(text)


@dataclass(frozen=True)
class FinishedRun:
    """What a run said and left behind."""

    folder: Path
    refused: tuple[int, str]  # the reload with columns that nobody describes
    taken: tuple[int, str]  # the reload that brings them
    curves: dict[str, str]  # of the page, after it
    rows: dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    folder = tmp_path_factory.mktemp("own")
    for name in ("site", "map"):
        (folder / "plants" / name).mkdir(parents=True)
    devices = "devices: {stays: {map: steady}, grows: {map: moving}}"
    (folder / "plants/site/hilltop.yaml").write_text(f"# @package sites.hilltop\ntimezone: UTC\n{devices}\n")
    write_map(folder, "steady", STEADY)
    write_map(folder, "moving", MOVING)
    with ExitStack() as stack:
        job = stack.enter_context(start(folder, *WORDS, "page.port=0"))
        stack.callback(job.kill)
        until((folder / "ess_ray_state/collector.json").exists)
        server = EmbeddedPostgres(folder / "ess_ray_state/postgresql")
        until(lambda: server.running_dsn() is not None)
        with psycopg.connect(server.running_dsn() or "", autocommit=True) as connection:
            until(lambda: has_rows(connection, "charger"))
            write_map(folder, "moving", MOVING + MORE)
            refused = ess_ray(folder, "job=reload")
            write_map(folder, "moving", f"{MOVING}{MORE}{NEW}")
            taken = ess_ray(folder, "job=reload")
            until(lambda: has_rows(connection, "boiler"))
            curves = curves_of_page(folder)
        job.terminate()
        assert job.wait(60) == 0, job.communicate()
    with database(folder) as left:
        tables = ("sample", "charger", "bank", "boiler", "device")
        for name in tables[:-1]:  # to a day that is over
            left.execute(f"UPDATE {name} SET time = time - interval '1 day'")
        left.execute("UPDATE device SET valid_from = valid_from - interval '1 d', valid_to = valid_to - interval '1 d'")
        rows = {name: left.execute(f"SELECT * FROM {name} ORDER BY 1, 2, 3").fetchall() for name in tables}
    return FinishedRun(folder, refused, taken, curves, rows)


def has_rows(connection: psycopg.Connection[Any], table: str) -> bool:
    there = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone() == (True,)
    return there and connection.execute(f"SELECT count(*) > 2 FROM {table}").fetchone() == (True,)


def curves_of_page(folder: Path) -> dict[str, str]:
    """The curves that the page offers of the device `grows`, once it knows the new ones."""
    found: dict[str, str] = {}

    def offered() -> bool:
        page = json.loads((folder / "ess_ray_state/status.json").read_text()).get("page") or ""
        if not page.startswith("http"):
            return False
        with urllib.request.urlopen(f"{page}/api/device?site=hilltop&device=grows") as reply:  # noqa: S310
            found.update(json.loads(reply.read())["all_curves"])
        return "boiler.energy" in found

    until(offered)
    return found


def test_a_reload_with_columns_that_nobody_describes_gives_the_lines_to_paste(ran: FinishedRun) -> None:
    code, text = ran.refused
    assert code == 1
    assert "map moving, line 5, address 5: glow: this and 2 more columns are unknown" in text
    assert text.endswith(f"\n{NEW}\n")


def test_a_reload_brings_them_while_samples_flow_and_others_miss_nothing(ran: FinishedRun) -> None:
    code, text = ran.taken
    assert (code, "changed hilltop/grows; new columns bank.glow, bank.starts, boiler.energy" in text) == (0, True), text
    glow = [row["glow"] is not None for row in ran.rows["bank"]]
    assert glow == sorted(glow), "NULL before, a value from then on"
    assert (glow[0], glow[-1]) == (False, True)
    for device in ("stays", "grows"):
        ticks = [row for row in ran.rows["sample"] if row["device"] == device]
        assert {row["status"] for row in ticks} == {"stored"}
        assert {(later["time"] - earlier["time"]).total_seconds() for earlier, later in pairwise(ticks)} == {1.0}


def test_rows_of_an_own_table_have_what_the_device_sends(ran: FinishedRun) -> None:
    assert {(row["charger_id"], row["serial"], row["runs"]) for row in ran.rows["charger"]} == {
        (1, "SIMULATED", False), (2, "SIMULATED", False),
    }  # fmt: skip
    assert len({row["load"] for row in ran.rows["charger"]}) > 3
    assert all(row["energy"] >= 0 for row in ran.rows["boiler"])


def test_the_page_offers_curves_of_new_columns(ran: FinishedRun) -> None:
    assert {"bank.bank_soc", "bank.glow", "bank.starts", "boiler.energy"} == {*ran.curves}


def test_exports_have_them_and_bring_them_back(ran: FinishedRun) -> None:
    day = ran.rows["sample"][0]["time"].date()
    words = ("--config-dir", "plants", "site=hilltop", "cluster=none", "export=local")
    write_map(ran.folder, "moving", MOVING)  # no map has the columns any more, but that day's had them
    code, text = ess_ray(ran.folder, *words, "job=export", f"day={day}")
    assert code == 0, text
    write_map(ran.folder, "moving", f"{MOVING}{MORE}{NEW}")
    exported = ran.folder / "ess_ray_state/export"
    (chargers,) = exported.glob("hilltop/**/*_charger.csv")
    lines = list(csv.DictReader(chargers.read_text().splitlines()))
    assert [*lines[0]] == ["time", "site", "device", "quality", "charger_id", "load", "serial", "runs"]
    assert len(lines) == sum(row["time"].date() == day for row in ran.rows["charger"])
    again = ("state_dir=again", f"from={exported}", "restore.run=true")
    code, text = ess_ray(ran.folder, *words, "job=restore", f"day={day}", *again)
    assert code == 0, text
    with EmbeddedPostgres(ran.folder / "again/postgresql") as server, psycopg.connect(server.dsn) as connection:
        (energies,) = connection.execute("SELECT array_agg(energy ORDER BY time) FROM boiler").fetchone() or ()
    assert energies == [row["energy"] for row in ran.rows["boiler"] if row["time"].date() == day]
