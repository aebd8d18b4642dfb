"""How well a map fits a device, as a number, and under any assumption: the sum of the evidence of its readings. Pure.

Readings of one column bear each other out: the mean of their evidence counts as often as the root of their number.
Columns of one quantity do so, too: the bank's state of charge is about that of its racks. A refused register counts
against the map, and so does one that another value of the map reads already.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from ess_ray.core.checking.expected import CONTRADICTS, FITS, ODD, evidence, fits
from ess_ray.core.checking.reading import Reading, peek
from ess_ray.core.checking.scopes import Scope, ScopeKind
from ess_ray.core.checking.survey import Key, Survey
from ess_ray.core.maps.registers import Value

Column = tuple[str, str]  # table, column
UNREAD = -6.0  # evidence of a value that cannot be read; of n of them, root of n times
MOST_ALIKE = 4.0  # weight of a column with very many readings
ALIKE_UNITS = ("%", "V", "Hz")  # of quantities that are about the same wherever they are measured
ALIKE_IN_TABLE = ("A", "kW")  # and only within a table, as of the three phases
# Words of a column's name that say where or how a quantity is measured, not which it is.
PLACES = frozenset(("bank", "rack", "pcs", "of", "max", "min", "average", "dc", "bms", "system", "total"))
NEAR, FAR = 0.05, 0.7  # powers of ten between columns of one quantity: factors of 1.12 and 5


class Weighing:
    """A map's values, their readings, and what speaks for and against them."""

    def __init__(self, values: Sequence[Value], survey: Survey) -> None:
        self.survey = survey
        self.values = list(values)
        self.readings = [peek(value, survey.registers) for value in values]
        self._alike = _alike_columns(values)
        self._medians = _medians(self.readings)
        self._known: dict[int, float] = {}
        self._remember()
        self._sizes = Counter(_column(reading) for reading in self.readings)

    def doubtful(self, scope: Scope) -> bool:
        """True if anything in the scope speaks against the map as it is."""
        return self._is_doubtful([self.readings[index] for index in scope.indices], self._medians)

    def score(self) -> float:
        """How much speaks for the whole map as it is."""
        return self._total(self.readings, frozenset()) + self._likeness(self._sizes, self._medians)

    def gain(self, scope: Scope, changed: Mapping[int, Value]) -> float:
        """How much better the map fits with the `changed` values, by index; not at all if less of them fit."""
        before = [self.readings[index] for index in changed]
        after = [peek(value, self.survey.registers) for value in changed.values()]
        if sum(map(fits, after)) < sum(map(fits, before)):
            return -math.inf
        taken = frozenset() if scope.kind is ScopeKind.WHOLE else self._taken_by_others(changed)
        own = {_column(reading) for reading in before}
        medians = {**self._medians, **dict.fromkeys(own, 0.0), **_medians(after)}
        concerned = own.union(*(self._alike.get(column, ()) for column in own))
        likeness = self._likeness(concerned, medians) - self._likeness(concerned, self._medians)
        return self._total(after, taken) - self._total(before, frozenset()) + likeness

    def explains_all(self, changed: Mapping[int, Value]) -> bool:
        """True if nothing would speak against the map any more with the `changed` values, and no less for it."""
        values = [changed.get(index, value) for index, value in enumerate(self.values)]
        readings = [peek(value, self.survey.registers) for value in values]
        return not self._is_doubtful(readings, _medians(readings)) and self._fit(readings) >= self._fit(self.readings)

    def read_again(self) -> None:
        """More registers are known than before."""
        self.apply(dict(enumerate(self.values)))

    def apply(self, changed: Mapping[int, Value]) -> None:
        """Go on with the changed values."""
        for index, value in changed.items():
            self.values[index], self.readings[index] = value, peek(value, self.survey.registers)
        self._medians = _medians(self.readings)
        self._remember()

    def _remember(self) -> None:
        """Reckon the evidence of the map as it is once: it is compared with that of every assumption."""
        self._known = {id(reading): self._reckoned(reading, frozenset()) for reading in self.readings}

    def _total(self, readings: Sequence[Reading], taken: frozenset[Key]) -> float:
        columns: dict[Column, list[float]] = {}
        for reading in readings:
            columns.setdefault(_column(reading), []).append(self._evidence(reading, taken))
        read = sum(_weight(len(each)) * sum(each) / len(each) for each in columns.values())
        return read + UNREAD * math.sqrt(sum(not reading.read for reading in readings))

    def _likeness(self, columns: Iterable[Column], medians: Mapping[Column, float]) -> float:
        return sum(_weight(self._sizes[column]) * self._alikeness(column, medians) for column in columns)

    def _evidence(self, reading: Reading, taken: frozenset[Key]) -> float:
        if not taken and (known := self._known.get(id(reading))) is not None:
            return known
        return self._reckoned(reading, taken)

    def _reckoned(self, reading: Reading, taken: frozenset[Key]) -> float:
        if taken and any((reading.value.function, address) in taken for address in reading.value.addresses):
            return CONTRADICTS
        return evidence(reading) if reading.read else 0.0

    def _taken_by_others(self, changed: Mapping[int, Value]) -> frozenset[Key]:
        """Registers of values that do not change; empty if those that do stay where they are."""
        if all(value.address == self.values[index].address for index, value in changed.items()):
            return frozenset()
        others = (value for index, value in enumerate(self.values) if index not in changed and value.bits is None)
        return frozenset((value.function, address) for value in others for address in value.addresses)

    def _fit(self, readings: Iterable[Reading]) -> int:
        return sum(self._evidence(reading, frozenset()) > 0 for reading in readings)

    def _is_doubtful(self, readings: Sequence[Reading], medians: Mapping[Column, float]) -> bool:
        if any(not reading.read or self._evidence(reading, frozenset()) <= CONTRADICTS for reading in readings):
            return True
        return any(self._alikeness(column, medians) < 0 for column in {_column(reading) for reading in readings})

    def _alikeness(self, column: Column, medians: Mapping[Column, float]) -> float:
        """Evidence of the columns of the same quantity: those of other tables, the nearest one, or else of its own."""
        own = medians.get(column)
        tables: dict[str, list[float]] = {}
        for other in self._alike.get(column, ()):
            if number := medians.get(other):
                tables.setdefault(other[0], []).append(number)
        if not own or not tables:
            return 0.0
        elsewhere = [median(numbers) for table, numbers in tables.items() if table != column[0]]
        apart = min(abs(math.log10(own / number)) for number in elsewhere or [median(tables[column[0]])])
        return FITS if apart < NEAR else 3 * ODD if apart > FAR else 0.0


def _weight(readings: int) -> float:
    return min(math.sqrt(readings), MOST_ALIKE)


def keys_of(value: Value) -> list[Key]:
    """The registers, or the bit, of a value, and those beside it."""
    return value.keys


def _column(reading: Reading) -> Column:
    return reading.value.table, reading.value.column


def _medians(readings: Iterable[Reading]) -> dict[Column, float]:
    """The median size of each column's numbers, those that are 0 left out."""
    sizes: dict[Column, list[float]] = {}
    for reading in readings:
        number = reading.number
        if isinstance(number, (int, float)) and not isinstance(number, bool) and number and math.isfinite(number):
            sizes.setdefault(_column(reading), []).append(abs(number))
    return {column: median(numbers) for column, numbers in sizes.items()}


def _alike_columns(values: Iterable[Value]) -> dict[Column, list[Column]]:
    """For each column the others of the same quantity."""
    groups: dict[object, dict[Column, None]] = {}
    for value in values:
        if quantity := _quantity(value):
            groups.setdefault(quantity, {})[value.table, value.column] = None
    return {column: [other for other in group if other != column] for group in groups.values() for column in group}


def _quantity(value: Value) -> object | None:
    """What a column measures, by its unit and the words of its name; None if columns like it differ by themselves."""
    if value.unit not in (*ALIKE_UNITS, *ALIKE_IN_TABLE) or "gap" in value.column:
        return None
    phases = re.sub(r"(^|_)(l\d|v[abc]{1,2}|i[abc]s?|rms)(?=_|$)", "_ac", value.column)
    words = {re.sub(r"\d", "", word).replace("voltage", "volt") for word in phases.split("_")} - PLACES
    table = value.table if value.unit in ALIKE_IN_TABLE else ""
    return value.unit, table, frozenset(word for word in words if len(word) > 1)
