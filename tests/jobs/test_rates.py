"""A device that is read at several rates, from its registers to the rows and the report, in one run."""

from __future__ import annotations

from pathlib import Path

from tests.jobs.job import database, run

# Bank each second, its SOH every 2 s, racks every 4 s, PCS and a warning of the bank each minute.
RATED = Path(__file__).parents[1] / "data/rated"
WORDS = ["--config-dir", str(RATED), "site=rated", "cluster=none"]


def test_each_block_is_asked_for_and_stored_at_its_own_ticks(tmp_path: Path) -> None:
    words = [*WORDS, "export=none", "page.port=null", "cluster.metrics_port=0", "run.duration_s=6"]
    code, output, _ = run(tmp_path, *words)
    assert code == 0, output
    with database(tmp_path) as connection:
        second = "extract(epoch FROM time)::int8 AS second"
        samples = connection.execute(f"SELECT {second}, status, reason, requests FROM sample ORDER BY 1").fetchall()
        banks = connection.execute(f"SELECT {second}, bank_soh IS NULL AS without FROM bank ORDER BY 1").fetchall()
        racks = connection.execute(f"SELECT {second}, rack_id, rack_soc FROM rack ORDER BY 1, 2").fetchall()
        pcs = connection.execute(f"SELECT {second} FROM pcs").fetchall()
    seconds = [sample["second"] for sample in samples]
    assert len(seconds) >= 6
    assert {(sample["status"], sample["reason"]) for sample in samples} == {("stored", None)}
    asked = [1 + (s % 2 == 0) + 2 * (s % 4 == 0) + 2 * (s % 60 == 0) for s in seconds]
    assert [sample["requests"] for sample in samples] == asked
    assert [(bank["second"], bank["without"]) for bank in banks] == [(s, s % 2 == 1) for s in seconds]
    assert [(row["second"], row["rack_id"]) for row in racks] == [(s, n) for s in seconds if s % 4 == 0 for n in (1, 2)]
    assert all(row["rack_soc"] > 0 for row in racks)
    assert [row["second"] for row in pcs] == [s for s in seconds if s % 60 == 0]
    now = ["day=today", "storage.late_s=0.1", "report.max_loss=100"]  # nobody has collected since
    code, report, _ = run(tmp_path, *WORDS, "job=report", *now)
    assert code == 0, report
