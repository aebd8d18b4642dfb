"""Every node of a cluster polls its share: what has to change after nodes have come or gone. Used by the collector.

Nothing is moved before the pollers that a dead node had are up elsewhere: that is Ray's work, and comes first.
"""

from __future__ import annotations

from ess_ray.cluster.actors import PollerPlan
from ess_ray.cluster.nodes import Nodes
from ess_ray.cluster.plan import plan_moves
from ess_ray.cluster.pollers import Pollers
from ess_ray.core.running.spread import Node
from ess_ray.core.settings import Settings


class Balance:
    """The nodes as they were when the devices were spread last. On one machine there are none, and nothing changes."""

    def __init__(self, pollers: Pollers, nodes: Nodes) -> None:
        self._pollers = pollers
        self._nodes = nodes
        self._balanced: tuple[Node, ...] | None = nodes.up
        self._homeless: set[str] = set()  # who has been told

    def keepers(self) -> list[PollerPlan]:
        """Those to be made for nodes that are new."""
        return self._pollers.keepers_for(self._nodes.up)

    def moves(self, settings: Settings) -> list[PollerPlan] | None:
        """All plans as they are to be; None: nothing has to change, or not yet."""
        nodes = self._nodes.up
        if nodes == self._balanced or self._pollers.awaited(nodes):
            return None
        self._balanced = nodes
        plans = plan_moves(settings, self._pollers.plans, self._pollers.where, nodes)
        return plans if plans != self._pollers.plans else None

    def again(self) -> None:
        """Look once more: devices have come or gone."""
        self._balanced = None if self._nodes.up else ()

    def take_notes(self) -> list[str]:
        """Which pollers no node can have: each is told once, until it has been polling again."""
        homeless = {plan.name: plan for plan in self._pollers.homeless(self._nodes.up)}
        new = homeless.keys() - self._homeless
        self._homeless = set(homeless)
        return [
            f"no node offers {' and '.join(sorted(homeless[name].placement))}: {name} waits for one, "
            f"{len(homeless[name].devices)} devices are not polled"
            for name in sorted(new)
        ]
