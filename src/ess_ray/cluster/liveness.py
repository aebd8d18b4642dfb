"""Calls in flight between the driver and its actors, and the end of actors that do not answer them.

Used by the driver's main thread, every round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ess_ray.cluster.actor_system import ActorLostError, ActorSystem, Call
from ess_ray.cluster.supervised_actor import SupervisedActor
from ess_ray.core.storing.shipment import Shipment

# An actor that has not answered for so long hangs. A poller answers from memory; a normaliser computes for a fraction
# of a second; a write may wait for the database, which has time limits of its own.
PULL_LIMIT_S, NORMALISE_LIMIT_S, WRITE_LIMIT_S = 10.0, 20.0, 120.0


@dataclass(frozen=True)
class PullInFlight:
    """A pull that has not returned: of the poller with this number, since this moment of the driver's awake clock."""

    poller: int
    since_s: float


@dataclass(frozen=True)
class WriteInFlight:
    """Shipments on their way through a normaliser to the writer, since this moment of the driver's awake clock.

    `flushes`: the call that gives the bytes to write, of the `normaliser`. Events need neither: both are None, and
    travel alone.
    """

    shipments: tuple[Shipment, ...]
    flushes: Call | None
    normaliser: SupervisedActor | None
    since_s: float


def kill_hanging(
    system: ActorSystem,
    pulls: Mapping[Call, PullInFlight],
    writes: Mapping[Call, WriteInFlight],
    pollers: Sequence[SupervisedActor],
    writer: SupervisedActor,
    awake_s: float,
) -> None:
    """Kill every actor whose call has been in flight for too long; that call then fails as with any other death.

    Too long: PULL_LIMIT_S, NORMALISE_LIMIT_S, WRITE_LIMIT_S, by the clock `awake_s`, which stands still while the
    driver does (`core.running.awake`). A call whose reply is there is never too late. `pulls`, `writes`: by the call;
    `pollers`: by number. Waits for nothing.
    """
    for call, pull in pulls.items():
        if awake_s - pull.since_s > PULL_LIMIT_S and pollers[pull.poller].up and not system.returned([call], 0):
            pollers[pull.poller].kill(f"has not answered for {PULL_LIMIT_S:g} s")
    for call, write in writes.items():
        age_s = awake_s - write.since_s
        if write.normaliser and age_s > NORMALISE_LIMIT_S and not system.returned([write.flushes], 0):
            if write.normaliser.up:
                write.normaliser.kill(f"has not answered for {NORMALISE_LIMIT_S:g} s")
        elif age_s > WRITE_LIMIT_S and writer.up and not system.returned([call], 0):
            writer.kill(f"has not answered for {WRITE_LIMIT_S:g} s")


def note_death(system: ActorSystem, write: WriteInFlight, writer: SupervisedActor, error: ActorLostError) -> None:
    """Note which of a write's two actors has died: the normaliser if its bytes were never made, else the writer.

    `error`: with which the call of the write has failed.
    """
    if write.normaliser and write.flushes is not None and not _was_made(system, write.flushes):
        if write.normaliser.up:
            write.normaliser.died(error)
        return
    if writer.up:
        writer.died(error)


def _was_made(system: ActorSystem, flushes: Call) -> bool:
    if not system.returned([flushes], 0):
        return False
    try:
        system.result(flushes)
    except ActorLostError:
        return False
    return True
