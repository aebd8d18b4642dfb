"""Numbers as people may have meant them."""

from __future__ import annotations

import pytest

from ess_ray.core.checking.interpretations import scaled


@pytest.mark.parametrize(
    ("number", "power", "text"), [(-5, 2, "-0.05"), (1234, 1, "123.4"), (1234, 0, "1234"), (-7, 0, "-7")]
)
def test_a_scaled_number_has_all_its_digits(number: int, power: int, text: str) -> None:
    assert scaled(number, power) == text
