"""What is said at the end of a run: where the values of this run are, and what to do next."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from pathlib import Path

from ess_ray.jobs.collect.next_steps import next_steps
from tests.make import make_settings

PAGE, DSN = "http://127.0.0.1:8270", "host='/a b/socket' dbname=postgres user=postgres"
ROWS = {"sionyu": Counter(bank=10, rack=80), "panri": Counter(rack=20, bank=20, etc=5)}
SERVER = ("storage=timescale", "storage.dsn=postgresql://collector:secret@db.example/ess")
PLANT = ("site=sionyu", "source=plant", "sites.sionyu.devices.gateway.host=gateway.example")
ROOT = Path(__file__).parents[3]


def test_a_first_run_is_told_where_values_page_and_documents_are() -> None:
    assert next_steps(make_settings(), DSN, PAGE, ROWS) == [
        "what next (docs/README.md lists all pages):",
        "  the newest values: ./scripts/psql -x -c 'SELECT * FROM bank ORDER BY time DESC LIMIT 1'",
        f'  in Python, while a job runs: psycopg.connect("{DSN}")',
        f"  in a browser, while a job runs: {PAGE}",
        "  how complete it was, in 60 s: the same command with job=report day=today",
        "  your own plant: docs/plants.md",
    ]


def test_another_state_folder_is_named_to_psql() -> None:
    line = next_steps(make_settings("state_dir=/var/lib/ess ray"), DSN, PAGE, ROWS)[1]
    assert shlex.split(line.partition(": ")[2])[:2] == ["ESS_RAY_STATE=/var/lib/ess ray", "./scripts/psql"]


def test_the_connection_to_a_server_is_not_shown_as_it_may_have_a_password() -> None:
    settings = make_settings(*PLANT, *SERVER)
    text = "\n".join(next_steps(settings, settings.storage.dsn, "", ROWS))
    assert "secret" not in text
    assert "psql DSN -x" in text
    assert "docs/alerts.md" in text


def test_a_run_that_stored_nothing_is_told_how_to_find_out_why() -> None:
    assert next_steps(make_settings(), DSN, PAGE, {"sionyu": Counter()}) == [
        "nothing was stored: the same command with job=check says why"
    ]


def test_every_page_and_script_that_is_named_exists() -> None:
    for settings in (make_settings(), make_settings(*PLANT, *SERVER)):
        names = re.findall(r"(?:docs|scripts)/[\w.]*\w", "\n".join(next_steps(settings, DSN, PAGE, ROWS)))
        assert len(names) >= 2
        assert [name for name in names if not (ROOT / name).exists()] == []
