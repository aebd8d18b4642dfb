"""Registers that a poll could not read: where they lie in the sample's image, and which they are, for people."""

from __future__ import annotations

from collections.abc import Sequence

from ess_ray.core.maps.atoms import Atom
from ess_ray.core.maps.plan import Request


def byte_ranges(missing: Sequence[Request]) -> tuple[tuple[int, int], ...]:
    """Where all atoms of these requests lie in the image, as [start, end) in bytes: rising, neighbours joined."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(byte_range(request, atom) for request in missing for atom in request.atoms):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return tuple(joined)


def byte_range(request: Request, atom: Atom) -> tuple[int, int]:
    """Where an atom of a request lies in the image, [start, end) in bytes."""
    start = request.offset + (atom[0] - request.address) * request.item_bytes
    return start, start + atom[1] * request.item_bytes


def missing_text(missing: Sequence[Request]) -> str:
    """All addresses of these requests' atoms, for people: "4:500-588,4:600"; "" for no requests.

    As function:first-last, the last one included, neighbours joined.
    """
    spans: list[list[int]] = []
    for function, address, count in sorted((r.function, a, n) for r in missing for a, n in r.atoms):
        if spans and spans[-1][0] == function and address <= spans[-1][2] + 1:
            spans[-1][2] = max(spans[-1][2], address + count - 1)
        else:
            spans.append([function, address, address + count - 1])
    return ",".join(f"{f}:{a}" if a == b else f"{f}:{a}-{b}" for f, a, b in spans)
