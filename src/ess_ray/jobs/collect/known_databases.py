"""The databases that were ever prepared from this state folder: `databases.json`, which a start without them reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from ess_ray.adapters.local.notices import Troubles
from ess_ray.adapters.postgres.connect import location
from ess_ray.core.running.logfields import about

troubles = Troubles(__name__)  # of one thread: that which prepares

# {hash of the host, port and database name: {"identity": …, "name": …, "sites": [registered by the last run]}}
Known = dict[str, dict[str, Any]]


class KnownDatabases:
    """The file, and the database at `dsn` in it, found by host, port and name, without secrets.

    `identity`, `name`: of the database that was prepared there before, as it was at the start; None: none was.
    `in_doubt`: another one has answered there since.
    """

    def __init__(self, state_dir: Path, dsn: str) -> None:
        self._file = state_dir / "databases.json"
        self._key = hashlib.sha256(location(dsn).encode()).hexdigest()[:16]
        before = self._read().get(self._key)
        self.identity: str | None = before["identity"] if before else None
        self.name: str | None = before["name"] if before else None
        self.in_doubt = bool(before and before.get("other"))

    def sites(self, identity: str) -> set[str]:
        """The sites that runs of this state folder have registered in the database with this identity."""
        known = [each for each in self._read().values() if each["identity"] == identity]
        return {site for each in known for site in each.get("sites", ())}

    def remember(self, identity: str, name: str, sites: Collection[str]) -> None:
        """Keep that this database is at `dsn`.

        A disk that refuses is logged: only a start while the database is away needs it.
        """
        self._write({"identity": identity, "name": name, "sites": sorted(sites)})

    def doubt(self) -> None:
        """Another database answers at `dsn`: the next start is to wait for the answer."""
        if not self.in_doubt and self.identity is not None:
            self.in_doubt = True
            self._write(self._read().get(self._key, {}) | {"other": True})

    def _write(self, entry: Mapping[str, Any]) -> None:
        known = self._read() | {self._key: dict(entry)}
        new_file = self._file.with_suffix(".new")
        try:
            new_file.write_text(json.dumps(known, indent=2), encoding="utf-8")
            new_file.replace(self._file)
        except OSError as error:
            text = f"{self._file} is not written: a start while the database is away would fail: {error}"
            troubles.met("remember", text, about("database not remembered", error=error))

    def _read(self) -> Known:
        try:
            known: Known = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known
