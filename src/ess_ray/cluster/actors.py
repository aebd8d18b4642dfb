"""Every actor of a run: its class, name, arguments and placement, all of it here.

Called by the driver's main thread. Making an actor does not wait for it; `ready()` of each says when it is up.
"""

from __future__ import annotations

from collections.abc import Callable

from ess_ray.actors.keeper import Keeper
from ess_ray.actors.page import Page
from ess_ray.actors.poller import Poller
from ess_ray.adapters.local.logs import LogFile
from ess_ray.cluster.actor_system import Actor, ActorSystem, Placement
from ess_ray.cluster.plan import PollerPlan, log_file
from ess_ray.core.running.metrics import Values
from ess_ray.core.settings import Settings


def poller(system: ActorSystem, plan: PollerPlan) -> Actor:
    """Make the poller or keeper of a plan. Raises ValueError while another actor has its name.

    Its devices are given by calls: it is started again with the arguments it has here.
    """
    placement = Placement(plan.node or "", only_there=plan.keeper, resources=plan.placement)
    return system.make(Keeper if plan.keeper else Poller, (plan.journal, _log(system, plan.log)), plan.name, placement)


def normaliser(system: ActorSystem, number: int, settings: Settings, near: Placement) -> Actor:
    """Make a normaliser of the pool, the one with this number from 0."""
    from ess_ray.actors.normaliser import Normaliser

    log = log_file(settings, f"normaliser-{number}", f"normaliser:{number}")
    return system.make(Normaliser, (dict(settings.standard_tree), _log(system, log)), log.actor, near)


def writer(system: ActorSystem, dsn: str, identity: str, collector: str, settings: Settings, near: Placement) -> Actor:
    """Make the writer. `collector`: distinguishes this collector from others in the database.

    `identity`: of the database that it writes into, and into no other.
    """
    from ess_ray.actors.writer import Writer

    log = log_file(settings, "writer", "writer")
    arguments = (dsn, settings.state_dir / "rejected", collector, _log(system, log), identity)
    return system.make(Writer, arguments, log.actor, near)


def watcher(
    system: ActorSystem, metrics: Callable[[Values], None], page: Page, settings: Settings, near: Placement
) -> Actor:
    """Make the watcher, near the driver: page and state folder are of that machine. `metrics` takes their values."""
    from ess_ray.actors.watcher import Watcher

    log = log_file(settings, "watcher", "watcher")
    return system.make(Watcher, (metrics, page, _log(system, log)), log.actor, near)


def _log(system: ActorSystem, file: LogFile) -> LogFile | None:
    return file if system.logs_apart else None
