"""The table `device` has each configuration in its time, whatever outages, restarts, neighbours and clocks do."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ess_ray.adapters.journal.owner import journal_folder, journal_owner
from ess_ray.adapters.postgres.connect import utc
from ess_ray.adapters.postgres.devices import register_devices
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.running.configured import Configured
from ess_ray.core.samples import Device
from ess_ray.jobs.collect import database as collect_database
from ess_ray.jobs.collect.database import Database
from tests.flushes import STANDARD
from tests.make import make_settings
from tests.opened import opened
from tests.pgproxy import PostgresProxy

S = 1_000_000
T0 = 1_790_000_000 * S
DAY_S = 86_400
Span = tuple[str, float, float, float | None]  # device, period, begin and end in seconds since T0


def spans(dsn: str) -> list[Span]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            """SELECT device, period_s, extract(epoch FROM valid_from - %(t0)s)::float8,
                      extract(epoch FROM valid_to - %(t0)s)::float8
               FROM device WHERE coalesce(valid_to, 'infinity') > valid_from ORDER BY device, valid_from""",
            {"t0": utc(T0)},
        ).fetchall()


def overlaps(of: list[Span]) -> list[tuple[Span, Span]]:
    return [
        (one, other)
        for one in of
        for other in of
        if one is not other and one[0] == other[0] and one[2] <= other[2] and (one[3] is None or one[3] > other[2])
    ]


def sample(dsn: str, device: str, second: float, collector: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO sample (time, site, device, status, collector) VALUES (%s, 'jeju', %s, 'stored', %s) "
            "ON CONFLICT DO NOTHING",
            [utc(T0 + int(second * S)), device, collector],
        )


def configured(*devices: str, period_s: float = 1.0) -> list[Configured]:
    return [Configured(Device("jeju", name), "m", "h", period_s, 0.0, {"pcs": ["power"]}, "UTC") for name in devices]


def register(dsn: str, second: float, devices: list[Configured], *collectors: str) -> None:
    register_devices(dsn, devices, T0 + int(second * S), collectors=collectors)


def test_what_was_configured_while_the_database_was_away_is_there_after_restarts(
    embedded_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect_database, "RETRY_S", 3600)  # the threads of runs that are over stay asleep
    socket = f"{conninfo_to_dict(embedded_server)['host']}/.s.PGSQL.5432"
    with psycopg.connect(embedded_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE spans")
    with PostgresProxy(Path(socket)).running() as proxy:
        dsn = make_conninfo(embedded_server, host="127.0.0.1", port=proxy.port, dbname="spans")
        words = (f"state_dir={tmp_path}", "storage=timescale", f"storage.dsn='{dsn}'", "storage.allow_simulated=true")
        period = "sites.sionyu.devices.gateway.period_s"
        by_period = {n: make_settings("site=sionyu", f"{period}={n}", *words) for n in range(1, 6)}

        def run(*changes: tuple[int, int]) -> Database:
            """A run that begins with the first of (period, second), and is then reloaded."""
            database = opened(by_period[changes[0][0]], dsn)
            for period_s, second in changes:
                database.register_from(by_period[period_s], T0 + second * S)
            assert database.wait_registered(10) == database.prepared
            return database

        run((1, 0))
        proxy.upstream = "/nowhere"
        proxy.cut()
        identity = run((1, 100)).identity  # restarted as it was
        run((2, 200), (3, 300))
        run((3, 400), (4, 500))
        (folder,) = (tmp_path / "journal").iterdir()
        assert folder == journal_folder(tmp_path, journal_owner(True, identity))
        assert (folder / "configured.json").stat().st_mode & 0o777 == 0o600
        proxy.upstream = socket
        database = run((5, 600))
        assert database.prepared
        assert len(spans(dsn)) == 5
        run((5, 700))
        assert spans(dsn) == [
            ("gateway", 1, 0, 200), ("gateway", 2, 200, 300), ("gateway", 3, 300, 500), ("gateway", 4, 500, 600),
            ("gateway", 5, 600, None),
        ]  # fmt: skip
    with psycopg.connect(embedded_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE spans WITH (FORCE)")


def rows(dsn: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT * FROM device ORDER BY device, valid_from").fetchall()


def test_a_database_that_is_an_older_copy_gets_every_configuration_since_back(dsn: str, tmp_path: Path) -> None:
    words = (f"state_dir={tmp_path}", "storage=timescale", f"storage.dsn='{dsn}'", "storage.allow_simulated=true")
    period = "sites.sionyu.devices.gateway.period_s"
    by_period = {n: make_settings("site=sionyu", f"{period}={n}", *words) for n in (1, 2, 3)}

    def keep(copy: str) -> None:
        with psycopg.connect(dsn) as connection:
            connection.execute(f"CREATE TABLE {copy} AS SELECT * FROM device")

    def bring_back(copy: str) -> None:
        with psycopg.connect(dsn) as connection:
            connection.execute(f"TRUNCATE device; INSERT INTO device SELECT * FROM {copy}")

    def until(expected: list[tuple[Any, ...]]) -> None:
        deadline_s = time.monotonic() + 10
        while rows(dsn) != expected and time.monotonic() < deadline_s:
            time.sleep(0.02)
        assert rows(dsn) == expected

    database = opened(by_period[1], dsn)
    keep("copy_of_none")
    for index, period_s in enumerate((1, 2, 1, 3)):  # the third is like the first
        database.register_from(by_period[period_s], T0 + 100 * index * S)
        assert database.wait_registered(10)
        keep(f"copy_{index}")
    complete = rows(dsn)
    assert [(span[1], span[2]) for span in spans(dsn)] == [(1, 0), (2, 100), (1, 200), (3, 300)]
    for copy in ("copy_of_none", "copy_0", "copy_1", "copy_2", "copy_3"):
        bring_back(copy)
        database.returned()  # of the job: it was away
        until(complete)
        bring_back(copy)
        opened(by_period[3], dsn)  # a restart does the same
        until(complete)


def test_two_collectors_that_share_a_site_leave_each_others_devices_alone(dsn: str) -> None:
    prepare(dsn, STANDARD)
    register(dsn, 0, configured("a", "b"), "roof")
    register(dsn, 0, configured("c"), "cellar")
    register(dsn, 10, configured("a"), "roof")
    register(dsn, 20, configured("c", period_s=2), "cellar")
    assert spans(dsn) == [("a", 1, 0, None), ("b", 1, 0, 10), ("c", 1, 0, 20), ("c", 2, 20, None)]


def test_a_device_belongs_to_the_collector_that_polls_it(dsn: str) -> None:
    prepare(dsn, STANDARD)
    register(dsn, 0, configured("a", "b"), "roof")
    register(dsn, 5, configured("a", "b"), "roof", "attic")  # another host now
    register(dsn, 10, configured("a", "c"), "cellar")  # takes a over
    sample(dsn, "a", 11, "cellar")
    register(dsn, 20, configured("b"), "roof", "attic")
    register(dsn, 30, configured("c"), "cellar")
    assert spans(dsn) == [("a", 1, 0, 30), ("b", 1, 0, None), ("c", 1, 10, None)]


def test_a_device_that_another_collector_polls_too_stays_until_that_one_drops_it(dsn: str) -> None:
    prepare(dsn, STANDARD)
    register(dsn, 0, configured("a", "b"), "cellar")
    register(dsn, 0, configured("a", "b"), "roof")
    sample(dsn, "a", 5, "cellar")
    register(dsn, 10, configured("b"), "roof")
    assert spans(dsn) == [("a", 1, 0, None), ("b", 1, 0, None)]
    register(dsn, 20, configured("b"), "cellar")
    assert spans(dsn) == [("a", 1, 0, 20), ("b", 1, 0, None)]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        # Set back by ten minutes after the last change, within the time of the row before, and before its begin.
        ([(0, 1), (1000, 2), (1000, 3)], [(1, 0, 1000), (2, 1000, 1052), (3, 1052, None)]),
        ([(0, 1), (1000, 2), (400, 3)], [(1, 0, 400), (3, 400, 1000), (2, 1000, 1052), (3, 1052, None)]),
        # A machine that boots without a clock.
        ([(1000, 1), (-DAY_S * 9000, 2)], [(2, -DAY_S * 9000, 1000), (1, 1000, 1051), (2, 1051, None)]),
        ([(1000, 1), (-DAY_S * 9000, 1)], [(1, 1000, None)]),
        # A clock that was years ahead.
        (
            [(0, 1), (DAY_S * 900, 2), (1000, 3), (2000, 4)],
            [
                (1, 0, 1000), (3, 1000, 2000), (4, 2000, DAY_S * 900), (2, DAY_S * 900, DAY_S * 900 + 52),
                (4, DAY_S * 900 + 52, None),
            ],
        ),
    ],
)  # fmt: skip
def test_a_clock_that_is_set_leaves_no_two_spans_at_once(
    dsn: str, steps: list[tuple[int, int]], expected: list[tuple[float, ...]]
) -> None:
    prepare(dsn, STANDARD)
    for second, period_s in steps:
        register(dsn, second, configured("a", period_s=period_s), "roof")
        sample(dsn, "a", second + 50, "roof")
    found = spans(dsn)
    assert not overlaps(found)
    assert [tuple(span[1:]) for span in found] == expected
