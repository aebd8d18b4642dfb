"""The settings of a device as they stand in a site's file, ready to be pasted. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*|\d+\.\d+\.\d+\.\d+")  # a text that YAML takes for a text
WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def settings_block(name: str, configured: Mapping[str, object], changes: Mapping[str, object]) -> str:
    """The device `name` with what is configured and what is to be changed, the latter with a comment.

    Both hold only what differs from the defaults.
    """
    lines = ["devices:", f"  {name}:"]
    for key, value in {**configured, **changes}.items():
        was = f" # was {_yaml(configured[key])}" if key in configured else " # new"
        lines.append(f"    {key}: {_yaml(value)}" + (was if key in changes else ""))
    return "\n".join(lines) + "\n"


def _yaml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, str):
        return value if PLAIN.fullmatch(value) and value.lower() not in WORDS else json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value)
