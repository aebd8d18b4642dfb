"""The database of a run is prepared beside everything else: a restart does not wait for it, a first start does."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psycopg
import pytest

from ess_ray.core.errors import CannotStart, ConfigError, DatabaseUnavailable, EssRayError
from ess_ray.core.settings import Settings
from ess_ray.jobs.collect import database as collect_database
from ess_ray.jobs.collect.database import Database
from tests.journals import wait_until
from tests.make import make_settings
from tests.opened import opened

SLOW_S = 1.5


@pytest.fixture
def settings(dsn: str, tmp_path: Path) -> Settings:
    words = (f"state_dir={tmp_path}", "storage=timescale", f"storage.dsn='{dsn}'", "storage.allow_simulated=true")
    return make_settings("site=sionyu", *words)


def refusal(database: Database) -> EssRayError | None:
    """What `check` raises within some seconds."""
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s and not database.prepared:
        try:
            database.check()
        except EssRayError as error:
            return error
        time.sleep(0.01)
    return None


def test_a_restart_knows_the_database_before_its_server_is_up(settings: Settings, dsn: str) -> None:
    before = opened(settings, dsn)
    again, up, begun_s = Database(settings, dsn), threading.Event(), time.monotonic()

    def wait_started() -> None:
        assert up.wait(30)

    again.begin(wait_started)
    again.identify()
    assert time.monotonic() < begun_s + 20  # its server is not up yet
    assert (again.identity, again.name, again.prepared) == (before.identity, before.name, False)
    assert again.problem == "the database has not answered since the start"
    assert again.take_notes() == ["the database does not answer yet, samples wait in the journals until it does"]
    up.set()
    wait_until(lambda: again.prepared)
    assert again.identity == before.identity
    assert again.problem is None


def test_a_first_start_waits_until_it_is_known_which_database_it_is(settings: Settings, dsn: str) -> None:
    database, begun_s = Database(settings, dsn), time.monotonic()
    database.begin(lambda: time.sleep(SLOW_S))
    database.identify()
    assert time.monotonic() > begun_s + SLOW_S
    assert database.identity
    assert opened(settings, dsn).identity == database.identity


def test_a_restart_with_tables_that_do_not_fit_is_refused(settings: Settings, dsn: str) -> None:
    opened(settings, dsn)
    with psycopg.connect(dsn) as connection:
        connection.execute("DROP TABLE bank; CREATE TABLE bank (time timestamptz, soc text)")
    database = Database(settings, dsn)
    database.begin()
    assert isinstance(refusal(database), ConfigError)


def test_a_database_that_was_replaced_is_taken_by_the_next_start_but_one_however_slow_it_is(
    settings: Settings, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect_database, "RETRY_S", 3600)
    before = opened(settings, dsn)
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE database_identity SET id = 'another'")
    identities = []
    for _ in range(2):
        database = Database(settings, dsn)
        database.begin(lambda: time.sleep(SLOW_S))
        database.identify()
        identities.append(database.identity)
        wait_until(lambda database=database: database.prepared or "another database" in str(database.problem))
    assert identities == [before.identity, "another"]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_server_that_does_not_start_ends_the_start(settings: Settings, dsn: str, restarted: bool) -> None:
    if restarted:
        opened(settings, dsn)

    def wait_started() -> None:
        raise CannotStart("no room")

    database = Database(settings, dsn)
    database.begin(wait_started)
    with pytest.raises(CannotStart, match="no room"):
        database.identify()


def test_a_database_that_is_away_and_was_never_prepared_ends_the_start(settings: Settings, tmp_path: Path) -> None:
    database = Database(settings, f"host={tmp_path}/nowhere dbname=postgres")
    database.begin()
    with pytest.raises(DatabaseUnavailable):
        database.identify()
