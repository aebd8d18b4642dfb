"""Every node of a cluster polls its share: what has to change after nodes have come or gone.

Used by the collector, in the driver's main thread. Nothing is moved before the pollers that a dead node had are up
elsewhere: moving those is Ray's work, and comes first.
"""

from __future__ import annotations

from ess_ray.cluster.nodes import Nodes
from ess_ray.cluster.plan import PollerPlan, plan_moves
from ess_ray.cluster.pollers import Pollers
from ess_ray.core.running.spread import Node
from ess_ray.core.settings import Settings


class Balance:
    """Compares the nodes that are up with those there were when the devices were shared out last (`_balanced`).

    On one machine both are empty, and nothing ever changes.
    """

    def __init__(self, pollers: Pollers, nodes: Nodes) -> None:
        self._pollers = pollers
        self._nodes = nodes
        self._balanced: tuple[Node, ...] | None = nodes.up  # None: to be looked at again, whatever nodes are up
        self._homeless: set[str] = set()  # names of pollers whose note was given

    def keepers(self) -> list[PollerPlan]:
        """The plans of keepers to be made for nodes that have none; empty on one machine. Makes nothing."""
        return self._pollers.keepers_for(self._nodes.up)

    def moves(self, settings: Settings) -> list[PollerPlan] | None:
        """The plans of all pollers and keepers as they are to be, new ones last; None: nothing has to change now.

        Also None while pollers are awaited. Plans are given once for the nodes that are up now, to be carried out then.
        `settings`: those in force.
        """
        nodes = self._nodes.up
        if nodes == self._balanced or self._pollers.awaited(nodes):
            return None
        self._balanced = nodes
        plans = plan_moves(settings, self._pollers.plans, self._pollers.where, nodes)
        return plans if plans != self._pollers.plans else None

    def replan_later(self) -> None:
        """Compare anew at the next `moves`, called when devices have come or gone."""
        self._balanced = None if self._nodes.up else ()

    def take_notes(self) -> list[str]:
        """A sentence for each poller that no node can have, given once until it has been polling again."""
        homeless = {plan.name: plan for plan in self._pollers.homeless(self._nodes.up)}
        new = homeless.keys() - self._homeless
        self._homeless = set(homeless)
        return [
            f"no node offers {' and '.join(sorted(homeless[name].placement))}: the {len(homeless[name].devices)} "
            f"devices of {name} are not polled until one does"
            for name in sorted(new)
        ]
