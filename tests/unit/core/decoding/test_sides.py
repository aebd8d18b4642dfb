"""Values with registers beside them: the number that a person would write, or none, whatever those registers say."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from ess_ray.core.decoding.normalise import MISSING, OUT_OF_RANGE
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.plan import make_plan
from tests.few_values import decoded, made, one


@pytest.mark.parametrize(("raw", "scale", "offset"), [(6553, "1", "0"), (-32768, "0.1", "-40"), (1, "0.03", "0")])
def test_an_exponent_gives_the_decimal_that_is_meant_and_beyond_ten_no_number(
    raw: int, scale: str, offset: str
) -> None:
    exponents = [*range(-12, 13), 300, -300, 32767, -32767]
    plant = made(f"x: {{exponent: 1, scale: {scale}, offset: {offset}}}")
    rows = decoded(plant, *({0: raw, 1: exponent} for exponent in exponents))
    for exponent, row in zip(exponents, rows, strict=True):
        with localcontext(prec=80):
            meant = float(Decimal(raw) * Decimal(scale) * Decimal(10) ** exponent + Decimal(offset))
        assert (row["x"], row["quality"]) == ((meant, 0) if abs(exponent) <= 10 else (None, OUT_OF_RANGE))


def test_an_exponent_that_is_not_implemented_is_no_value() -> None:
    assert one("x: {exponent: 1}", {0: 5, 1: 0x8000}) == (None, False)
    assert one("x: {exponent: {at: 1, sentinel: 7}}", {0: 5, 1: 7}) == (None, False)


@pytest.mark.parametrize("scale", ["1", "0.1", "0.001"])
def test_factors_and_divisors_are_rounded_once(scale: str) -> None:
    polls = [(raw, beside) for raw in (0, 1, 7, 40_001, 65_535) for beside in (1, 3, 7, 120, 65_535)]
    run = f"at: 0, type: uint16, scale: {scale}"
    plant = made("x: {factor: 3}, y: {divisor: 3}, z: {factor: 3, divisor: {at: 4}}", run)
    rows = decoded(plant, *({0: raw, 1: raw, 2: raw, 3: beside, 4: 3} for raw, beside in polls))
    for (raw, beside), row in zip(polls, rows, strict=True):
        scaled = Fraction(raw) * Fraction(scale)
        meant = [float(scaled * beside), float(scaled / beside), float(scaled * beside / 3)]
        assert [row["x"], row["y"], row["z"]] == meant


@pytest.mark.parametrize(
    ("columns", "registers", "expected"),
    [
        ("x: {divisor: 1}", {0: 5, 1: 0}, (None, True)),  # nothing can be divided by it
        ("x: {factor: 1}", {0: 5, 1: 0}, (0.0, False)),
        ("x: {factor: 1, min: -1, max: 1}", {0: 5, 1: 0}, (0.0, False)),
        ("x: {factor: 1, min: 1, max: 9}", {0: 5, 1: 0}, (0.0, True)),
        ("x: {factor: 1, offset: 4, min: 1, max: 9}", {0: 5, 1: 0}, (4.0, False)),
        ("x: {factor: {at: 1, sentinel: 0}}", {0: 5, 1: 0}, (None, False)),
        ("x: {factor: {at: 1, type: float32}}", {0: 2, 1: 0x3F80, 2: 0}, (2.0, False)),
        ("x: {factor: {at: 1, type: float32}}", {0: 2, 1: 0x7FC0, 2: 0}, (None, False)),  # NaN
        ("x: {factor: {at: 1, type: float32}}", {0: 2, 1: 0x7F80, 2: 0}, (None, True)),  # infinite
        ("x: {factor: {at: 1, type: float32}}", {0: 2, 1: 0, 2: 1}, (None, True)),  # 1e-45
        ("x: {factor: {at: 1, type: uint32, order: CDAB}}", {0: 2, 1: 1, 2: 1}, (131074.0, False)),
        ("x: {order: CDAB, factor: {at: 1, type: uint32}}", {0: 2, 1: 1, 2: 1}, (131074.0, False)),
        ("x: {type: float32, factor: 2}", {0: 0x3FC0, 1: 0, 2: 4}, (6.0, False)),
        ("x: {type: float32, exponent: 2}", {0: 0x3FC0, 1: 0, 2: 2}, (150.0, False)),
        ("x: {type: uint16, scale: 0.1, sign: 1}", {0: 123, 1: 1}, (-12.3, False)),
        ("x: {type: uint16, scale: 0.1, sign: 1}", {0: 123, 1: 2}, (12.3, False)),
        ("x: {type: uint16, sign: {at: 1, negative: [2, 3]}}", {0: 65535, 1: 3}, (-65535.0, False)),
        ("x: {type: uint16, sign: {at: 1, bit: 4}}", {0: 5, 1: 0xFFEF}, (5.0, False)),
        ("x: {type: uint16, sign: {at: 1, bit: 4}}", {0: 5, 1: 0x0010}, (-5.0, False)),
        ("x: {type: uint16, sign: {at: 1, bit: 4, negative: 0}}", {0: 5, 1: 0xFFEF}, (-5.0, False)),
        ("x: {type: uint16, min: -10, max: 3, sign: 1}", {0: 5, 1: 1}, (-5.0, False)),  # ranges are of the value
        ("x: {type: uint16, min: -10, max: 3, sign: 1}", {0: 5, 1: 0}, (5.0, True)),
        ("x: {min: 0, max: 100, exponent: 1}", {0: 101, 1: 0}, (101.0, True)),
        ("x: {min: 0, max: 100, exponent: 1}", {0: 101, 1: -1}, (10.1, False)),
        ("x: {sentinel: 0x8000, exponent: 1}", {0: 0x8000, 1: 1}, (None, False)),
        ("x: {sentinel: 0x8000, exponent: 1}", {0: 0x8000, 1: 99}, (None, True)),
    ],
)
def test_a_register_beside_a_value(columns: str, registers: dict[int, int], expected: object) -> None:
    assert one(columns, registers) == expected


def test_whole_columns_take_factors_and_signs() -> None:
    assert one("whole: {type: uint32, factor: 2}", {0: 0xFFFF, 1: 0xFFFF, 2: 65535}, "whole")[0] == 0xFFFFFFFF * 65535
    assert one("whole: {type: uint32, sign: 2}", {0: 0xFFFF, 1: 0xFFFF, 2: 1}, "whole")[0] == -0xFFFFFFFF


def test_many_samples_have_each_their_own() -> None:
    plant = made("x: {exponent: 2}, y: {exponent: 2, divisor: 3}, z: {at: 2}, whole: {at: 3}")
    polls = [{0: n, 1: 2 * n, 2: n % 25 - 12, 3: n % 7} for n in range(1100)]  # as many as are numbered by a table
    rows = decoded(plant, *polls)
    for n, row in enumerate(rows):
        factor = Fraction(10) ** (n % 25 - 12) if abs(n % 25 - 12) <= 10 else None
        assert row["x"] == (None if factor is None else float(n * factor))
        assert row["y"] == (None if factor is None or not n % 7 else float(2 * n * factor / (n % 7)))
        assert bool(row["quality"] & OUT_OF_RANGE) == (factor is None or not n % 7)


def test_a_value_is_missing_if_what_stands_beside_it_was_not_read() -> None:
    plant = made("x: {exponent: 2}, y, z: {at: 3}")
    (row,) = decoded(plant, {0: 5, 1: 6, 2: 1, 3: 7}, missing=(2,))
    assert (row["x"], row["y"], row["z"], row["quality"]) == (None, 6.0, 7.0, MISSING)


def test_rows_share_a_register_or_have_their_own_by_stride_and_step() -> None:
    rows = "table: many, repeat: {part: 3}"
    polls = {0: 5, 10: 6, 20: 7, 1: 1}
    shared = decoded(
        made("x: {exponent: 1}", "at: 0, stride: 10", rows, "function: 3, readable: [0..30]"), polls, table="many"
    )
    assert [row["x"] for row in shared] == [50.0, 60.0, 70.0]
    polls |= {11: 2, 21: 3}
    own = decoded(made("x: {exponent: {at: 1, stride: 10}}", "at: 0, stride: 10", rows), polls, table="many")
    assert [row["x"] for row in own] == [50.0, 600.0, 7000.0]
    (row,) = decoded(made("list: {count: 3, exponent: {at: 3, step: 1}}"), {0: 5, 1: 6, 2: 7, 3: 1, 4: 2, 5: 3})
    assert row["list"] == [50.0, 600.0, 7000.0]


@pytest.mark.parametrize(
    ("columns", "top", "spans"),
    [
        ("x: {exponent: 2}, y: {exponent: 2}", "function: 3", [(3, 0, ((0, 3),))]),
        ("x: {exponent: 4}", "function: 3, readable: [1..3]", [(3, 0, ((0, 5),))]),
        ("x: {exponent: 1}, y: {at: 2}, z", "function: 3", [(3, 0, ((0, 2), (2, 1), (3, 1)))]),
        ("x: {factor: {at: 900, apart: true}}", "function: 3", [(3, 0, ((0, 1),)), (3, 900, ((900, 1),))]),
        ("x: {factor: {at: 9, function: 4, apart: true}}", "function: 3", [(3, 0, ((0, 1),)), (4, 9, ((9, 1),))]),
    ],
)
def test_a_value_comes_in_one_request_with_what_may_change(columns: str, top: str, spans: list[object]) -> None:
    assert [(r.function, r.address, r.atoms) for r in make_plan(made(columns, top=top)).requests] == spans


@pytest.mark.parametrize(
    ("columns", "top", "limit", "borders", "words"),
    [
        ("x: {exponent: 4}", "function: 3", 125, (), ["exponent at 4", "1 between them has no value", "apart: true"]),
        ("x: {exponent: 200}", "function: 3, readable: [1..300]", 125, (), ["201 registers from 0 on", "only 125"]),
        ("x: {exponent: 4}", "function: 3, readable: [1..3]", 4, (), ["5 registers", "only 4"]),
        ("x: {exponent: 4}", "function: 3, readable: [1..3]", 125, (2,), ["border 2 lies between them"]),
        ("x: {exponent: {at: 4, function: 4}}", "function: 3", 125, (), ["function 3", "exponent 4", "two requests"]),
    ],
)
def test_what_cannot_come_in_one_request_is_refused(
    columns: str, top: str, limit: int, borders: tuple[int, ...], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as error:
        make_plan(made(columns, top=top), limit, borders=borders)
    assert all(word in str(error.value) for word in ["map test", "one.x", *words])


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ("whole: {exponent: 1}", "with exponent values may be broken"),
        ("whole: {type: uint32, factor: {at: 2, type: uint32, sentinel: 70000}, sign: 9, scale: 9}", "may give"),
        ("x: {exponent: {at: 1, type: uint64}}", "unknown type 'uint64'"),
        ("x: {exponent: {at: 1, bit: 3}}", "a bit can say nothing but a sign"),
        ("x: {exponent: {at: 1, stride: 10}}", "expected repeated identity columns"),
        ("x: {exponent: {at: 1, negative: 1}}", "unknown key 'negative'"),
        ("x: {exponent: {at: 1, apart: 1}}", "expected true or false"),
        ("x: {factor: {at: 65535, type: uint32}}", "above 65535"),
    ],
)
def test_what_makes_no_sense_is_refused(columns: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        made(columns)


def test_a_map_is_another_one_with_another_register_beside_a_value() -> None:
    maps = ["x", "x: {exponent: 1}", "x: {exponent: 2}", "x: {factor: 1}", "x: {sign: 1}", "x: {sign: {at: 1, bit: 0}}"]
    maps.append("x: {sign: {at: 1, negative: 2}}")
    assert len({made(columns).map_hash for columns in maps}) == len(maps)
