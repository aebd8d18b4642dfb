"""All journals on a disk keep one bound together, however many there are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ess_ray.core.storing.shares import journal_shares


@given(st.integers(1, 1 << 40), st.lists(st.integers(0, 1 << 40), min_size=1, max_size=200))
def test_shares_are_never_more_than_the_bound_and_what_fits_is_kept(capacity: int, used: list[int]) -> None:
    shares = journal_shares(capacity, used)
    assert sum(shares) <= capacity
    assert min(shares) >= 0
    if sum(used) <= capacity * 15 // 16 - len(used):
        assert all(share >= size for share, size in zip(shares, used, strict=True))
    level = capacity // len(used)
    assert all(share >= min(size, level) for share, size in zip(shares, used, strict=True))


def test_a_reload_that_adds_49_pollers_adds_no_room() -> None:
    for used in ([0] * 50, [4096] + 49 * [0], 50 * [1000]):
        assert sum(journal_shares(4096, used)) <= 4096
    assert journal_shares(4096, [3000] + 49 * [0])[0] > 3000  # the reload alone costs no value
