"""The fields of a log record: those of the Elastic Common Schema by its names, our own below `ess.`.

`FIELDS` is what `docs/operating.md` lists and `deploy/elastic/index-template.json` types; `about` fills those that an
event has to say, to be given to a logger as `extra`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from ess_ray.core.running.fold import Repeats
from ess_ray.core.samples import Device


@dataclass(frozen=True, slots=True)
class Field:
    """A field, its type in Elasticsearch, and what it means."""

    name: str
    type: str
    meaning: str


FIELDS = (
    Field("@timestamp", "date", "When it was written, UTC"),
    Field("log.level", "keyword", "debug, info, warning, error"),
    Field("message", "match_only_text", "The event in words, as a person reads it"),
    Field("ess.actor", "keyword", "Who writes: driver, export, poller:SITE/DEVICE, normaliser:0, writer, watcher"),
    Field("ess.site", "keyword", "The plant"),
    Field("ess.device", "keyword", "The device within the plant"),
    Field("ess.table", "keyword", "The table"),
    Field("ess.tick", "date", "The tick of the sample, UTC"),
    Field("ess.status", "keyword", "What became of the sample, as in the table `sample`"),
    Field("ess.reason", "keyword", "Why, as in the table `sample`: timeout, refused, exception 2, backoff, rejected …"),
    Field("ess.count", "long", "How many samples, rows or objects it is about"),
    Field("ess.times", "long", "Of a repeated trouble: how often it was met since its first line"),
    Field("ess.lasted_s", "double", "Of a repeated trouble: for how long"),
    Field("event.action", "keyword", "What happened, in one or two words: device lost, sample failed, write failed …"),
    Field("event.dataset", "keyword", "Always ess_ray"),
    Field("error.type", "keyword", "The error's class, see `core/errors.py`"),
    Field("error.message", "match_only_text", "The error in words"),
    Field("error.stack_trace", "wildcard", "Where it happened: of errors of the program only"),
    Field("log.logger", "keyword", "The module"),
    Field("log.origin.file.name", "keyword", "The source file"),
    Field("log.origin.file.line", "long", "And its line"),
    Field("log.origin.function", "keyword", "And the function"),
    Field("process.pid", "long", "The process"),
    Field("process.thread.name", "keyword", "And its thread"),
    Field("service.name", "keyword", "Always ess_ray"),
    Field("service.version", "keyword", "The version of ess_ray"),
    Field("host.name", "keyword", "The machine"),
    Field("ecs.version", "keyword", "Of the schema"),
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
    """The fields that an event has. Of an error that is logged with its traceback give none here: it says so itself."""
    known: dict[str, object | None] = {
        "event.action": action or None,
        "ess.site": device.site if device else site,
        "ess.device": device.device if device else None,
        "ess.table": table,
        "ess.tick": None if tick_us is None else datetime.fromtimestamp(tick_us / 1e6, UTC).isoformat(),
        "ess.status": status,
        "ess.reason": reason,
        "ess.count": count,
        "error.type": type(error).__name__ if error else None,
        "error.message": str(error) or None if error else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def lasting(repeats: Repeats) -> dict[str, object]:
    """The fields of a trouble that repeats itself."""
    return {"ess.times": repeats.times, "ess.lasted_s": round(repeats.lasted_s, 3)}
