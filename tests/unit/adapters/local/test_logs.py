"""The log: lines of the Elastic Common Schema with the documented fields, few of one trouble, within bounds."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ess_ray.actors.poller import Pulled
from ess_ray.adapters.local.logs import LogFile, log_to
from ess_ray.cluster.collection_log import CollectionLog
from ess_ray.core.batch import batch_of
from ess_ray.core.errors import DatabaseUnavailable
from ess_ray.core.running.fold import Repeats
from ess_ray.core.running.logfields import FIELDS, about, lasting
from ess_ray.core.samples import Device, Event, EventKind, Sample, Status
from ess_ray.core.storing.flush import Committed
from tests.logfiles import log_lines

DEVICE = Device("hilltop", "gateway")


@pytest.fixture
def file(tmp_path: Path) -> Iterator[LogFile]:
    logger = logging.getLogger("ess_ray")
    before = logger.handlers, logger.propagate, logger.level
    file = LogFile(str(tmp_path), "ess_ray", "driver", "info", bytes=20_000, files=2)
    log_to(file)
    yield file
    for handler in logger.handlers:
        handler.close()
    logger.handlers, logger.propagate = before[0], before[1]
    logger.setLevel(before[2])


def lines(file: LogFile) -> list[dict[str, Any]]:
    return log_lines(file.path)


def test_every_documented_field_and_no_other_is_written(file: LogFile) -> None:
    log, error = logging.getLogger("ess_ray.x"), DatabaseUnavailable("no route to 192.0.2.7")
    fields = about("sample failed", device=DEVICE, table="rack", tick_us=1_795_638_450_000_000, status="failed",
                   reason="timeout", count=3, error=error)  # fmt: skip
    log.warning("전력 %s \udcff", "kW", extra={**fields, **lasting(Repeats(7, 61.5))})
    try:
        raise error
    except DatabaseUnavailable:
        log.exception("a defect", extra=about("defect"))
    written = lines(file)
    assert written[1]["message"] == "전력 kW \\udcff"
    assert written[1]["ess.tick"] == "2026-11-25T20:27:30+00:00"
    assert written[2]["error.type"] == "DatabaseUnavailable"
    assert {name for line in written for name in line} == {field.name for field in FIELDS}


def test_a_log_takes_no_more_than_its_files(file: LogFile) -> None:
    log = logging.getLogger("ess_ray.x")
    for number in range(300):
        log.info("line %d", number)
    paths = sorted(file.path.parent.iterdir())
    assert [path.name for path in paths] == ["ess_ray.json", "ess_ray.json.1", "ess_ray.json.2"]
    assert all(path.stat().st_size <= file.bytes for path in paths)
    assert lines(file)[-1]["message"] == "line 299"


def test_a_full_disk_costs_lines_and_nothing_else(file: LogFile, capsys: pytest.CaptureFixture[str]) -> None:
    file.path.unlink()
    file.path.symlink_to("/dev/full")
    log_to(file)
    logging.getLogger("ess_ray.x").error("lost")
    assert capsys.readouterr().err == ""


def test_a_dead_device_is_a_line_with_its_reason_and_one_when_it_is_back(file: LogFile) -> None:
    collection_log = CollectionLog()
    collection_log.pulled("poller:hilltop/gateway", pulled(Event(DEVICE, 3_000_000, EventKind.DEVICE_LOST)))
    for second in range(1, 100):
        collection_log.committed([batch_of([sample(second, Status.FAILED, "timeout")])], committed())
    collection_log.pulled("poller:hilltop/gateway", pulled(Event(DEVICE, 100_000_000, EventKind.DEVICE_BACK)))
    collection_log.committed(
        [batch_of([sample(100, Status.STORED, None), sample(101, Status.STORED, None)])], committed()
    )
    told = [(line["log.level"], line["message"], line.get("ess.reason")) for line in lines(file)[1:]]
    assert told == [
        ("warning", "hilltop/gateway: device lost", None),
        ("warning", "hilltop/gateway: sample failed: timeout", "timeout"),
        ("info", "hilltop/gateway: device back", None),
        ("info", "hilltop/gateway: samples are stored completely again (99 times in 0 s)", None),
    ]
    assert {(line["ess.site"], line["ess.device"]) for line in lines(file)[1:]} == {("hilltop", "gateway")}
    assert lines(file)[2]["ess.tick"] == "1970-01-01T00:00:01+00:00"


def test_a_sample_that_is_older_than_the_trouble_does_not_end_it(file: LogFile) -> None:
    collection_log = CollectionLog()
    collection_log.committed([batch_of([sample(5, Status.PARTIAL, "exception 2")])], committed())
    collection_log.committed([batch_of([sample(4, Status.STORED, None)])], committed())
    assert len(lines(file)) == 2


def test_refused_rows_are_told_by_table_and_their_samples_with_them(file: LogFile) -> None:
    key = (DEVICE, 7_000_000)
    collection_log = CollectionLog()
    collection_log.committed(
        [batch_of([sample(7, Status.STORED, None)])], committed(rejected={"rack": 8}, demoted={key: Status.PARTIAL})
    )
    table, whole = lines(file)[1:]
    assert (table["ess.table"], table["ess.count"], table["ess.reason"]) == ("rack", 8, "rejected")
    assert (whole["ess.status"], whole["ess.reason"]) == ("partial", "rejected")


def test_a_database_that_is_away_is_a_line_and_one_when_it_is_back(file: LogFile) -> None:
    collection_log = CollectionLog()
    for _ in range(50):
        collection_log.write_failed(12, DatabaseUnavailable("connection refused"))
    collection_log.written()
    collection_log.written()
    away, back = lines(file)[1:]
    assert (away["error.type"], away["error.message"], away["ess.count"]) == (
        "DatabaseUnavailable", "connection refused", 12,
    )  # fmt: skip
    assert (back["message"], back["ess.times"]) == ("samples are stored again (50 times in 0 s)", 50)


def sample(second: int, status: Status, reason: str | None) -> Sample:
    image = b"" if status is Status.FAILED else b"\0\0"
    return Sample(DEVICE, "layout", second * 1_000_000, status, reason, (), None, 1.0, 1, 0, image)


def pulled(*events: Event) -> Pulled:
    return Pulled((), (), 0, (), events, 0, 0, None, False, 0, None)


def committed(rejected: dict[str, int] | None = None, demoted: dict[Any, Status] | None = None) -> Committed:
    known: Sequence[Any] = ()
    return Committed(tuple(known), {}, 0, (), rejected or {}, demoted or {})
