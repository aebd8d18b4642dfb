"""Notices: the one way that repeated troubles and device events take, to the log and to whoever listens.

A module that may meet the same trouble again and again has a `Troubles(__name__)` and reports to it; so few notices are
made of many reports (`core.running.fold`). Every notice is written to the log of its process and given to all listeners
of that process: an alert by mail or messenger is a function given to `listen`. Called in the process of the main job
(`jobs/collect/run.py`) it hears of devices, samples, database, export and processes that died; called at the end of
`logs.log_to`, with which every process begins, it hears of the troubles of pollers, writer and watcher too.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ess_ray.core.errors import printable
from ess_ray.core.running.fold import Folds, Repeats
from ess_ray.core.running.logfields import lasting

CHECK_ENDED_S = 10.0  # how often troubles are looked for that have stayed away

log = logging.getLogger(__name__)


class Stage(StrEnum):
    """Where a notice stands in the life of its trouble: BEGUN, then any number of LASTS and OVER, OVER at last."""

    BEGUN = "begun"
    LASTS = "lasts"  # still there, or there again within `fold.CALM_S`
    OVER = "over"
    EVENT = "event"  # no trouble that lasts: something happened


@dataclass(frozen=True, slots=True)
class Notice:
    """A line of the log that a person may have to be told of."""

    stage: Stage
    text: str  # a sentence, with how often and for how long; printable, whoever has written parts of it
    level: int  # of `logging`
    fields: Mapping[str, object]  # as `core.running.logfields` makes them: "event.action", "ess.site", "ess.device" …
    module: str  # that reported it

    @property
    def action(self) -> str:
        """The event in one or two words: `device lost`, `write failed`; empty if the fields name none."""
        return str(self.fields.get("event.action", ""))


Listener = Callable[[Notice], None]
_listeners: tuple[Listener, ...] = ()


def listen(listener: Listener) -> Callable[[], None]:
    """Give every notice of this process to `listener` from now on, whatever the log's level; the result ends that.

    The listener is called in the thread that met the trouble, which may be one that polls: it has to return at once. An
    exception in it is logged, and is no trouble of the one who reported.
    """
    global _listeners  # noqa: PLW0603  # one registry for the process, as of `logging`
    _listeners = (*_listeners, listener)

    def end() -> None:
        global _listeners  # noqa: PLW0603
        _listeners = tuple(other for other in _listeners if other is not listener)

    return end


class Troubles:
    """Troubles and events that one module reports, by whatever key names them; `fields` are those of `logfields.about`.

    `module`: the name of the logger. To be used by one thread at a time.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._folds = Folds()
        self._ends: dict[Hashable, tuple[str, Mapping[str, object]]] = {}  # the notice of an end that made none
        self._check_ended_s = 0.0

    def met(
        self,
        key: Hashable,
        text: str,
        fields: Mapping[str, object],
        level: int = logging.WARNING,
        *,
        trace: bool = False,
    ) -> None:
        """Report that the trouble `key` is there; makes a notice the first time, then ever more seldom.

        `text`: a sentence for a person; `level`: of `logging`; `trace`: log it with the traceback of the exception that
        is being handled.
        """
        self.report_ended()
        if repeats := self._folds.met(key, time.monotonic()):
            stage = Stage.BEGUN if repeats.times == 1 else Stage.LASTS
            self._send(stage, text, repeats, fields, level, trace)

    def over(self, key: Hashable, text: str, fields: Mapping[str, object]) -> None:
        """Report that the trouble `key` is not there, in the sentence `text`; may be called after each success.

        Makes a notice (level INFO) only if it was there; one that comes and goes gets it later, by `report_ended`.
        """
        if repeats := self._folds.over(key, time.monotonic()):
            self._send(Stage.OVER, text, repeats, fields)
        if self._folds.remembers(key):
            self._ends[key] = text, fields

    def happened(self, key: Hashable, text: str, fields: Mapping[str, object], level: int = logging.WARNING) -> None:
        """Report an event that does not last; the same `key` again and again makes as few notices as a trouble."""
        self.report_ended()
        if repeats := self._folds.met(key, time.monotonic()):
            self._send(Stage.EVENT, text, repeats, fields, level)

    def report_ended(self) -> None:
        """Make the notices of troubles that came and went and have stayed away; cheap, to be called now and then."""
        now_s = time.monotonic()
        if now_s < self._check_ended_s:
            return
        self._check_ended_s = now_s + CHECK_ENDED_S
        for key, repeats in self._folds.ended(now_s):
            text, fields = self._ends[key]
            self._send(Stage.OVER, text, repeats, fields)
        self._ends = {key: end for key, end in self._ends.items() if self._folds.remembers(key)}

    def _send(
        self,
        stage: Stage,
        text: str,
        repeats: Repeats,
        fields: Mapping[str, object],
        level: int = logging.INFO,
        trace: bool = False,
    ) -> None:
        notice = Notice(stage, printable(f"{text}{repeats}"), level, {**fields, **lasting(repeats)}, self._module)
        extra = dict(notice.fields)
        logging.getLogger(self._module).log(level, "%s", notice.text, extra=extra, exc_info=trace, stacklevel=3)
        for listener in _listeners:
            try:
                listener(notice)
            except Exception:  # the reporter's own work goes on
                log.exception("a listener could not take the notice %r", notice.text)
