"""The machines that a run has as the driver sees them: those of a cluster that are up; on one machine none."""

from __future__ import annotations

from ess_ray.cluster.actor_system import ANYWHERE, Placement
from ess_ray.core.running.spread import Node


class Nodes:
    """One machine, with nothing beside this process that the job could not go on without."""

    up: tuple[Node, ...] = ()  # of a cluster, ordered by id; another tuple when they change; any thread may read it

    @property
    def near(self) -> Placement:
        """Where actors are near the driver and its database."""
        return ANYWHERE

    def check(self) -> None:
        """Raise CannotStart if the job cannot go on; to be called every round."""
