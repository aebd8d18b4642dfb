"""What job=restore reads and enters: the fuller of two formats, no row without a key, no change that is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ess_ray.actors.exporter import Exporter
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.core.exporting.objects import DayObject, LedgerEntry
from ess_ray.core.exporting.outcome import ExportEnd
from ess_ray.core.exporting.restoring import RestoreEnd
from tests.contract.test_restore_cases import CSV, HOUR_US, PARQUET, Archive
from tests.exports import DAY, DEVICE
from tests.flushes import STANDARD, flush_of

pytestmark = pytest.mark.tables(STANDARD)


def test_the_fuller_of_two_formats_is_restored(dsn: str, other_dsn: str, tmp_path: Path) -> None:
    """The format was changed, and the day after that: the older object stayed behind."""
    archive = Archive(dsn, tmp_path, CSV)
    archive.register()
    archive.write(range(12))
    archive.export()
    archive.write(range(12, 24))
    Archive(dsn, tmp_path, PARQUET).export()
    assert Archive(other_dsn, tmp_path, CSV).restore().count.ticks_new == 24


class _Overtaken(Ledger):
    """A late sample is committed, and somebody tidies up, between the reading of a day and its entry."""

    def take_over(self, day_object: DayObject, entry: LedgerEntry) -> None:
        """As the ledger does, a moment later."""
        with closing(FlushWriter(self._dsn)) as writer:
            writer.write(flush_of([(DEVICE, DAY.start_us + 23 * HOUR_US)]))
        self.forget_late_commits()
        super().take_over(day_object, entry)


def test_a_sample_that_comes_while_objects_are_taken_over_is_exported(dsn: str, other_dsn: str, tmp_path: Path) -> None:
    archive = Archive(dsn, tmp_path)
    archive.register()
    archive.write(range(23))
    archive.export()
    new = Archive(other_dsn, tmp_path)
    ledger = _Overtaken(other_dsn, new.store.location, new.catalogue, {})
    new.exporter = Exporter(other_dsn, ledger, new.store)
    new.restore()
    assert new.export() == {ExportEnd.REPLACED, ExportEnd.UNCHANGED}
    assert new.file("bank").read_bytes().count(b"\r\n") == 49


def no_time(row: bytes) -> bytes:
    return row[row.index(b",") :]


def no_site(row: bytes) -> bytes:
    return row.replace(b",jeju,", b",,")


@pytest.mark.parametrize("row", [1, -3], ids=["first", "last"])
@pytest.mark.parametrize("damage", [no_time, no_site])
def test_a_row_without_a_key_is_refused_before_anything_is_inserted(
    dsn: str, tmp_path: Path, damage: Callable[[bytes], bytes], row: int
) -> None:
    archive = Archive(dsn, tmp_path)
    archive.register()
    archive.write(range(24))
    archive.export()
    rows = archive.file("sample").read_bytes().split(b"\r\n")
    rows[row] = damage(rows[row])
    archive.file("sample").write_bytes(b"\r\n".join(rows))
    for file in (archive.store.path / ".metadata").rglob("*.json"):
        file.unlink()
    for table in ("sample", "bank", "pcs"):
        archive.run(f"DELETE FROM {table}")
    outcome = archive.restore()
    assert (outcome.end, "a row has no " in outcome.problem) == (RestoreEnd.REFUSED, True)
    assert archive.value("SELECT count(*) FROM sample") == 0
