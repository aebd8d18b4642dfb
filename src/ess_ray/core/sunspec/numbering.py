"""Which inverter, meter or battery of a device a model of its chain belongs to."""

from __future__ import annotations

from collections import Counter


class Numbers:
    """Counts what the device has: the common model begins another part of it, and with that the next of each kind.

    Within a part the next begins with a model of a number that was there before.
    """

    def __init__(self) -> None:
        self._last: Counter[str] = Counter()
        self._current: dict[str, tuple[int, int, set[int | None]]] = {}  # part, number, models in it
        self._counted: Counter[tuple[int, str]] = Counter()

    def of(self, identity: str, part: int, model: int | None) -> int:
        """The number of what a model in a part of the device belongs to; `identity`: the column that counts it.

        None: a model of which many belong to one.
        """
        of_part, number, models = self._current.get(identity, (-1, 0, set()))
        if of_part != part or (model is not None and model in models):
            number = self._last[identity] = self._last[identity] + 1
            models = set()
        self._current[identity] = part, number, {*models, model}
        return number

    def each(self, identity: str, part: int) -> int:
        """The next number of what is counted by models within a part."""
        self._counted[part, identity] += 1
        return self._counted[part, identity]

    def taken_up_to(self, identity: str, number: int) -> None:
        """Rows up to this number are in use."""
        self._last[identity] = max(self._last[identity], number)
