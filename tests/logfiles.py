"""The log files of a run as a program reads them: every line is a JSON object with the fields of the schema."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from ess_ray.core.running.logfields import FIELDS

TYPES: dict[str, type | tuple[type, ...]] = {"long": int, "double": (int, float)}
REQUIRED = {"@timestamp", "log.level", "message", "ecs.version", "ess.actor", "process.pid", "service.name"}


def log_lines(file: Path) -> list[dict[str, Any]]:
    """The lines of a log file as dicts with dotted names (`log.level`).

    Fails for a line that is not complete, or has a field that is not documented or of another type.
    """
    lines = [_flat(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]
    types = {field.name: field.type for field in FIELDS}
    for line in lines:
        assert REQUIRED <= line.keys() <= types.keys(), line
        for name, value in line.items():
            assert isinstance(value, TYPES.get(types[name], str)), (name, value)
            if types[name] == "date":
                datetime.fromisoformat(str(value))
    return lines


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in tree.items():
        fields |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return fields
