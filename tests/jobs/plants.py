"""The four plants on independent Modbus servers, collected by the job and compared value by value."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests import oracle, torture
from tests.jobs.job import at, database, run
from tests.logfiles import log_lines
from tests.peers import pymodbus_server

PLANTS = ("sionyu", "panri", "hwanggeum6", "seokhwan")
SECONDS = 6


def check_rows(connection: psycopg.Connection[dict[str, Any]], site: str, registers: Sequence[int]) -> int:
    """Check that every row of every tick of the site equals the oracle's; gives how many rows there are."""
    rows = 0
    ticks = connection.execute("SELECT count(*) AS n FROM sample WHERE site = %s", [site]).fetchone()
    assert ticks is not None
    for table, expected in oracle.rows(site, registers).items():
        stored = connection.execute(f"SELECT * FROM {table} WHERE site = %s", [site]).fetchall()
        assert len(stored) == ticks["n"] * len(expected)
        rows += len(stored)
        for row in stored:
            ids = tuple(row[name] for name in oracle.IDS if row.get(name) is not None)
            values = {name: row[name] for name in expected[ids]}
            assert values == expected[ids], f"{site} {table} {ids}"
            others = set(row) - set(values) - {"time", "site", "device", *oracle.IDS}
            assert all(row[name] is None for name in others)
    return rows


@dataclass(frozen=True)
class FinishedRun:
    """A run that is over."""

    folder: Path
    images: dict[str, list[int]]  # the registers of the plants
    summary: dict[str, Any]


def collect(folder: Path, *words: str) -> FinishedRun:
    """Run the job on the four plants and two sites whose devices are broken; `words`: further ones."""
    chance = random.Random(20220510)
    images = {site: [chance.randrange(65536) for _ in range(7100)] for site in PLANTS}
    (folder / "conf/site").mkdir(parents=True)
    for site, register_map in (("broken", "sionyu"), ("dripping", "panri")):
        text = f"# @package sites.{site}\ntimezone: Asia/Seoul\ndevices: {{gateway: {{map: {register_map}}}}}\n"
        (folder / f"conf/site/{site}.yaml").write_text(text)
    with (
        ExitStack() as peers,
        torture.device(torture.only_for(200, torture.refusing(4))) as broken,
        torture.device(torture.drip) as dripping,
    ):
        addresses = [word for site in PLANTS for word in at(site, peers.enter_context(pymodbus_server(images[site])))]
        addresses += [*at("broken", broken), *at("dripping", dripping)]
        sites = f"site=[{','.join(PLANTS)},broken,dripping]"
        words = ("--config-dir", "conf", sites, "source=plant", *addresses, *words)
        code, output, summary = run(folder, *words, f"run.duration_s={SECONDS}")
    assert code == 0, output
    return FinishedRun(folder, images, summary)


def check_every_value(ran: FinishedRun) -> None:
    """Of the four plants every value is stored as their lists say."""
    assert ran.summary["simulated"] is False
    with database(ran.folder) as connection:
        for site in PLANTS:
            counts = ran.summary["sites"][site]["devices"]["gateway"]
            assert counts["stored"] == counts["expected"] > 0
            rows = ran.summary["sites"][site]["rows"]
            assert check_rows(connection, site, ran.images[site]) == sum(rows.values())


def check_a_broken_device(ran: FinishedRun) -> None:
    """A broken device lacks its own registers, and its neighbours nothing."""
    counts = {site: figures["devices"]["gateway"] for site, figures in ran.summary["sites"].items()}
    assert counts["broken"]["partial"] == counts["broken"]["expected"] == SECONDS
    assert counts["broken"]["reasons"] == {"exception 4": SECONDS}
    assert counts["dripping"]["failed"] == counts["dripping"]["expected"] == SECONDS
    assert all(counts[site]["stored"] == counts[site]["expected"] > 0 for site in PLANTS)
    lines = log_lines(ran.folder / "ess_ray_state" / "logs" / "ess_ray.json")
    reasons = {(line["ess.site"], line["ess.status"]): line["ess.reason"] for line in lines if "ess.status" in line}
    assert reasons.keys() == {("broken", "partial"), ("dripping", "failed")}
    assert reasons["broken", "partial"] == "exception 4"
    with database(ran.folder) as connection:
        rows = connection.execute("SELECT * FROM bank WHERE site IN ('broken', 'dripping') ORDER BY time").fetchall()
        assert [(r["quality"] & 2, r["bank_soc"], r["rack_fuse_plus_fault_status"]) for r in rows] == [
            (2, 0, None)
        ] * SECONDS
        missing = connection.execute("SELECT DISTINCT missing FROM sample WHERE status = 'partial'").fetchall()
        assert len(missing) == 1
        assert missing[0]["missing"].startswith("4:200-")
