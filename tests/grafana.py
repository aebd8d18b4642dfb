"""Dashboards as a Grafana would take them: the files of deploy/grafana, and its macros and variables in SQL."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.own_columns import merged
from ess_ray.core.maps.standard import Standard, Table
from tests.make import shipped_standard

FOLDER = Path(__file__).parents[1] / "deploy" / "grafana"
NAMES = sorted(path.stem for path in (FOLDER / "dashboards").glob("*.json"))
CALL = re.compile(r"\$(__\w+)\(([^)]*)\)")
VARIABLE = re.compile(r"\$\{(\w+):sqlstring\}")


@dataclass(frozen=True)
class PanelQuery:
    """A query of a dashboard, and where it stands."""

    dashboard: str
    panel: Mapping[str, Any]
    target: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel['title']}"


def own_standard() -> Standard:
    """The shipped standard with columns of the user's own, of every kind, in a table of the standard and in another."""
    bank = [Column("glow", "float8", "V", "Glow"), Column("no_light_fault", "bool", "", "Fault: no light")]
    bank += [Column(f"lamp_{number}", "int4", "", f"Lamp {number % 3}") for number in range(9)]
    charger = [
        Column("load", "float8", "%", "Load"),
        Column("word", "text", "", "Word"),
        Column("few", "int2[]", "", ""),
    ]
    own = {("bank", ("bank_id",)): bank, ("charger", ("charger_id", "plug_id")): charger}
    parts = [
        {name: Table(name, identity, {column.name: replace(column, place="here") for column in columns})}
        for (name, identity), columns in own.items()
    ]
    return merged(shipped_standard(), parts)


def load(name: str) -> dict[str, Any]:
    """A dashboard's file."""
    tree: dict[str, Any] = json.loads((FOLDER / "dashboards" / f"{name}.json").read_text("utf-8"))
    return tree


def panels(dashboard: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All panels, those of closed rows too, and the rows' headings."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def queries(kind: str) -> list[PanelQuery]:
    """Every query of a kind of data source; marks in the curves count as a panel."""
    result = []
    for name in NAMES:
        tree = load(name)
        marks = ({"title": "marks", "targets": [mark["target"]]} for mark in tree["annotations"]["list"])
        for panel in (*panels(tree), *marks):
            targets = (target for target in panel.get("targets", ()) if kind in target["datasource"]["type"])
            result += [PanelQuery(name, panel, target) for target in targets]
    return result


def variables() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every variable, with its dashboard's name."""
    for name in NAMES:
        for variable in load(name)["templating"]["list"]:
            yield name, variable


def expand(
    text: str, start: datetime, end: datetime, interval_ms: int = 1000, variables: Mapping[str, Sequence[str]] = {}
) -> str:
    """SQL as Grafana's back end sends it. Raises KeyError for a macro or variable that is not known."""
    first, last = (f"'{moment.astimezone(UTC).isoformat()}'" for moment in (start, end))
    macros: dict[str, Callable[[str], str]] = {
        "__timeFilter": lambda column: f"{column} BETWEEN {first} AND {last}",
        "__timeFrom": lambda _: first,
        "__timeTo": lambda _: last,
    }
    text = VARIABLE.sub(lambda match: ",".join(map(_quoted, variables[match[1]])), text)
    text = CALL.sub(lambda match: macros[match[1]](match[2].strip()), text)
    text = text.replace("$__interval_ms", str(interval_ms))
    if "$" in text:
        raise KeyError(text[text.index("$") :][:40])
    return text


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
