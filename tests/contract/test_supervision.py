"""An embedded server that was killed comes back by itself, with what was committed, under the same address."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from ess_ray.adapters.postgres.embedded import leftovers
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.postgres.embedded.supervision import Supervision
from ess_ray.core.errors import CannotStart


def until(happened: Callable[[], object], limit_s: float = 30) -> None:
    deadline_s = time.monotonic() + limit_s
    while not happened():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


@contextmanager
def supervised(folder: Path, reports: list[str | None]) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(folder)
    with Supervision(server, reports.append) as supervision:
        supervision.wait_started()
        yield server


def stopped_child(dsn: str) -> int:
    """The process of a connection, which is stopped."""
    with psycopg.connect(dsn) as connection:
        os.kill(child := connection.info.backend_pid, signal.SIGSTOP)
        connection.close()
    return child


def ended(pid: int) -> bool:
    """True also for a process that nobody has waited for yet."""
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def kill_server(folder: Path) -> int:
    pid = leftovers.postmaster(folder / "data")
    os.kill(pid, signal.SIGKILL)
    return pid


def test_a_server_that_was_killed_is_started_again_with_all_that_was_committed(tmp_path: Path) -> None:
    reports: list[str | None] = []
    with supervised(tmp_path, reports) as server:
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (turn int)")
        for turn in range(3):
            with psycopg.connect(server.dsn, autocommit=True) as connection:
                connection.execute("INSERT INTO kept VALUES (%s)", [turn])
                kill_server(tmp_path)
                until(lambda: reports[-1:] == [None])
                reports.append("seen")
                with pytest.raises(psycopg.OperationalError):
                    connection.execute("SELECT 1")
        with psycopg.connect(server.dsn) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (3,)
    text = "the embedded PostgreSQL was killed by signal 9: it is started again"
    assert reports == [text, None, "seen"] * 3
    assert not (tmp_path / "data/postmaster.pid").exists()


@pytest.mark.parametrize("children_s", [60.0, 0.5])
def test_a_child_that_outlives_the_killed_server_is_waited_for_and_ended_if_it_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, children_s: float
) -> None:
    monkeypatch.setattr(leftovers, "CHILDREN_S", children_s)
    reports: list[str | None] = []
    with supervised(tmp_path, reports) as server:
        child = stopped_child(server.dsn)
        kill_server(tmp_path)
        if children_s > 1:
            time.sleep(1)
            assert len(reports) == 1  # it waits: two servers over the same data would destroy them
            os.kill(child, signal.SIGCONT)
        until(lambda: reports[-1:] == [None])
        assert len(reports) == 2
        assert ended(child)
        psycopg.connect(server.dsn).close()


def test_a_server_that_cannot_be_started_is_tried_again_until_it_can(tmp_path: Path) -> None:
    reports: list[str | None] = []
    control, aside = tmp_path / "data/global/pg_control", tmp_path / "pg_control"
    with supervised(tmp_path, reports) as server:
        control.rename(aside)
        kill_server(tmp_path)
        until(lambda: len(reports) > 3)
        aside.rename(control)
        until(lambda: reports[-1] is None)
        psycopg.connect(server.dsn).close()
    tried = "the embedded PostgreSQL cannot be started again, and is tried again: embedded PostgreSQL in "
    assert all(report and report.startswith(f"{tried}{tmp_path} ended while") for report in reports[1:-1])


def test_the_end_does_not_wait_for_a_server_that_cannot_be_started(tmp_path: Path) -> None:
    reports: list[str | None] = []
    with supervised(tmp_path, reports):
        (tmp_path / "data/global/pg_control").unlink()
        kill_server(tmp_path)
        until(lambda: len(reports) > 2)
        begun_s = time.monotonic()
    assert time.monotonic() < begun_s + 5


def test_a_first_start_that_fails_is_not_repeated_and_one_at_work_is_given_up_at_the_end(tmp_path: Path) -> None:
    reports: list[str | None] = []
    begun_s = time.monotonic()
    with Supervision(EmbeddedPostgres(tmp_path / "given up"), reports.append):
        pass
    taken = EmbeddedPostgres(tmp_path / "taken")
    with taken, Supervision(EmbeddedPostgres(tmp_path / "taken"), reports.append) as late, pytest.raises(CannotStart):
        late.wait_started()
    assert time.monotonic() < begun_s + 60
    assert reports == []
    assert not (tmp_path / "given up/data/postmaster.pid").exists()


def test_children_of_a_server_that_was_killed_with_its_owner_do_not_stop_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "CHILDREN_S", 0.5)
    server = EmbeddedPostgres(tmp_path)
    child = stopped_child(server.start())
    kill_server(tmp_path)
    server.stop()
    with EmbeddedPostgres(tmp_path):
        assert ended(child)
