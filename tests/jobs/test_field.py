"""The main job at devices as they are in the field: what of each is stored, and which events it has.

All kinds (`tests.jobs.odd_devices`) are one site of one run, so that another kind costs no time.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import torture
from tests.certificates import Authority, server_context
from tests.jobs.job import database, run
from tests.jobs.odd_devices import AUTHORITY, COLUMNS, KINDS, MAP, SECONDS, STANDARD

Row = dict[str, Any]


@dataclass(frozen=True)
class Stored:
    """What is stored of one device."""

    samples: list[Row]
    rows: list[Row]
    events: list[Row]


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stored]:
    """Of each kind what one run has stored."""
    folder = tmp_path_factory.mktemp("field")
    (conf := folder / "conf").mkdir()
    with ExitStack() as devices:
        tls = server_context(Authority(conf, Path(AUTHORITY).stem).sign("device"))
        peers = {
            kind.gateway or name: torture.device(kind.behaviour, rtu=kind.rtu, tls=tls if kind.tls else None)
            for name, kind in KINDS.items()
        }
        ports = {name: devices.enter_context(peer) for name, peer in peers.items()}
        configure(folder, ports)
        words = ["site=field", "standard=field", "source=plant", "cluster=none", "export=none", "page.port=null"]
        words += ["cluster.metrics_port=0", f"run.duration_s={SECONDS}"]
        code, output, _ = run(folder, "--config-dir", "conf", *words)
    assert code == 0, output
    with database(folder) as connection:
        tables = [
            connection.execute(f"SELECT * FROM {name} ORDER BY time").fetchall() for name in ("sample", "t", "event")
        ]
    return {name: Stored(*([row for row in rows if row["device"] == name] for rows in tables)) for name in KINDS}


def configure(folder: Path, ports: dict[str, int]) -> None:
    devices = {
        name: {"map": "field", "host": "127.0.0.1", "port": ports[kind.gateway or name], **kind.settings}
        for name, kind in KINDS.items()
    }
    site = f"# @package sites.field\n{json.dumps({'timezone': 'Asia/Seoul', 'devices': devices})}\n"
    for group, text in (("site", site), ("map", MAP), ("standard", STANDARD)):
        (folder / "conf" / group).mkdir()
        (folder / "conf" / group / "field.yaml").write_text(text)


@pytest.mark.parametrize("name", KINDS)
def test_every_second_has_all_that_the_device_gives(field: dict[str, Stored], name: str) -> None:
    kind, stored = KINDS[name], field[name]
    complete = [row for row in stored.rows if all(row[column] is not None for column in COLUMNS - kind.unread)]
    assert len(stored.samples) == SECONDS
    assert len(complete) >= SECONDS - kind.lost, [(s["status"], s["reason"], s["missing"]) for s in stored.samples]


@pytest.mark.parametrize("name", KINDS)
def test_what_is_stored_is_what_the_device_says_and_the_rest_is_null_and_flagged(
    field: dict[str, Stored], name: str
) -> None:
    for row in field[name].rows:
        lacking = {column for column in COLUMNS if row[column] is None}
        assert row["quality"] & 2 == (2 if lacking else 0)
        for column in COLUMNS - lacking - {KINDS[name].counting}:
            assert row[column] == KINDS[name].value(column), column


@pytest.mark.parametrize("name", KINDS)
def test_a_trouble_has_one_event(field: dict[str, Stored], name: str) -> None:
    assert sorted(event["kind"] for event in field[name].events) == sorted(KINDS[name].events)


@pytest.mark.parametrize("name", KINDS)
def test_a_sample_that_lacks_something_says_why(field: dict[str, Stored], name: str) -> None:
    reasons = {sample["reason"] for sample in field[name].samples} - {None, "backoff"}
    assert reasons <= set(KINDS[name].reasons)
