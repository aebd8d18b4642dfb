"""The fields of a log record: those of the Elastic Common Schema by its names, others below `ess.`.

`FIELDS` lists them all, as docs/logs.md and deploy/elastic/index-template.json do; `about` makes those of one
event, to be given to a logger as `extra`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from ess_ray.core.errors import printable
from ess_ray.core.running.fold import Repeats
from ess_ray.core.samples import Device


@dataclass(frozen=True, slots=True)
class LogField:
    """A field, its type in Elasticsearch, and its meaning."""

    name: str
    type: str
    meaning: str


FIELDS = tuple(
    LogField(*row)
    for row in (
        ("@timestamp", "date", "When it was written, UTC"),
        ("log.level", "keyword", "debug, info, warning, error"),
        ("message", "match_only_text", "The event in words, as a person reads it"),
        (
            "ess.actor",
            "keyword",
            "Who writes: driver, export, restore, journals, poller:SITE/DEVICE, normaliser:0, writer, watcher",
        ),
        ("ess.site", "keyword", "The plant"),
        ("ess.device", "keyword", "The device within the plant"),
        ("ess.table", "keyword", "The table"),
        ("ess.tick", "date", "The tick of the sample, UTC"),
        ("ess.status", "keyword", "What became of the sample, as in the table `sample`"),
        ("ess.reason", "keyword", "Why, as in the table `sample`: timeout, refused, exception 2, backoff, rejected …"),
        ("ess.count", "long", "How many samples, rows or objects it is about"),
        ("ess.times", "long", "Of a repeated trouble: how often it was met since its first line"),
        ("ess.lasted_s", "double", "Of a repeated trouble: for how long"),
        ("event.action", "keyword", "What happened, in one or two words: device lost, sample failed, write failed …"),
        ("event.dataset", "keyword", "Always ess_ray"),
        ("error.type", "keyword", "The error's class, see `core/errors.py`"),
        ("error.message", "match_only_text", "The error in words"),
        ("error.stack_trace", "wildcard", "Where it happened: of errors of the program only"),
        ("log.logger", "keyword", "The module"),
        ("log.origin.file.name", "keyword", "The source file"),
        ("log.origin.file.line", "long", "And its line"),
        ("log.origin.function", "keyword", "And the function"),
        ("process.pid", "long", "The process"),
        ("process.thread.name", "keyword", "And its thread"),
        ("service.name", "keyword", "Always ess_ray"),
        ("service.version", "keyword", "The version of ess_ray"),
        ("host.name", "keyword", "The machine"),
        ("ecs.version", "keyword", "Of the schema"),
    )
)


def about(
    action: str = "",
    *,
    device: Device | None = None,
    site: str | None = None,
    table: str | None = None,
    tick_us: int | None = None,
    status: str | None = None,
    reason: str | None = None,
    count: int | None = None,
    error: BaseException | None = None,
) -> dict[str, object]:
    """The fields of one event by name, see FIELDS; those not given are absent. `tick_us`: microseconds since 1970 UTC.

    `action` is `event.action`; `site` is for events without a `device`, which has its own. Give no `error` if the
    record is logged with a traceback: the formatter makes the same fields of it.
    """
    fields: dict[str, object | None] = {
        "event.action": action or None,
        "ess.site": device.site if device else site,
        "ess.device": device.device if device else None,
        "ess.table": table,
        "ess.tick": None if tick_us is None else datetime.fromtimestamp(tick_us / 1e6, UTC).isoformat(),
        "ess.status": status,
        "ess.reason": reason,
        "ess.count": count,
        "error.type": type(error).__name__ if error else None,
        "error.message": printable(str(error)) or None if error else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def lasting(repeats: Repeats) -> dict[str, object]:
    """The fields `ess.times` and `ess.lasted_s` of a trouble that repeats itself, beside those of `about`."""
    return {"ess.times": repeats.times, "ess.lasted_s": round(repeats.lasted_s, 3)}
