"""The history of devices grows together again, day by day, in any order."""

from __future__ import annotations

from itertools import pairwise, permutations

import pytest

from ess_ray.core.exporting.configurations import Configuration, join

ONE, TWO = ("map", 1.0), ("map", 10.0)


def rows(*spans: tuple[int, int | None, tuple[str, float]]) -> list[Configuration]:
    return [Configuration("d", start, end, values) for start, end, values in spans]


def joined(existing: list[Configuration], restored: list[Configuration]) -> list[Configuration]:
    """The rows of the table after it."""
    history = join(existing, restored)
    before = [row for row in existing if row not in [old for old, _ in history.longer]]
    after = [*before, *(row for _, row in history.longer), *history.added]
    return sorted(after, key=lambda row: row.start_us)


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_days_become_one_row_in_any_order(order: tuple[int, ...]) -> None:
    days = rows((0, 10, ONE), (10, 20, ONE), (20, 30, ONE))
    table: list[Configuration] = []
    for number in order:
        table = joined(table, [days[number]])
    assert (table[0].start_us, table[-1].end_us, {row.values for row in table}) == (0, 30, {ONE})
    assert all(before.end_us == after.start_us for before, after in pairwise(table))
    assert joined(table, days) == table


@pytest.mark.parametrize(
    ("existing", "restored", "after", "lacking"),
    [
        ([], [(0, 10, ONE)], [(0, 10, ONE)], 0),
        ([(10, None, ONE)], [(0, 10, ONE)], [(0, None, ONE)], 0),
        ([(10, None, TWO)], [(0, 10, ONE)], [(0, 10, ONE), (10, None, TWO)], 0),
        ([(5, None, ONE)], [(0, 10, ONE)], [(0, None, ONE)], 0),
        ([(5, None, TWO)], [(0, 10, ONE)], [(0, 5, ONE), (5, None, TWO)], 1),  # what the database says stays
        ([(3, 5, TWO)], [(0, 10, ONE)], [(0, 3, ONE), (3, 5, TWO), (5, 10, ONE)], 1),
        ([(0, 3, ONE), (5, 10, ONE)], [(0, 10, ONE)], [(0, 5, ONE), (5, 10, ONE)], 0),
        ([(0, 10, ONE)], [(0, 4, ONE), (4, 10, TWO)], [(0, 10, ONE)], 1),
        ([(0, 0, TWO)], [(0, 10, ONE)], [(0, 0, TWO), (0, 10, ONE)], 0),  # a row of no time says nothing
    ],
)
def test_only_times_of_which_the_database_says_nothing_are_entered(
    existing: list[tuple[int, int | None, tuple[str, float]]],
    restored: list[tuple[int, int | None, tuple[str, float]]],
    after: list[tuple[int, int | None, tuple[str, float]]],
    lacking: int,
) -> None:
    assert joined(rows(*existing), rows(*restored)) == sorted(rows(*after), key=lambda row: row.start_us)
    assert join(rows(*existing), rows(*restored)).lacking == lacking
