"""Dashboards in Grafana's JSON form (dashboard schema 42); the modules beside this one say what they show.

A panel has a title, queries and a size; `dashboard` gives the numbers and positions. The grid is 24 columns wide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

SCHEMA = 42
WIDTH = 24
TAG = "ess_ray"
DATABASE: Json = {"type": "grafana-postgresql-datasource", "uid": "ess-ray-database"}
METRICS: Json = {"type": "prometheus", "uid": "ess-ray-metrics"}
# The standard's units as Grafana calls them; a unit that is not here is shown as a text behind the number.
UNITS = {"%": "percent", "V": "volt", "A": "amp", "kW": "kwatt", "kWh": "kwatth", "degC": "celsius", "Hz": "hertz"}
UNITS |= {"s": "s", "d": "d", "B/s": "Bps", "1/s": "cps", "rows/s": "rowsps", "1": "percentunit", "": "short"}
GREEN, YELLOW, RED = "green", "yellow", "red"
Steps = Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel. `queries`: at least one, of `sql` or `promql`, all of one source. `kind`: timeseries, stat or table.

    `width` and `height` are in units of the grid. `since`: a range of its own, as Grafana writes it: "5m", "now/d".
    """

    title: str
    queries: Sequence[Json]
    width: int
    height: int = 8
    kind: str = "timeseries"
    unit: str = ""  # the standard's
    text: str = ""  # for the (i) at the panel's title
    since: str = ""
    units: Mapping[str, str] = field(default_factory=dict)  # of columns or curves, where they differ; /…/: by pattern
    steps: Mapping[str, Steps] = field(default_factory=dict)  # from which value on which colour, by column; "": all
    links: Mapping[str, str] = field(default_factory=dict)  # of a table's columns: where a click on a value leads
    bars: bool = False
    texts: Mapping[int, tuple[str, str]] = field(default_factory=dict)  # text and colour instead of a number


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading. Panels of a closed row send no queries until somebody opens it."""

    title: str
    panels: Sequence[Panel]
    closed: bool = False


def sql(text: str, series: bool = False) -> Json:
    """A query of the database, of PostgreSQL's SQL: its result is a table, or with `series` (time, metric, value)."""
    form = "time_series" if series else "table"
    return {"datasource": DATABASE, "editorMode": "code", "format": form, "rawQuery": True, "rawSql": text.strip()}


def promql(text: str, legend: str, instant: bool = False) -> Json:
    """A query of Prometheus; `legend` takes labels: {{site}}. `instant`: only the newest value, else the range."""
    when = {"instant": True, "range": False} if instant else {"instant": False, "range": True}
    return {"datasource": METRICS, "editorMode": "code", "expr": text.strip(), "legendFormat": legend, **when}


def variable(name: str, label: str, query: str, *, several: bool, every: bool = False) -> Json:
    """A choice that the database offers: the one column of `query`, SQL; queries have it as ${name}.

    `several`: more than one can be chosen. `every`: all can be chosen at once, and are at first.
    """
    chosen: Json = {"selected": True, "text": ["All"], "value": ["$__all"]} if every else {}
    return {
        "type": "query", "name": name, "label": label, "datasource": DATABASE, "query": query, "definition": query,
        "refresh": 1, "sort": 0, "multi": several, "includeAll": every, "current": chosen, "options": [], "hide": 0,
    }  # fmt: skip


def dashboard(
    name: str, title: str, text: str, rows: Sequence[Row], *, variables: Sequence[Json] = (), events: str = "",
    since: str = "now-1h", refresh: str = "30s",
) -> Json:  # fmt: skip
    """A dashboard as a file holds it, with the uid `ess-ray-NAME`. `text`: its description.

    `variables`: made by `variable`. `events`: SQL for (time, timeend, text, tags) to draw into every curve; "": none.
    `since` and `refresh`: the time range's begin and the pause between two looks, as Grafana writes them.
    """
    return {
        "uid": f"ess-ray-{name}", "title": title, "description": text, "tags": [TAG], "schemaVersion": SCHEMA,
        "editable": True, "graphTooltip": 1, "timezone": "browser", "refresh": refresh,
        "time": {"from": since, "to": "now"}, "templating": {"list": list(variables)},
        "annotations": {"list": [_annotation(events)] if events else []},
        "links": [_link()], "panels": _placed(rows),
    }  # fmt: skip


def _annotation(events: str) -> Json:
    target = {**sql(events), "refId": "Events"}
    return {"name": "Events", "datasource": DATABASE, "enable": True, "iconColor": "orange", "target": target}


def _link() -> Json:
    return {
        "type": "dashboards", "title": "ess_ray", "tags": [TAG], "asDropdown": False, "keepTime": True,
        "includeVars": False, "targetBlank": False, "icon": "external link", "tooltip": "", "url": "",
    }  # fmt: skip


def _placed(rows: Sequence[Row]) -> list[Json]:
    """Panels flow from left to right, and below the lowest of a line when it is full."""
    placed: list[Json] = []
    number, top = 0, 0
    for row in rows:
        number, x, line = number + 1, 0, 0
        heading = {"type": "row", "id": number, "title": row.title, "collapsed": row.closed, "panels": []}
        placed.append(heading | {"gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": top}})
        into = placed[-1]["panels"] if row.closed else placed
        top += 1
        for panel in row.panels:
            if x + panel.width > WIDTH:
                top, x, line = top + line, 0, 0
            number += 1
            into.append(_panel(panel, number) | {"gridPos": {"h": panel.height, "w": panel.width, "x": x, "y": top}})
            x, line = x + panel.width, max(line, panel.height)
        top += line
    return placed


def _panel(panel: Panel, number: int) -> Json:
    look = {"timeseries": _curves, "stat": _numbers, "table": _table}[panel.kind](panel)
    source = panel.queries[0]["datasource"]
    queries = [{"refId": chr(ord("A") + number), **query} for number, query in enumerate(panel.queries)]
    own = {"timeFrom": panel.since, "hideTimeOverride": False} if panel.since else {}
    about = {"description": panel.text} if panel.text else {}
    return {"type": panel.kind, "id": number, "title": panel.title, **about, "datasource": source, "targets": queries,
            **own, **look}  # fmt: skip


def _field(panel: Panel, custom: Json) -> Json:
    shown: Json = {"unit": _unit(panel.unit), "thresholds": _thresholds(panel.steps.get("", ())), "custom": custom}
    if panel.texts:
        options = {str(value): {"text": text, "color": colour} for value, (text, colour) in panel.texts.items()}
        shown["mappings"] = [{"type": "value", "options": options}]
    names = [name for name in {**panel.units, **panel.steps, **panel.links} if name]
    return {"defaults": shown, "overrides": [_override(panel, name) for name in names]}


def _override(panel: Panel, name: str) -> Json:
    """The properties in which a column or curve differs from its panel."""
    properties: list[Json] = []
    if name in panel.units:
        properties.append({"id": "unit", "value": _unit(panel.units[name])})
    if name in panel.steps:
        properties.append({"id": "thresholds", "value": _thresholds(panel.steps[name])})
        if panel.kind == "table":
            properties.append({"id": "custom.cellOptions", "value": {"type": "color-text"}})
    if name in panel.links:
        properties.append({"id": "links", "value": [{"title": "Show", "url": panel.links[name]}]})
    how = "byRegexp" if name.startswith("/") else "byName"
    return {"matcher": {"id": how, "options": name}, "properties": properties}


def _thresholds(steps: Steps) -> Json:
    above = [{"color": colour, "value": value} for value, colour in steps]
    return {"mode": "absolute", "steps": [{"color": GREEN, "value": None}, *above]}


def _unit(unit: str) -> str:
    return UNITS.get(unit, f"suffix: {unit}")


def _curves(panel: Panel) -> Json:
    # Where a tick is missing the query gives NULL, and the line has a hole: nothing is drawn across it.
    custom: Json = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "spanNulls": False, "showPoints": "auto"}
    if panel.bars:
        custom = {"drawStyle": "bars", "fillOpacity": 80, "lineWidth": 0, "stacking": {"mode": "normal", "group": "A"}}
    legend = {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}
    return {
        "fieldConfig": _field(panel, custom),
        "options": {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}},
    }


def _numbers(panel: Panel) -> Json:
    series = any(query.get("format", "time_series") == "time_series" for query in panel.queries)
    # Of a table every column of its one row, of a series the newest value.
    reduce = {"calcs": ["lastNotNull"], "fields": "" if series else "/.*/", "values": False}
    return {
        "fieldConfig": _field(panel, {}),
        "options": {
            "reduceOptions": reduce, "colorMode": "value" if panel.steps or panel.texts else "none",
            "graphMode": "none", "textMode": "auto", "justifyMode": "auto", "orientation": "auto",
        },
    }  # fmt: skip


def _table(panel: Panel) -> Json:
    return {
        "fieldConfig": _field(panel, {"align": "auto", "filterable": True, "cellOptions": {"type": "auto"}}),
        "options": {"showHeader": True, "cellHeight": "sm"},
    }
