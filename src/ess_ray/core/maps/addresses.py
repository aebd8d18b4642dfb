"""Addresses in register maps: as they are sent, from 0."""

from __future__ import annotations

from ess_ray.core.maps.registers import LAST_ADDRESS, PRINTED_FUNCTIONS
from ess_ray.core.maps.tree import TreeNode


def read_address(node: TreeNode) -> int:
    """An address as it is sent; the error of a printed one of six digits says which that is."""
    if isinstance(node.value, int) and node.value > LAST_ADDRESS:
        digit, number = divmod(node.value, 100_000)
        if digit in PRINTED_FUNCTIONS and 0 < number <= LAST_ADDRESS + 1:
            as_sent = f"write {number - 1} and function: {PRINTED_FUNCTIONS[digit]}"
            raise node.error(f"{node.value} is an address as tables print it, not as it is sent: {as_sent}")
    return node.integer(0, LAST_ADDRESS)
