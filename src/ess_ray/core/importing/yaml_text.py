"""YAML of a map's small pieces: scalars and `{key: value}`, as people write them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

PLAIN = re.compile(r"-?[A-Za-z][A-Za-z0-9_]*(?:[ /().-]+[A-Za-z0-9_()]+)*")
RANGE = re.compile(r"\d+\.\.\d+")
NOT_TEXT = {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"}  # to one YAML or another


def scalar(value: object) -> str:
    """A text, a number, a truth value or None, so that every reader of YAML takes it for the same.

    Texts lose what Hydra would take for a reference (`${`).
    """
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, int | Decimal):
        return plain_number(value)
    text = str(value)
    if RANGE.fullmatch(text) or (PLAIN.fullmatch(text) and text.lower() not in NOT_TEXT):
        return text
    return json.dumps(text.replace("${", "$ {"), ensure_ascii=False)


def plain_number(number: int | Decimal) -> str:
    """Digits without an exponent: 0.00001, 1000000."""
    if isinstance(number, int):
        return str(number)
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def flow(value: object) -> str:
    """A mapping or a list on one line, with what is in it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def comment(text: str) -> str:
    """The text on one line, as it may stand behind `# `."""
    return re.sub(r"\s+", " ", "".join(letter if letter.isprintable() else " " for letter in text)).strip()
