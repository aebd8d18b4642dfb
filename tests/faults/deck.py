"""Which faults a run makes, and when: drawn from a seed, the same again, whatever becomes of the victims."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

from tests.faults.job import ACTORS
from tests.faults.proxy import Mode

NETWORK = (Mode.DELAY, Mode.DRIP, Mode.BLACKHOLE, Mode.REFUSE)
PER_45_MINUTES: Mapping[str, int] = {
    "kill poller": 60, "kill normaliser": 45, "kill writer": 40, "kill poller before hand-over": 15,
    "kill writer in COPY": 12, "kill writer behind COMMIT": 12, "kill driver": 10, "kill raylet": 6,
    **{f"stop {role}": 8 for role in (*ACTORS, "driver")}, "stop driver long": 6,
    "hang poller": 5, "hang normaliser": 5,
    **{f"modbus {mode}": 8 for mode in NETWORK}, "modbus cut": 12,
    **{f"database {mode}": 2 for mode in NETWORK},
    "database cut": 5, "database cut in COPY": 5, "database cut behind COMMIT": 5, "database stop fast": 4,
    "database stop immediate": 4, "database kill": 5, "database end backends": 4, "database disk full": 3,
    "database lock": 6, "database promote": 4, "database drop": 4, "database backup": 20, "restore": 10,
    "journal full": 5, "journal hang": 6, "reload": 20,
}  # fmt: skip
BACKUP = "database backup"  # hurts nobody
WITH_RELOAD = 0.4  # of faults that are held or stand still: so often with a reload meanwhile


def draw(minutes: float, seed: int, one_process: bool = False) -> list[str]:
    """The faults of a run, in order; a part of one is there with that chance. `one_process`: there is no Ray."""
    chance = random.Random(seed)
    deck = []
    for kind, often in PER_45_MINUTES.items():
        number = often * minutes / 45 if kind != "kill raylet" or not one_process else 0
        deck += [kind] * (int(number) + (chance.random() < number % 1))
    chance.shuffle(deck)
    return deck


def totals(done: Mapping[str, int]) -> dict[str, int]:
    """How many faults of which sort were made."""
    sorts: Counter[str] = Counter()
    for kind, times in done.items():
        sorts[kind.split()[0]] += times if kind != BACKUP else 0
    names = {"kill": "kills", "database": "database faults", "restore": "restores", "reload": "reloads"}
    named = {name: sorts[sort] for sort, name in names.items()}
    return {**named, "others": sorts.total() - sum(named.values())}
