"""What a store says about an object: the stores give it, the export's decisions and the ledger read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as its store reports it. `generation` is another one after each replacement, never 0."""

    name: str
    generation: int
    bytes: int
    crc32c: int
    metadata: Mapping[str, str] = field(default_factory=dict)  # a folder keeps none
