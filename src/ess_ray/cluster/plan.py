"""Plans of the pollers: devices, node and journal of each, decided before the actors are made and at every change.

Called by the driver's main thread; calls no actor and does without Ray. Devices behind one endpoint (host, port)
share a connection, so they always share a poller. `nodes`, everywhere: those of the cluster that are up; none on one
machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from pathlib import Path

from ess_ray.actors.poller import JournalSettings
from ess_ray.adapters.journal.bounds import Limits
from ess_ray.adapters.journal.owner import SUFFIX, JournalOwner, journal_folder, journal_owner
from ess_ray.adapters.local import machine
from ess_ray.adapters.local.logs import LogFile
from ess_ray.core.running.packing import devices_per_actor, group_endpoints, regroup_endpoints
from ess_ray.core.running.spread import Node, assign, moves
from ess_ray.core.settings import DeviceSettings, Settings

PACKED = "more than 1/8 of the cores or 1/16 of the memory, without work"
SECOND_US = 1_000_000
EARLY = "while-starting"  # no name of a device's journal: those have two underscores
CLUSTER_WAIT_S = 1.0  # for a journal's lock: the poller of a job that was killed is still dying

Endpoint = tuple[str, int]
Endpoints = dict[Endpoint, list[DeviceSettings]]  # the devices behind each


@dataclass(frozen=True)
class PollerPlan:
    """A poller to be. In a cluster it comes up on `node`; if that is not up, on another that offers `placement`.

    A keeper has no devices and comes up on its node only.
    """

    name: str  # in the Ray dashboard
    devices: tuple[DeviceSettings, ...]
    journal: JournalSettings
    log: LogFile
    placement: frozenset[str] = frozenset()  # resources that a node has to offer
    node: str | None = None  # its id; None: no cluster, or any node
    keeper: bool = False

    @cached_property
    def ticks_at_whole_seconds(self) -> bool:
        """True if no device has a tick between two whole seconds."""
        return not any(device.period_us % SECOND_US or device.phase_us % SECOND_US for device in self.devices)


def plan_pollers(
    settings: Settings, database_identity: str, nodes: Sequence[Node] = (), early: PollerPlan | None = None
) -> list[PollerPlan]:
    """One plan a poller, and in a cluster one a keeper. Journals are kept apart by source and database.

    Journals that no poller has any more go to the first poller, but for that of the `early` one; in a cluster to the
    keeper of their node. Reads the state folder. `database_identity`: as in `adapters.postgres.schema.Known.identity`.
    """
    owner = journal_owner(settings.simulated, database_identity)
    by_placement = _by_placement(_endpoints(settings))
    groups = [group for endpoints in by_placement.values() for group in _grouped(settings, endpoints, nodes)]
    journals = _journals(settings, owner, groups, bool(nodes), early.journal.path if early else "")
    chosen = assign([(group[0].placement, len(group)) for group in groups], nodes) if nodes else [None] * len(groups)
    plans = [
        PollerPlan(_name(group), tuple(group), journal, _log(settings, number, group), group[0].placement, node)
        for number, (group, journal, node) in enumerate(zip(groups, journals, chosen, strict=True))
    ]
    return [*plans, *(plan_keeper(plans[0], node) for node in nodes)]


def plan_early(settings: Settings, database_identity: str) -> PollerPlan:
    """The plan of the poller that reads all devices until the others are there; like a keeper, it gets no new ones."""
    owner = journal_owner(settings.simulated, database_identity)
    path = journal_folder(settings.state_dir, owner) / f"{EARLY}{SUFFIX}"
    limits = Limits(settings.journal.capacity_bytes, settings.journal.max_age_us, settings.journal.sync)
    journal = JournalSettings(str(path), owner, limits)
    return PollerPlan(f"poller:{EARLY}", settings.devices, journal, log_file(settings, EARLY, EARLY), keeper=True)


def plan_keeper(poller: PollerPlan, node: Node) -> PollerPlan:
    """The plan of a node's keeper, with journals and log like those of `poller`."""
    name = f"keeper:{node.host}:{node.id[:6]}"
    log = replace(poller.log, name=f"keeper-{node.id[:6]}", actor=name)
    return PollerPlan(name, (), poller.journal, log, node=node.id, keeper=True)


def plan_change(settings: Settings, plans: Sequence[PollerPlan], nodes: Sequence[Node] = ()) -> list[PollerPlan]:
    """The plans once `settings` are in force: those of `plans` with the devices they have then, and new ones behind.

    `plans`: of all pollers and keepers, in order; each keeps its place, also one without devices. Keepers stay as they
    are.
    """
    changed = list(plans)
    for placement, endpoints in _by_placement(_endpoints(settings), plans).items():
        numbers = [n for n, plan in enumerate(plans) if plan.placement == placement and not plan.keeper]
        polled = [dict.fromkeys(device.endpoint for device in plans[number].devices) for number in numbers]
        counts = {endpoint: len(devices) for endpoint, devices in endpoints.items()}
        regrouped = regroup_endpoints(polled, counts, _per_actor(settings, endpoints, nodes))
        groups = [tuple(device for endpoint in group for device in endpoints[endpoint]) for group in regrouped]
        for number, group in zip(numbers, groups, strict=False):
            changed[number] = replace(plans[number], devices=group)
        for group in groups[len(numbers) :]:
            (node,) = assign([(placement, 1)], nodes) if nodes else (None,)
            changed.append(_another(group, changed, node))
    return changed


def plan_moves(
    settings: Settings, plans: Sequence[PollerPlan], where: Mapping[int, str], nodes: Sequence[Node]
) -> list[PollerPlan]:
    """The plans once every node has its share; equal to `plans` if each has it already.

    `where`: the id of the node that a poller is on, by number, its place in `plans`. An endpoint moves into a poller
    that is empty on its new node, or into a new one; the new ones come last.
    """
    endpoints = _endpoints(settings)
    placed = {device.endpoint: where[number] for number in where for device in plans[number].devices}
    polled = {endpoint: devices for endpoint, devices in endpoints.items() if endpoint in placed}
    sizes = {endpoint: len(devices) for endpoint, devices in polled.items()}
    moved = moves(placed, sizes, {endpoint: devices[0].placement for endpoint, devices in polled.items()}, nodes)
    changed = [replace(plan, devices=tuple(d for d in plan.devices if d.endpoint not in moved)) for plan in plans]
    for node in dict.fromkeys(moved.values()):
        arriving = {endpoint: polled[endpoint] for endpoint, target in moved.items() if target == node}
        for placement, their_endpoints in _by_placement(arriving).items():
            empty = [
                n for n, plan in enumerate(changed)
                if where.get(n) == node and plan.placement == placement and not plan.devices and not plan.keeper
            ]  # fmt: skip
            for group in _grouped(settings, their_endpoints, nodes):
                if empty:
                    number = empty.pop(0)
                    changed[number] = replace(changed[number], devices=tuple(group))
                else:
                    changed.append(_another(tuple(group), changed, node))
    return changed


def packing_text(settings: Settings, plans: Sequence[PollerPlan]) -> str:
    """How the devices are spread over pollers and why, for a person. `plans`: of all pollers."""
    pollers = [plan for plan in plans if not plan.keeper]
    number, endpoints = len(pollers), len(_endpoints(settings))
    if not settings.cluster.ray:
        return f"{number}, in this process (cluster=none)"
    if settings.cluster.devices_per_actor:
        return f"{number} (cluster.devices_per_actor={settings.cluster.devices_per_actor})"
    if number == endpoints:
        return f"{number}, a process for each host and port"
    return f"{number}: a process for each of {endpoints} hosts and ports would cost too much ({PACKED})"


def waiting_elsewhere(settings: Settings, database_identity: str) -> list[str]:
    """A sentence for each folder of journals that belong to another source or database: they are left alone.

    Reads the state folder. `database_identity`: as in `adapters.postgres.schema.Prepared.identity`.
    """
    owner = journal_owner(settings.simulated, database_identity)
    own_folder = journal_folder(settings.state_dir, owner)
    return [
        f"samples for another database wait in {folder}: they go there when the job is started with it; "
        "job=journals lists them"
        for folder in sorted((settings.state_dir / "journal").glob("*"))
        if folder != own_folder and any(folder.glob(f"*{SUFFIX}"))
    ]


def _endpoints(settings: Settings) -> Endpoints:
    endpoints: Endpoints = {}
    for device in settings.devices:
        endpoints.setdefault(device.endpoint, []).append(device)
    return endpoints


def _by_placement(endpoints: Endpoints, plans: Iterable[PollerPlan] = ()) -> dict[frozenset[str], Endpoints]:
    """The endpoints by what a node has to offer for them; those of `plans` too, which may have no endpoint any more."""
    by_placement: dict[frozenset[str], Endpoints] = {plan.placement: {} for plan in plans if not plan.keeper}
    for endpoint, devices in endpoints.items():
        by_placement.setdefault(devices[0].placement, {})[endpoint] = devices
    return by_placement


def _grouped(settings: Settings, endpoints: Endpoints, nodes: Sequence[Node]) -> list[list[DeviceSettings]]:
    """The devices of each poller; in a cluster at least one poller a node, if there are endpoints enough."""
    devices = list(endpoints.values())
    groups = group_endpoints([len(behind) for behind in devices], _per_actor(settings, endpoints, nodes))
    return [[device for index in group for device in devices[index]] for group in groups]


def _per_actor(settings: Settings, endpoints: Endpoints, nodes: Sequence[Node]) -> int:
    """How many devices a poller has at most."""
    counts = [len(devices) for devices in endpoints.values()]
    if settings.cluster.devices_per_actor:
        return settings.cluster.devices_per_actor
    if not settings.cluster.ray:
        return sum(counts)
    cores = sum(node.cores for node in nodes) if nodes else machine.cores()
    memory_bytes = sum(node.memory_bytes for node in nodes) if nodes else machine.memory_bytes()
    return devices_per_actor(counts, cores, memory_bytes)


def _journals(
    settings: Settings, owner: JournalOwner, groups: Sequence[Sequence[DeviceSettings]], cluster: bool, taken: str
) -> list[JournalSettings]:
    """The journal of each group. `taken`: the path of one that has a poller already, or ""."""
    limits = Limits(  # until the first pull says how much each may have
        settings.journal.capacity_bytes // len(groups), settings.journal.max_age_us, settings.journal.sync
    )
    names: list[str] = []
    for group in groups:
        names.append(_file_name(group[0], _file_number(group[0], names)))
    if cluster:
        state_dir = str(settings.state_dir)
        return [JournalSettings(name, owner, limits, state_dir=state_dir, wait_s=CLUSTER_WAIT_S) for name in names]
    folder = journal_folder(settings.state_dir, owner)
    paths = [folder / name for name in names]
    orphans = tuple(str(orphan) for orphan in sorted(set(folder.glob(f"*{SUFFIX}")) - {*paths, Path(taken)}))
    return [JournalSettings(str(path), owner, limits, () if n else orphans) for n, path in enumerate(paths)]


def _another(group: tuple[DeviceSettings, ...], plans: Sequence[PollerPlan], node: str | None) -> PollerPlan:
    """A new poller beside those of `plans`, with a name and a journal of its own."""
    journal, name = plans[0].journal, _name(group)
    number = _file_number(group[0], [Path(plan.journal.path).name for plan in plans])
    name += "" if number == 1 else f"~{number}"
    path = str(Path(journal.path).with_name(_file_name(group[0], number)))
    log = replace(plans[0].log, name=f"poller-{len(plans)}", actor=name)
    # Little, until its first pull says how much it may have: the others have what they were given.
    limits = replace(journal.limits, capacity_bytes=journal.limits.capacity_bytes // (len(plans) + 1))
    return PollerPlan(name, group, replace(journal, path=path, adopt=(), limits=limits), log, group[0].placement, node)


def _log(settings: Settings, number: int, group: Sequence[DeviceSettings]) -> LogFile:
    return log_file(settings, f"poller-{number}", _name(group))


def _name(group: Sequence[DeviceSettings]) -> str:
    """`poller:sionyu/gateway`, with the number of further devices behind it: `poller:sionyu/gateway+7`."""
    further = f"+{len(group) - 1}" if len(group) > 1 else ""
    return f"poller:{group[0].device}{further}"


def _file_number(first: DeviceSettings, taken: Sequence[str]) -> int:
    """The lowest number from 1 with which the journal of a poller with this first device has a name of its own.

    Above 1 if a poller of the device polls others now, and if names hold `__`: a__b/c and a/b__c read alike in a name.
    """
    return next(number for number in count(1) if _file_name(first, number) not in taken)


def _file_name(first: DeviceSettings, number: int) -> str:
    """`sionyu__gateway.journal`, `sionyu__gateway~2.journal`."""
    suffix = "" if number == 1 else f"~{number}"
    return f"{first.device.site}__{first.device.device}{suffix}{SUFFIX}"


def log_file(settings: Settings, name: str, actor: str) -> LogFile:
    """The log file `name` (without its suffix) of the actor with the name `actor`, in the state folder."""
    return LogFile(str(settings.state_dir), name, actor, settings.log_level)
