"""No export destroys values: an object stays if it has them in a column that its replacement would not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from ess_ray.adapters.postgres.devices import register_devices
from ess_ray.core.exporting.formats import ObjectFormat
from ess_ray.core.exporting.outcome import ExportEnd
from ess_ray.core.exporting.restoring import RestoreEnd
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.core.running.configured import Configured
from tests.contract.test_restore_cases import CSV, EVERY_FORMAT, PARQUET, Archive
from tests.exports import DEVICE, SEOUL
from tests.flushes import STANDARD

pytestmark = pytest.mark.tables(STANDARD)

BANK = STANDARD.tables["bank"]
WITHOUT_SOC = {name: column for name, column in BANK.columns.items() if name != "soc"}
SMALLER = Standard({**STANDARD.tables, "bank": Table("bank", BANK.identity, WITHOUT_SOC)})


@pytest.mark.parametrize("object_format", EVERY_FORMAT, ids=lambda each: each.suffix)
def test_an_object_keeps_the_columns_that_the_standard_lost(
    dsn: str, tmp_path: Path, object_format: ObjectFormat
) -> None:
    archive = Archive(dsn, tmp_path, object_format)
    archive.register()
    archive.write(range(24))
    archive.export()
    before = archive.file("bank").read_bytes()
    later = Archive(dsn, tmp_path, object_format, SMALLER)
    assert later.export() == {ExportEnd.HELD, ExportEnd.UNCHANGED}
    assert archive.file("bank").read_bytes() == before
    assert archive.export() == {ExportEnd.UNCHANGED}
    archive.run("UPDATE bank SET soc = NULL")
    archive.run("UPDATE export_object SET mark = ''")
    assert archive.export() == {ExportEnd.ENTERED, ExportEnd.REPLACED}
    assert later.export() == {ExportEnd.REPLACED, ExportEnd.UNCHANGED}  # nothing was in that column


def test_a_restored_object_keeps_the_columns_that_the_database_does_not_know_of(
    dsn: str, other_dsn: str, tmp_path: Path
) -> None:
    """A backup from before a map got more columns: the table device says that the old map held on that day."""
    archive = Archive(dsn, tmp_path)
    archive.register()
    archive.write(range(24))
    archive.export()
    before = archive.file("bank").read_bytes()
    new = Archive(other_dsn, tmp_path)
    old_map = Configured(DEVICE, "m", "older", 3600.0, 0.0, {"bank": ["soc"], "pcs": ["power"]}, SEOUL)
    register_devices(other_dsn, [old_map], 0)
    assert new.restore().end is RestoreEnd.INCOMPLETE  # the database keeps what it says of the device
    assert ExportEnd.HELD in new.export()
    assert archive.file("bank").read_bytes() == before


@pytest.mark.parametrize("object_format", [CSV, PARQUET], ids=lambda each: each.suffix)
def test_a_day_with_a_long_text_is_exported_again(dsn: str, tmp_path: Path, object_format: ObjectFormat) -> None:
    archive = Archive(dsn, tmp_path, object_format)
    archive.register()
    archive.write(range(23))
    archive.run("UPDATE bank SET label = repeat('x', 200000)")
    archive.export()
    archive.write(range(23, 24))
    assert archive.export() == {ExportEnd.REPLACED, ExportEnd.UNCHANGED}
