"""Registers that have to hold certain numbers, as a map writes them: `expect: {40070: 103, 40071: 50}`.

Called by `core.maps.mapfile`. A map that was made for a device as it was says so: where its registers have moved, as
after an update, values would be others than the map calls them, and nobody would see it. The poller compares
(`core.polling.expectations`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ess_ray.core.maps.addresses import ZEROS, read_address, read_function
from ess_ray.core.maps.registers import BIT_FUNCTIONS, Expected
from ess_ray.core.maps.tree import TreeNode


def read_expected(nodes: Iterable[TreeNode], function: int) -> tuple[Expected, ...]:
    """What the levels around a run expect, outermost first. Raises what the nodes' `fail` makes for what cannot be."""
    return tuple(dict.fromkeys(one for node in nodes for one in _of_level(node, function)))


def _of_level(node: TreeNode, function: int) -> Iterator[Expected]:
    for key, child in node.fields(what="address").items():
        if not re.fullmatch(r"\d+", key):
            raise child.error("expected an address with the number that it holds, `40070: 103`")
        at = node.child(key, key if ZEROS.fullmatch(key) else int(key))  # of a recipe, which is JSON, a text
        highest = 1 if (read_function(at) or function) in BIT_FUNCTIONS else 0xFFFF
        yield Expected(read_function(at) or function, read_address(at), child.integer(0, highest))
