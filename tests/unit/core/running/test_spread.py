"""Which node polls what: placement is kept, loads are even, and nothing moves without need."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ess_ray.core.running.spread import Node, assign, moves

NORTH, SOUTH = frozenset({"north"}), frozenset({"south"})


def node(name: str, *offers: str) -> Node:
    return Node(name, name, 2, frozenset(offers), 8 << 30)


def test_groups_go_to_the_emptiest_node_that_offers_what_they_need() -> None:
    nodes = [node("a", "north"), node("b", "north", "south"), node("head")]
    groups = [(NORTH, 4), (SOUTH, 1), (NORTH, 2), (frozenset[str](), 1), (frozenset({"west"}), 1)]
    assert assign(groups, nodes) == ["a", "b", "b", "head", None]


def test_a_node_that_comes_back_takes_its_share_and_no_more() -> None:
    placed = {line: "a" if line < 6 else "b" for line in range(12)}
    moved = moves(placed, dict.fromkeys(placed, 1), dict.fromkeys(placed, NORTH), [node(n, "north") for n in "abc"])
    assert set(moved.values()) == {"c"}
    assert len(moved) == 4
    assert Counter((placed | moved).values()) == {"a": 4, "b": 4, "c": 4}


def test_a_line_never_leaves_the_nodes_that_reach_its_network() -> None:
    placed = dict.fromkeys(range(10), "a")
    placements = {line: NORTH if line % 2 else frozenset[str]() for line in placed}
    moved = moves(placed, dict.fromkeys(placed, 1), placements, [node("a", "north"), node("b")])
    assert set(moved) == {0, 2, 4, 6, 8}


@given(
    st.dictionaries(st.integers(0, 60), st.tuples(st.sampled_from("abcd"), st.integers(1, 5))),
    st.sets(st.sampled_from("abcd"), min_size=1),
)
def test_a_second_look_moves_nothing_and_who_is_gone_is_left_to_ray(
    lines: dict[int, tuple[str, int]], up: set[str]
) -> None:
    placed = {line: where for line, (where, _) in lines.items()}
    sizes = {line: size for line, (_, size) in lines.items()}
    nodes = [node(name) for name in sorted(up)]
    anywhere = dict.fromkeys(placed, frozenset[str]())
    moved = moves(placed, sizes, anywhere, nodes)
    assert all(placed[line] in up and target in up for line, target in moved.items())
    assert moves(placed | moved, sizes, anywhere, nodes) == {}
