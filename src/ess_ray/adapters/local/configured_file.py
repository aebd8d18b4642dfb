"""The file beside a database's journals that keeps which configurations that database lacks."""

from __future__ import annotations

import json
from pathlib import Path

from ess_ray.adapters.local.private_file import write_private
from ess_ray.core.running.configured import ConfigurationRecord, record_of_tree

FILE = "configured.json"  # in the journals' folder (`adapters.journal.owner.journal_folder`)


def read_record(folder: Path) -> ConfigurationRecord:
    """The record in the folder; an empty one if there is none. Raises ValueError if the file is damaged, OSError."""
    try:
        return record_of_tree(json.loads((folder / FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return ConfigurationRecord()
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is no record of configurations: {error!r}") from error


def write_record(folder: Path, record: ConfigurationRecord) -> None:
    """Replace the record; once this has returned it is on disk. Makes the folder. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / FILE, json.dumps(record.to_tree()), sync=True)
