"""Another database that answers at the address during a run gets nothing, whoever calls, and stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ess_ray.actors.exporter import Exporter
from ess_ray.adapters.page.data import PageData
from ess_ray.adapters.postgres.completeness import open_completeness
from ess_ray.adapters.postgres.devices import register_devices
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.adapters.postgres.retention import drop_verified
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.adapters.stores.folder import Folder
from ess_ray.core.errors import DatabaseUnavailable, OtherDatabase
from ess_ray.core.exporting.objects import Catalogue
from ess_ray.core.running.configured import Configured
from ess_ray.core.samples import Event, EventKind
from ess_ray.jobs.collect import database as collect_database
from tests.conftest import QUICK
from tests.exports import DAY, DEVICE, day_object_of
from tests.flushes import STANDARD, counts, flush_of, keys_of
from tests.journals import wait_until
from tests.make import make_settings
from tests.opened import opened
from tests.pgproxy import PostgresProxy

FLUSH = flush_of(keys_of(range(10)))
EVENT = Event(DEVICE, DAY.start_us, EventKind.DEVICE_LOST)
CONFIGURED = Configured(DEVICE, "m", "h", 1.0, 0.0, {"pcs": ["power"]}, "UTC")
CONTENT = """
SELECT c.relname, pg_relation_size(c.oid), a.attname FROM pg_class c LEFT JOIN pg_attribute a ON attrelid = c.oid
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1, 3"""


class Address:
    """An address that leads to one of two servers, each with a database of the same name."""

    def __init__(self, proxy: PostgresProxy, servers: tuple[str, str], name: str) -> None:
        self._proxy = proxy
        self.databases = [make_conninfo(server, dbname=name) for server in servers]
        self.dsn = make_conninfo(self.databases[0], host="127.0.0.1", port=proxy.port)

    def lead_to(self, number: int) -> None:
        """To the database with this number; 2: to nobody."""
        self._proxy.upstream = _socket(self.databases[number]) if number < 2 else "/nowhere"
        self._proxy.cut()

    def content(self, number: int) -> list[tuple[object, ...]]:
        with psycopg.connect(self.databases[number]) as connection:
            return connection.execute(CONTENT.encode()).fetchall()


def _socket(dsn: str) -> str:
    return f"{conninfo_to_dict(dsn)['host']}/.s.PGSQL.5432"


@pytest.fixture(scope="module")
def second_server(servers_folder: Path) -> Iterator[str]:
    with EmbeddedPostgres(servers_folder / "second", settings=QUICK) as server:
        yield server.dsn


@pytest.fixture
def address(embedded_server: str, second_server: str, request: pytest.FixtureRequest) -> Iterator[Address]:
    name = f"address_{abs(hash(request.node.nodeid))}"
    for server in (embedded_server, second_server):
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
    with PostgresProxy(Path(_socket(embedded_server))).running() as proxy:
        yield Address(proxy, (embedded_server, second_server), name)
    for server in (embedded_server, second_server):
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.mark.parametrize("prepared", [True, False], ids=["ess_ray's", "empty"])
def test_samples_wait_while_another_database_answers(address: Address, prepared: bool) -> None:
    identity = prepare(address.dsn, STANDARD).identity
    other = prepare(address.databases[1], STANDARD).identity if prepared else "one that ess_ray has never used"
    before = address.content(1)
    with closing(FlushWriter(address.dsn, identity=identity)) as writer:
        writer.write(FLUSH)
        address.lead_to(1)
        with pytest.raises(DatabaseUnavailable):  # the connection is lost
            writer.write(FLUSH)
        for write in (lambda: writer.write(FLUSH), lambda: writer.write_events([EVENT])):
            with pytest.raises(OtherDatabase, match=f"expected the one with the identity {identity}, and .*{other}"):
                write()
        assert address.content(1) == before
        address.lead_to(0)
        assert not writer.write(flush_of(keys_of(range(10, 20)))).duplicates
    assert counts(address.databases[0]) == (20, 40, 20)


def test_a_connection_that_leads_elsewhere_stores_nothing(dsn: str) -> None:
    """A pooler leads each transaction where it wants."""
    with closing(FlushWriter(dsn, identity=prepare(dsn, STANDARD).identity)) as writer:
        writer.write(FLUSH)
        with psycopg.connect(dsn) as connection:
            connection.execute("UPDATE database_identity SET id = 'another'")
        with pytest.raises(OtherDatabase, match="the one with the identity another answered"):
            writer.write(flush_of(keys_of(range(10, 20))))
    assert counts(dsn) == (10, 20, 10)


CALLS: dict[str, Callable[[str, str, Path], object]] = {
    "prepare": lambda dsn, identity, _: prepare(dsn, STANDARD, identity=identity),
    "register": lambda dsn, identity, _: register_devices(dsn, [CONFIGURED], DAY.start_us, identity=identity),
    "due": lambda dsn, identity, _: _ledger(dsn, identity).due("jeju", "UTC", DAY.date),
    "export": lambda dsn, identity, folder: list(
        Exporter(dsn, _ledger(dsn, identity), Folder(folder)).export(day_object_of("pcs"))
    ),
    "drop": lambda dsn, identity, _: drop_verified(_ledger(dsn, identity), lambda _: None, DAY.end_us),
    "report": lambda dsn, identity, _: open_completeness(dsn, STANDARD, identity=identity).__enter__(),
    "page": lambda dsn, identity, _: PageData(dsn, STANDARD, 0, identity).events({}),
}


def _ledger(dsn: str, identity: str) -> Ledger:
    return Ledger(dsn, "folder", Catalogue(STANDARD), {}, identity)


@pytest.mark.parametrize("prepared", [True, False], ids=["ess_ray's", "empty"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_nothing_is_done_in_another_database(
    address: Address, tmp_path: Path, call: Callable[[str, str, Path], object], prepared: bool
) -> None:
    if prepared:
        prepare(address.databases[1], STANDARD)
    before = address.content(1)
    address.lead_to(1)
    with pytest.raises(OtherDatabase):
        call(address.dsn, "the right one", tmp_path)
    assert address.content(1) == before
    assert not list(tmp_path.rglob("*.csv*"))


def test_a_start_while_the_database_is_away_waits_for_that_one(
    address: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect_database, "RETRY_S", 0.05)
    words = (f"state_dir={tmp_path}", "storage=timescale", f"storage.dsn='{address.dsn}'", "site=sionyu")
    settings = replace(make_settings(*words, "storage.allow_simulated=true"), state_dir=tmp_path)
    first = opened(settings, address.dsn)
    address.lead_to(2)
    second = opened(settings, address.dsn)
    second.register_from(settings, DAY.start_us)
    second.wait_registered(10)
    address.lead_to(1)
    before = address.content(1)
    wait_until(lambda: "another database" in str(second.problem))
    assert (second.prepared, second.identity, address.content(1)) == (False, first.identity, before)
    address.lead_to(0)
    wait_until(lambda: second.prepared)
    with psycopg.connect(address.databases[0]) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM device").fetchone() == (True,)
