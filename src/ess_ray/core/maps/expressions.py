"""What a computed column is computed from: `{sum: [grid_power, pv_power, -battery_power]}`.

The grammar: an operand is a column (`-name` is the column times -1, `name_1..4` are four columns), a number, or an
operation, which is a mapping of one word to its operands. Nothing is evaluated here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ess_ray.core.maps.tree import TreeNode

COLUMN, NUMBER = "column", "number"
OPERATIONS = {"sum": None, "difference": 2, "product": None, "quotient": 2}  # word → operands; None: any number
ATTRIBUTES = ("min", "max", "unit", "note")  # of a computed column, beside its operation
MOST_DEEP = 8  # operations within each other
MOST_OPERANDS = 1024  # of one operation
MOST_DIGITS = 30  # of a number, before and behind the point
OPERAND = re.compile(r"(-?)([A-Za-z_]\w*?)(?:(\d+)\.\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Expression:
    """A column, a number, or an operation (a key of OPERATIONS) of others. Immutable, equal if it means the same."""

    what: str  # COLUMN, NUMBER or a key of OPERATIONS
    name: str = ""  # of the column
    number: Decimal = Decimal(0)
    operands: tuple[Expression, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is computed from, each once, in the order in which they are written."""
        if self.what == COLUMN:
            return (self.name,)
        return tuple(dict.fromkeys(name for operand in self.operands for name in operand.columns))

    def __str__(self) -> str:
        if self.what == COLUMN:
            return self.name
        if self.what == NUMBER:
            return f"{self.number.normalize():f}"
        return f"{self.what}({', '.join(map(str, self.operands))})"


MINUS_ONE = Expression(NUMBER, number=Decimal(-1))


def read_operation(word: str, node: TreeNode, depth: int = 1) -> Expression:
    """The operation `word`, a key of OPERATIONS, with its operands, a list at `node`.

    Raises what `node.fail` makes for what is no operand, for too few or too many, and for operations nested too deep.
    """
    if depth > MOST_DEEP:
        raise node.error(f"more than {MOST_DEEP} operations within each other")
    operands = tuple(operand for item in node.items() for operand in _operands(item, depth))
    exactly = OPERATIONS[word]
    if exactly is not None and len(operands) != exactly:
        raise node.error(f"a {word} has {exactly} operands, `{word}: [a, b]`; found {len(operands)}")
    if not 2 <= len(operands) <= MOST_OPERANDS:
        raise node.error(f"a {word} has 2 to {MOST_OPERANDS} operands, found {len(operands)}")
    if word == "quotient" and operands[1] == Expression(NUMBER):
        raise node.error("nothing can be divided by 0")
    expression = Expression(word, operands=operands)
    if depth == 1 and not expression.columns:
        raise node.error(f"{expression} is the same everywhere: it needs a column")
    return expression


def _operands(item: TreeNode, depth: int) -> Iterator[Expression]:
    if isinstance(item.value, dict):
        ((word, child), *more) = item.fields(OPERATIONS, what="operation").items() or [("", item)]
        if more or not word:
            raise item.error(f"expected one operation, {{sum: [a, b]}}; found {item.value!r}")
        yield read_operation(word, child, depth + 1)
    elif isinstance(item.value, str):
        yield from _columns(item, item.value)
    else:
        yield Expression(NUMBER, number=_number(item))


def _number(item: TreeNode) -> Decimal:
    number = item.decimal()
    if number and not -MOST_DIGITS <= number.adjusted() <= MOST_DIGITS:
        raise item.error(f"{number} cannot be used: expected a number from 1e-{MOST_DIGITS} to 1e{MOST_DIGITS}")
    return number


def _columns(item: TreeNode, text: str) -> Iterator[Expression]:
    match = OPERAND.fullmatch(text)
    if match is None:
        raise item.error(f"expected a column, -column, name_1..4, a number or an operation; found {text!r}")
    names = [match[2]]
    if match[3]:
        first, last = int(match[3]), int(match[4])
        if not first < last < first + MOST_OPERANDS:
            raise item.error(f"{text}: expected numbers that go up, {MOST_OPERANDS} at most")
        names = [f"{match[2]}{number}" for number in range(first, last + 1)]
    for name in names:
        column = Expression(COLUMN, name)
        yield Expression("product", operands=(MINUS_ONE, column)) if match[1] else column


def operation_of(own: Mapping[str, TreeNode]) -> str | None:
    """The word of OPERATIONS among the attributes of an entry, None if it is not computed.

    Raises what a node's `fail` makes if there are two of them, or an attribute that no computed column has.
    """
    words = [key for key in own if key in OPERATIONS]
    if len(words) > 1:
        raise own[words[1]].error(f"expected one operation, and {words[0]} is there: put one into the other")
    for key, child in own.items() if words else ():
        if key not in (*words, *ATTRIBUTES):
            allowed = ", ".join(ATTRIBUTES)
            raise child.error(f"{key} does not apply to a computed column, which reads nothing: it takes {allowed}")
    return words[0] if words else None
