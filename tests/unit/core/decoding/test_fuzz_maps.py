"""Random maps, decoded by an oracle of its own; for more of them: `python -m tests.fuzz_maps 2000`."""

from __future__ import annotations

import pytest

from tests.fuzz_maps import play


@pytest.mark.parametrize("seed", range(0, 60, 20))
def test_every_cell_is_what_the_maps_words_say(seed: int) -> None:
    assert sum(play(each) for each in range(seed, seed + 20)) > 200
