"""Layouts that are refused for good: set aside, so that nobody else waits behind them. Used by `core.storing.conduct`.

Refused for good means: sending the same again cannot help before a person has changed something. A table or column is
missing or has another type, a right is missing, the standard no longer has what an old map names, a batch is damaged.
Of the decoder's refusals as of the database's only a try can say whether they are about one batch or all of its layout.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

MOST_IN_A_ROW = 3  # single batches of a layout that are refused one after the other: then all of it is set aside
TRIAL_EVERY_S = 60.0
MOST_REMEMBERED = 1_000  # refused batches of one layout
GROWTH = 8  # times as many samples in a shipment with each success

Batch = TypeVar("Batch")
Mark = tuple[int, int]  # of a batch: the poller and its number in that poller's journal


@dataclass(slots=True)
class Trial(Generic[Batch]):
    """The batch that is tried every TRIAL_EVERY_S. `refused`: it was, so another that comes takes its turn."""

    mark: Mark
    batch: Batch
    refused: bool
    in_flight: bool = False


@dataclass(slots=True)
class Refusals(Generic[Batch]):
    """The refusals of one layout, from the first one on.

        one by one ── MOST_IN_A_ROW refused, none stored between ──▶ set aside
        set aside ── the trial is stored ──▶ one by one
        one by one ── stored, again and again ──▶ over

    A batch that is refused alone is *handed back*: forgotten here, still in its journal. So is every batch of a layout
    that is set aside. Each TRIAL_EVERY_S one batch is tried. Once one is stored, the pollers in `handed_back` are to
    offer again what they have; batches that were refused themselves are handed back as they come then, and tried last.
    """

    most: int = 1  # samples in a shipment; 1: a single batch
    set_aside: bool = False
    in_a_row: int = 0
    trial: Trial[Batch] | None = None
    due_s: float = 0.0  # of the trial, on the clock of the caller
    remembered: dict[Mark, None] = field(default_factory=dict)  # refused alone, oldest first
    handed_back: set[int] = field(default_factory=set)  # pollers
    turn: int | None = None  # the poller that may give the next trial, each after the other; None: any

    @property
    def wants_trial(self) -> bool:
        """True if a batch that comes is to be the next trial."""
        return self.trial is None or (self.trial.refused and not self.trial.in_flight)

    def wants_trial_of(self, poller: int) -> bool:
        """True if the poller may give a batch to be the next trial: one of them, or all would."""
        return self.wants_trial and self.turn in (None, poller)

    def turns_away(self, mark: Mark, batch: Batch) -> bool:
        """True if a batch that a poller gave must not wait for its turn: it is handed back, and perhaps the trial."""
        if not self.set_aside and mark not in self.remembered:
            return False
        self.handed_back.add(mark[0])
        if self.wants_trial and (self.set_aside or self.trial is None):
            self.trial = Trial(mark, batch, refused=mark in self.remembered)
        return True

    def next_trial(self, now_s: float) -> Batch | None:
        """The batch to try now, if one is due; to be followed by `stored`, `refused` or `not_tried`."""
        if self.trial is None or self.trial.in_flight or now_s < self.due_s:
            return None
        self.trial.in_flight = True
        return self.trial.batch

    def not_tried(self, mark: Mark) -> bool:
        """True if the batch with this mark was the trial: it is due again, since nothing was found out about it."""
        if not self._is_trial(mark):
            return False
        assert self.trial is not None
        self.trial.in_flight = False
        return True

    def stored(self, mark: Mark, samples: int) -> bool:
        """A shipment is stored: of so many samples, its first batch has this mark.

        True if what was handed back may be offered again.
        """
        self.in_a_row, self.most = 0, GROWTH * max(self.most, samples)
        was_trial = self._is_trial(mark)
        if was_trial:
            self.trial = self.turn = None
            if mark in self.remembered:
                self.remembered.clear()
        opened = was_trial or self.set_aside
        if self.set_aside:
            self.set_aside, self.due_s = False, 0.0  # those refused before are perhaps accepted now: one is tried soon
        return opened

    def refused(self, mark: Mark, batch: Batch, now_s: float) -> bool:
        """A batch with this mark was refused alone. True if the layout is set aside from now on, and was not before."""
        self.in_a_row += mark not in self.remembered  # a batch that is refused again says nothing new of the others
        self.due_s = now_s + TRIAL_EVERY_S
        self.handed_back.add(mark[0])
        self.remembered[mark] = None
        if len(self.remembered) > MOST_REMEMBERED:
            del self.remembered[next(iter(self.remembered))]
        if self.wants_trial or self._is_trial(mark):
            self.trial = Trial(mark, batch, refused=True)
            self._pass_the_turn(mark[0])
        begins = not self.set_aside and self.in_a_row >= MOST_IN_A_ROW
        self.set_aside = self.set_aside or begins
        return begins

    def _pass_the_turn(self, poller: int) -> None:
        """The next poller's turn comes, whether that of the last one has given a batch or not; it was `poller`'s."""
        last, pollers = poller if self.turn is None else self.turn, sorted(self.handed_back)
        self.turn = next((each for each in pollers if each > last), pollers[0])

    def _is_trial(self, mark: Mark) -> bool:
        return self.trial is not None and self.trial.in_flight and self.trial.mark == mark
