"""Computed columns are what a person gets who computes with the stored numbers in decimals, and rounds once."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
import yaml

from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.core.batch import batch_of
from ess_ray.core.decoding.computed import compute
from ess_ray.core.decoding.normalise import Decoder
from ess_ray.core.decoding.pgcopy import ColumnValues
from ess_ray.core.errors import MapError
from ess_ray.core.maps.expressions import Expression, read_operation
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.plan import make_plan
from ess_ray.core.maps.registers import Computed, RegisterMap
from ess_ray.core.maps.standard import load_standard
from ess_ray.core.maps.tree import TreeNode
from ess_ray.core.samples import Device, Sample, Status
from tests.decoded import dicts

TYPES = {
    "a": "float8", "b": "float8", "c": "float8", "d": "float8", "f": "float4", "i": "int4", "j": "int2", "big": "int8",
    "t": "text", "flag": "bool", "many": "int2[]",
}  # fmt: skip
UNITS = {"a": "V", "b": "V", "c": "A"}
STANDARD = load_standard(
    {
        "tables": {
            "row": {
                "identity": ["id"],
                "columns": {
                    name: {"type": type_, "unit": UNITS.get(name, ""), "meaning": "…"} for name, type_ in TYPES.items()
                },
            }
        }
    }
)


def make_map(columns: str, top: str = "type: uint16") -> RegisterMap:
    run = f"{{at: 0, stride: 50, columns: [\n{columns}\n]}}"
    text = f"period_s: 1\nfunction: 4\n{top}\nblocks:\n- {{table: row, repeat: {{id: 2}}, runs: [{run}]}}\n"
    return load_map("m", yaml.safe_load(text), STANDARD, line_finder(text))


def rows(columns: str, *registers: Sequence[int], missing: int | None = None, top: str = "type: uint16") -> list[Any]:
    """The rows of one sample; `registers`: those of each row; `missing`: one of the first row that was not read."""
    register_map = make_map(columns, top)
    plan = make_plan(register_map)
    assert len(plan.requests) == len(registers)
    image = b"".join(struct.pack(f">{request.count}H", *held[: request.count]) for request, held in zip(
        plan.requests, registers, strict=True))  # fmt: skip
    gaps = () if missing is None else ((2 * missing, 2 * missing + 2),)
    sample = Sample(Device("s", "d"), "layout", 0, Status.STORED, None, gaps, None, 1.0, 1, 0, image)
    return dicts(Decoder(register_map, plan, STANDARD).decode(batch_of([sample]))["row"])


def one(columns: str, registers: Sequence[int], top: str = "type: uint16") -> tuple[Any, int]:
    """(d, quality) of a row with these registers."""
    row, _ = rows(columns, registers, registers, top=top)
    return row["d"], row["quality"]


@pytest.mark.parametrize(
    ("expression", "registers", "expected", "quality"),
    [
        ("{sum: [a, b]}", (1, 2), 0.3, 0),
        ("{difference: [a, b]}", (3, 1), 0.2, 0),
        ("{difference: [a, b]}", (1, 3), -0.2, 0),
        ("{product: [a, b]}", (3, 7), 0.21, 0),
        ("{product: [a, 0.1]}", (3, 0), 0.03, 0),
        ("{quotient: [a, b]}", (1, 3), 1 / 3, 0),
        ("{quotient: [a, -b]}", (1, 3), -1 / 3, 0),
        ("{quotient: [a, b]}", (0, 3), 0.0, 0),
        ("{quotient: [a, b]}", (7, 0), None, 1),
        ("{quotient: [a, b]}", (0, 0), None, 1),
        ("{quotient: [1, a]}", (4, 0), 2.5, 0),
        ("{sum: [a, -b, 0.4]}", (1, 2), 0.3, 0),
        ("{sum: [{product: [a, 3]}, {quotient: [b, 4]}]}", (1, 2), 0.35, 0),
        ("{quotient: [{sum: [a, b]}, 3]}", (1, 2), 0.1, 0),
        ("{sum: [{quotient: [a, 3]}, {quotient: [b, 3]}]}", (1, 2), 0.1, 0),
        ("{sum: [a, b], max: 0.3}", (1, 2), 0.3, 0),
        ("{sum: [a, b], max: 0.29}", (1, 2), 0.3, 1),
        ("{sum: [a, b], min: 0.31}", (1, 2), 0.3, 1),
        ("{product: [a, 1.0e+30]}", (65535, 0), 6.5535e33, 0),
    ],
)
def test_results_are_exact_in_decimals(
    expression: str, registers: Sequence[int], expected: float | None, quality: int
) -> None:
    columns = f"a: {{scale: 0.1}}, b: {{scale: 0.1}}, d: {expression}"
    assert one(columns, registers) == (expected, quality)


def test_a_result_may_be_computed_further_wherever_it_is_written() -> None:
    columns = "d: {sum: [c, 1]}, c: {product: [a, 2]}, a: {scale: 0.1}, b: {difference: [a, 0.1]}"
    (row, _) = rows(columns, [3], [4])
    assert (row["a"], row["b"], row["c"], row["d"]) == (0.3, 0.2, 0.6, 1.6)


def test_each_row_is_computed_from_its_own_columns() -> None:
    first, second = rows("a, b, d: {sum: [a, b]}", (1, 2), (30, 40))
    assert (first["d"], second["d"]) == (3.0, 70.0)


def test_what_is_not_there_makes_the_result_null_and_nothing_else() -> None:
    columns = "a: {sentinel: 9}, b, d: {quotient: [a, b], max: 1}"
    first, second = rows(columns, (9, 0), (5, 1))
    assert (first["d"], first["quality"]) == (None, 0), "a sentinel is no mistake, and hides the division by zero"
    assert (second["d"], second["quality"]) == (5.0, 1)
    first, second = rows(columns, (4, 2), (1, 4), missing=1)
    assert (first["a"], first["b"], first["d"], first["quality"]) == (4.0, None, None, 2)
    assert (second["d"], second["quality"]) == (0.25, 0)


def test_numbers_that_are_added_up_may_be_numbered_columns() -> None:
    table = {"identity": [], "columns": {f"x_{n}": {"type": "float8", "meaning": "…"} for n in range(1, 5)}}
    tree = yaml.safe_load(
        "{period_s: 1, function: 3, scale: 0.1, blocks: [{table: t, runs: [{at: 0, columns: [x_1..3, "
        "x_4: {sum: [x_1..3]}]}]}]}"
    )
    register_map = load_map("m", tree, load_standard({"tables": {"t": table}}))
    assert register_map.computed[0].expression.columns == ("x_1", "x_2", "x_3")


@pytest.mark.parametrize(
    ("columns", "registers", "column", "expected"),
    [
        ("i: {type: int16}, j: {type: int16, scale: 1}, big: {product: [i, j, -3]}", (3, 65535), "big", 9),
        ("i, j: {bits: 0..3}, big: {difference: [j, i]}", (65535, 7), "big", 7 - 65535),
        ("a: {scale: 10}, i: {sum: [a, 1]}", (65535,), "i", 655351),
        ("a, j: {sum: [a, 1], min: 0, max: 100}", (32766,), "j", 32767),
        ("a, j: {sum: [a, 1], min: 0, max: 100}", (32767,), "j", None),
        ("f: {scale: 0.1}, a: {product: [f, 2]}", (3,), "a", 0.6),
        ("a: {scale: 0.1}, f: {product: [a, 2]}", (3,), "f", float(np.float32(0.6))),
        ("a: {type: uint64}, d: {difference: [a, 1]}", (0x20, 0, 0, 0), "d", 2.0**53 - 1),
        ("a: {type: float64}, d: {sum: [a, 1]}", (0x3FB9, 0x9999, 0x9999, 0x999A), "d", 1.1),
        ("a: {type: float64}, d: {sum: [a, 1]}", (0x7FF0, 0, 0, 0), "d", None),
        ("a: {type: float64}, d: {sum: [a, 1]}", (0x7FF8, 0, 0, 0), "d", None),
        ("a: {type: float64}, d: {product: [a, a]}", (0x7FEF, 0, 0, 0), "d", None),
        ("a: {type: float64}, d: {product: [a, 1]}", (0x0000, 0, 0, 1), "d", 5e-324),
    ],
)
def test_columns_of_every_number_type_can_be_operands_and_results(
    columns: str, registers: Sequence[int], column: str, expected: float | None
) -> None:
    (row, _) = rows(columns, registers, registers)
    assert row[column] == expected
    flagged = (expected is None and registers[0] != 0x7FF8) or (column == "j" and registers[0] > 99)
    assert row["quality"] == flagged


def oracle(expression: Expression, numbers: dict[str, Any]) -> Fraction | None:
    """The exact result for one row, of the decimals that the numbers show; None for a division by zero."""
    if expression.what == "column":
        return Fraction(repr(float(numbers[expression.name])))
    if expression.what == "number":
        return Fraction(expression.number)
    parts = [oracle(operand, numbers) for operand in expression.operands]
    result = parts[0]
    for part in parts[1:]:
        if result is None or part is None or (expression.what == "quotient" and not part):
            return None
        result = {
            "sum": result + part, "difference": result - part, "product": result * part,
            "quotient": result / part if part else None,
        }[expression.what]  # fmt: skip
    return result


def any_expression(chance: Random, depth: int = 0) -> Any:
    if depth == 3 or (depth and chance.random() < 0.5):
        return chance.choice(["a", "b", "-c", "a", chance.randint(-9, 9), 0.1, -2.5, 1e-9])
    word = chance.choice(["sum", "difference", "product", "quotient"])
    count = 2 if word in ("difference", "quotient") else chance.randint(2, 4)
    return {word: [any_expression(chance, depth + 1) for _ in range(count)]}


def test_any_expression_of_any_numbers_agrees_with_fractions() -> None:
    chance, compared = Random(1), 0
    for _ in range(150):
        tree = any_expression(chance)
        ((word, operands),) = tree.items()
        try:
            expression = read_operation(word, TreeNode(operands, (), lambda _, problem: MapError("m", problem)))
        except MapError:  # a division by the number zero
            continue
        if not expression.columns:
            continue
        power, most = chance.choice([(0, 9), (1, 65535), (3, 1 << 32), (2, 1 << 48), (9, 1 << 62)])
        numbers = {
            name: np.array([0.0, *(chance.randint(-most, most) / 10**power for _ in range(4))])
            for name in expression.columns
        }
        computed = Computed("row", "d", (), expression)
        operands = {name: ColumnValues(values) for name, values in numbers.items()}
        values, null, _ = compute(computed, operands, dict.fromkeys(numbers, chance.choice((0, power))))
        for index in range(5):
            exact = oracle(expression, {name: values_[index] for name, values_ in numbers.items()})
            expected = None if exact is None else float(exact)
            assert (None if null is not None and null[index] else values[index]) == expected, str(expression)
            compared += 1
    assert compared > 500


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ("a, d: {sum: [a, e]}", "line 6: d: unknown value of its row 'e'; known: a, d"),
        ("a, d: {sum: [a, b]}", "line 6: d: unknown value of its row 'b'"),
        ("a, d: {sum: [a]}", "a sum has 2 to 1024 operands, found 1"),
        ("a, d: {sum: a}", "expected a list, found 'a'"),
        ("a, d: {difference: [a, 1, 2]}", r"a difference has 2 operands, `difference: \[a, b\]`; found 3"),
        ("a, d: {quotient: [a, 0]}", "nothing can be divided by 0"),
        ("a, d: {sum: [1, 2]}", r"sum\(1, 2\) is the same everywhere: it needs a column"),
        ("a, d: {sum: [a, 1], product: [a, 1]}", "expected one operation, and sum is there"),
        ("a, d: {sum: [a, {a: 1}]}", "unknown operation 'a'; known: sum, difference, product, quotient"),
        ("a, d: {sum: [a, {}]}", r"expected one operation, {sum: \[a, b\]}; found {}"),
        ("a, d: {sum: [a, {sum: [a, 1], product: [a, 1]}]}", "expected one operation"),
        ("a, d: {sum: [a, null]}", "expected a number, found None"),
        ("a, d: {sum: [a, true]}", "expected a number, found True"),
        ("a, d: {sum: [a, .nan]}", "expected a number, found nan"),
        ("a, d: {sum: [a, 1.0e+99]}", r"cannot be used: expected a number from 1e-30 to 1e30"),
        ("a, d: {sum: [a, 'a + 1']}", "expected a column, -column, name_1..4, a number or an operation; found 'a . 1'"),
        ("a, d: {sum: [a, '__import__(1)']}", "expected a column"),
        ("a, d: {sum: [a, a_9..3]}", "a_9..3: expected numbers that go up"),
        ("a, d: {sum: [a, a_1..99999999999]}", "expected numbers that go up, 1024 at most"),
        (
            "a, d: {sum: [a, 1], scale: 2}",
            "scale does not apply to a computed column, which reads nothing: it takes min",
        ),
        ("a, d: {sum: [a, 1], at: 3}", "at does not apply to a computed column"),
        ("a, d: {sum: [a, 1], min: 3, max: 2}", "min 3 is above max 2"),
        ("a, d: {sum: [a, 1], unit: kW}", "the standard's unit of d is '', not 'kW'"),
        ("a, d: {sum: [d, 1]}", "d is computed from itself: d → d"),
        ("a: {sum: [d, 1]}, b: {sum: [a, 1]}, d: {sum: [b, 1]}, c", "is computed from itself: (a|b|d) → . → . → "),
        ("d, d: {sum: [d, 1]}", "line 6: d is there twice, first at map m, line 6"),
        ("a, d: {sum: [a, 1]}, d: {sum: [a, 2]}", "d is there twice"),
        ("t: {type: string, length: 2}, d: {sum: [t, 1]}", "d cannot be computed from t, which is text"),
        ("flag: {bit: 0}, d: {sum: [flag, 1]}", "d cannot be computed from flag, which is bool"),
        ("many: {count: 2, type: int16}, d: {sum: [many, 1]}", r"from many, which is int2\[\]"),
        ("a, t: {sum: [a, 1]}", "the column is text: only a column of numbers can be computed"),
        ("a, many: {sum: [a, 1]}", r"the column is int2\[\]: only"),
        ("a, c, d: {sum: [a, c]}", "d: a is in V, c in A: sum takes one unit; a product with a number turns it"),
        ("a, c: {sum: [a, -d]}, d", "c is in A, what it is computed from in V: a product with a number turns it"),
        ("a: {scale: 0.1}, i: {sum: [a, 1]}", r"i is int4, and sum\(a, 1\) need not be whole"),
        ("a, i: {quotient: [a, 2]}", "i is int4, and quotient"),
        ("a, i: {sum: [a, 0.5]}", "need not be whole"),
        ("a: {type: float32}, i: {sum: [a, 1]}", "need not be whole"),
        (
            "a, j: {sum: [a, 1]}",
            "j is int2 and holds -32768 to 32767, but .* may give 1 to 65536: say with min",
        ),
        ("a, j: {product: [a, -1]}", "may give -65535 to 0"),
    ],
)
def test_what_cannot_be_computed_is_told_with_its_line(columns: str, problem: str) -> None:
    with pytest.raises(MapError, match=f"map m, line 6.*{problem}" if "line 6" not in problem else problem) as told:
        make_map(columns)
    assert told.value.key.startswith("map m, line 6")


def test_nesting_is_bounded() -> None:
    deep: Any = "a"
    for _ in range(60):
        deep = {"sum": [deep, 1]}
    with pytest.raises(MapError, match="more than 8 operations within each other"):
        read_operation("sum", TreeNode([deep, 1], (), lambda _, problem: MapError("m", problem)))


def test_a_computed_column_is_part_of_what_decides_the_layout() -> None:
    plain, sums, others, bounded = (
        make_map(f"a, b{more}").map_hash
        for more in ("", ", d: {sum: [a, b]}", ", d: {sum: [b, a]}", ", d: {sum: [a, b], max: 1}")
    )
    assert len({plain, sums, others, bounded}) == 4
    assert Decimal("0.1") == Decimal("0.10"), "numbers in an expression are told apart by their worth:"
    assert make_map("a, d: {sum: [a, 0.1]}").map_hash == make_map("a, d: {sum: [a, 0.10]}").map_hash
