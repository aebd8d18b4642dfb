"""Where refused rows go: the table `rejected`, or a file of JSON lines where even that cannot be written.

Called by `adapters.postgres.writer` within the transaction that stores the rest of the flush, so that the table has
each row once. The file may have a row twice, if the commit after it failed.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from ess_ray.adapters.local.notices import Troubles
from ess_ray.adapters.local.private_file import sync_folder
from ess_ray.adapters.postgres.connect import DatabaseConnection, is_transient, server_message, utc
from ess_ray.core.errors import DatabaseRefused
from ess_ray.core.running.logfields import about
from ess_ray.core.storing.rejects import Rejection

troubles = Troubles(__name__)

FILE = "rejected.jsonl"
INSERT = """
INSERT INTO rejected (time, site, device, table_name, row_data, sqlstate, reason, rejected_at)
SELECT r.*, now()
FROM unnest(%s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) AS r"""


def keep(connection: DatabaseConnection, rejections: Sequence[Rejection], folder: Path | None) -> None:
    """Write refused rows, one at least, to the table within the transaction that the connection is in.

    Where the table cannot be written for good, to `folder` / FILE instead, made if missing and on the disk once this
    returns; that is logged as an error. Raises psycopg's error if the table cannot be written now, or not at all and
    there is no folder; DatabaseRefused if the file cannot be written either.
    """
    rows = [
        (utc(r.key[1]), r.key[0].site, r.key[0].device, r.table, r.row_data, r.sqlstate, r.reason) for r in rejections
    ]
    try:
        with connection.transaction():
            connection.execute(INSERT, [list(column) for column in zip(*rows, strict=True)])
    except psycopg.Error as error:
        if is_transient(error) or folder is None:
            raise
        text = f"table rejected cannot be written, refused rows go to {folder / FILE} instead: {server_message(error)}"
        fields = about("rejected not written", table="rejected", count=len(rows), error=error)
        troubles.met("rejected", text, fields, logging.ERROR)
        _append(folder, rejections, server_message(error))


def _append(folder: Path, rejections: Sequence[Rejection], problem: str) -> None:
    now = datetime.now(UTC).isoformat()
    lines = []
    for r in rejections:
        (device, time_us), row = r.key, json.loads(r.row_data)
        record = {"time": utc(time_us).isoformat(), "site": device.site, "device": device.device}
        record |= {"table_name": r.table, "row_data": row, "sqlstate": r.sqlstate, "reason": r.reason}
        lines.append(json.dumps(record | {"rejected_at": now}, ensure_ascii=False) + "\n")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / FILE).open("a", encoding="utf-8") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(folder)
    except OSError as error:
        raise DatabaseRefused(
            f"{len(lines)} refused rows can be kept neither in table rejected ({problem}) "
            f"nor in {folder / FILE} ({error})"
        ) from error
