"""Journals on real files, for the tests: filled a group a second, and read back."""

from __future__ import annotations

import time
from pathlib import Path

from ess_ray.adapters.journal.bounds import Limits
from ess_ray.adapters.journal.journal import Journal
from ess_ray.adapters.journal.owner import JournalOwner
from ess_ray.core.samples import Device, Sample, Status
from ess_ray.core.storing.taking import Taken
from tests.batches import samples_of

S = 1_000_000
DEVICE = Device("site", "gateway")
HERE = JournalOwner("plant", "db1")
LIMITS = Limits(1 << 30, 1 << 60, "full")


def sample(second: int, image: bytes = b"image") -> Sample:
    return Sample(DEVICE, "layout", second * S, Status.PARTIAL, "timeout", ((0, 2),), "4:0", 1.5, 3, 1, image)


def opened(path: Path, owner: JournalOwner = HERE, limits: Limits = LIMITS, adopt: tuple[Path, ...] = ()) -> Journal:
    journal = Journal(path, owner, limits, adopt)
    journal.learn({"layout": "recipe"})
    return journal


def fill(journal: Journal, seconds: range, image: bytes = b"image") -> None:
    """One group a second."""
    for second in seconds:
        before = offered(journal)
        journal.put(sample(second, image))
        wait_until(lambda before=before: offered(journal) > before)


def wait_until(true: object, limit_s: float = 10) -> None:
    deadline_s = time.monotonic() + limit_s
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def offered(journal: Journal) -> int:
    """The number of the last group, once it is offered."""
    groups = journal._memory._groups
    return 0 if groups._not_offered else groups.last


def given(taken: Taken) -> list[Sample]:
    return [sample for packed in taken.batches for sample in samples_of(packed)]


def everything(journal: Journal) -> list[Sample]:
    return given(take(journal))


def take(journal: Journal) -> Taken:
    return journal.take(1 << 20, 1 << 20)


def seconds(samples: list[Sample]) -> list[int]:
    return [sample.tick_us // S for sample in samples]
