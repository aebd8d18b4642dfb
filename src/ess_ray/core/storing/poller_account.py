"""A poller in the conductor's account (`core.storing.conduct`)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class PollerAccount:
    """A poller as the conductor sees it."""

    generation: int = 0
    committed: list[int] = field(default_factory=list)  # numbers to acknowledge with the next pull
    waiting: int = 0  # samples and events not acknowledged, as of the last pull
    busy: bool = True  # polls are at work or ticks still to come
    watermark_us: int = 0  # every tick before is committed; 0: no pull has said so yet
    only_set_aside: bool = False  # what waits is of layouts that are set aside
    gone: bool = False  # nothing further is expected of it
    layouts: set[str] = field(default_factory=set)  # of the batches that it gave
