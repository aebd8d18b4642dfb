"""Who polls what, where, and which journal is whose: decided before the actors are made, and when something changes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ess_ray.actors.poller import JournalSettings
from ess_ray.adapters.journal.bounds import Limits
from ess_ray.adapters.journal.file import SUFFIX, Belonging, journal_folder
from ess_ray.adapters.local.logs import LogFile
from ess_ray.cluster.actors import PollerPlan, log_file
from ess_ray.core.running.packing import devices_per_actor, group_endpoints, regroup_endpoints
from ess_ray.core.running.spread import Node, assign, moves
from ess_ray.core.settings import DeviceSettings, Settings

CLUSTER_WAIT_S = 1.0  # for a journal's lock: the poller of a job that was killed is still dying

Line = tuple[str, int]
Lines = dict[Line, list[DeviceSettings]]


def plan_pollers(settings: Settings, database_identity: str, nodes: Sequence[Node] = ()) -> list[PollerPlan]:
    """One plan a poller. Journals are kept by source and database.

    On one machine those without a poller go to the first one; in a cluster, `nodes`, to the keeper of their node.
    """
    belonging = _belonging(settings, database_identity)
    lines = _lines(settings)
    groups = [group for some in _by_placement(lines).values() for group in _grouped(settings, some, nodes)]
    journals = _journals(settings, belonging, groups, bool(nodes))
    chosen = assign([(group[0].placement, len(group)) for group in groups], nodes) if nodes else [None] * len(groups)
    plans = [
        PollerPlan(_name(group), tuple(group), journal, _log(settings, number, group), group[0].placement, node)
        for number, (group, journal, node) in enumerate(zip(groups, journals, chosen, strict=True))
    ]
    return [*plans, *(plan_keeper(plans[0], node) for node in nodes)]


def plan_keeper(like: PollerPlan, node: Node) -> PollerPlan:
    """The keeper of a node."""
    name = f"keeper:{node.host}:{node.id[:6]}"
    log = replace(like.log, name=f"keeper-{node.id[:6]}", actor=name)
    return PollerPlan(name, (), like.journal, log, node=node.id, keeper=True)


def plan_change(settings: Settings, plans: Sequence[PollerPlan], nodes: Sequence[Node] = ()) -> list[PollerPlan]:
    """The plans once `settings` hold: those there are, with the devices that they have then, and new ones."""
    lines = _lines(settings)
    changed = list(plans)
    for placement, some in _by_placement(lines, plans).items():
        numbers = [n for n, plan in enumerate(plans) if plan.placement == placement and not plan.keeper]
        polled = [dict.fromkeys(device.endpoint for device in plans[number].devices) for number in numbers]
        counts = {line: len(devices) for line, devices in some.items()}
        placed = regroup_endpoints(polled, counts, _per_actor(settings, some, nodes))
        groups = [tuple(device for line in one for device in some[line]) for one in placed]
        for number, group in zip(numbers, groups, strict=False):
            changed[number] = replace(plans[number], devices=group)
        for group in groups[len(numbers) :]:
            (node,) = assign([(placement, 1)], nodes) if nodes else (None,)
            changed.append(_another(group, changed, node))
    return changed


def plan_moves(
    settings: Settings, plans: Sequence[PollerPlan], where: Mapping[int, str], nodes: Sequence[Node]
) -> list[PollerPlan]:
    """The plans once every node has its share; those there are if it has it already.

    `where`: the node that a poller is on, by number. A line moves into a poller that is empty there, or a new one.
    """
    lines = _lines(settings)
    placed = {device.endpoint: where[number] for number in where for device in plans[number].devices}
    some = {line: devices for line, devices in lines.items() if line in placed}
    sizes = {line: len(devices) for line, devices in some.items()}
    moved = moves(placed, sizes, {line: devices[0].placement for line, devices in some.items()}, nodes)
    changed = [replace(plan, devices=tuple(d for d in plan.devices if d.endpoint not in moved)) for plan in plans]
    for node in dict.fromkeys(moved.values()):
        coming = {line: some[line] for line, target in moved.items() if target == node}
        for placement, ours in _by_placement(coming).items():
            empty = [
                n for n, plan in enumerate(changed)
                if where.get(n) == node and plan.placement == placement and not plan.devices and not plan.keeper
            ]  # fmt: skip
            for group in _grouped(settings, ours, nodes):
                if empty:
                    number = empty.pop(0)
                    changed[number] = replace(changed[number], devices=tuple(group))
                else:
                    changed.append(_another(tuple(group), changed, node))
    return changed


def waiting_elsewhere(settings: Settings, database_identity: str) -> list[str]:
    """A line for each folder of journals that belong to another source or database: they are left alone."""
    belonging = _belonging(settings, database_identity)
    ours = journal_folder(settings.state_dir, belonging)
    return [
        f"samples for another database wait in {folder}: they go there when the job is started with it"
        for folder in sorted((settings.state_dir / "journal").glob("*"))
        if folder != ours and any(folder.glob(f"*{SUFFIX}"))
    ]


def _belonging(settings: Settings, database_identity: str) -> Belonging:
    return Belonging("simulated" if settings.simulated else "plant", database_identity)


def _lines(settings: Settings) -> Lines:
    lines: Lines = {}
    for device in settings.devices:
        lines.setdefault(device.endpoint, []).append(device)
    return lines


def _by_placement(lines: Lines, plans: Iterable[PollerPlan] = ()) -> dict[frozenset[str], Lines]:
    """The lines by what their nodes have to offer, also for those plans that have none any more."""
    found: dict[frozenset[str], Lines] = {plan.placement: {} for plan in plans if not plan.keeper}
    for line, devices in lines.items():
        found.setdefault(devices[0].placement, {})[line] = devices
    return found


def _grouped(settings: Settings, lines: Lines, nodes: Sequence[Node]) -> list[list[DeviceSettings]]:
    """Which devices share a poller; in a cluster at least one poller a node, if there are lines enough."""
    listed = list(lines.values())
    grouped = group_endpoints([len(one) for one in listed], _per_actor(settings, lines, nodes))
    return [[device for index in group for device in listed[index]] for group in grouped]


def _per_actor(settings: Settings, lines: Lines, nodes: Sequence[Node]) -> int:
    counts = [len(devices) for devices in lines.values()]
    cores = sum(node.cores for node in nodes) if nodes else os.cpu_count() or 1
    return settings.cluster.devices_per_actor or devices_per_actor(counts, cores)


def _journals(
    settings: Settings, belonging: Belonging, groups: Sequence[Sequence[DeviceSettings]], cluster: bool
) -> list[JournalSettings]:
    """One a group."""
    limits = Limits(settings.journal.capacity_bytes // len(groups), settings.journal.max_age_us, settings.journal.sync)
    if cluster:
        place = {"state_dir": str(settings.state_dir), "wait_s": CLUSTER_WAIT_S}
        return [JournalSettings(_file_name(group[0]), belonging, limits, **place) for group in groups]  # type: ignore[arg-type]
    folder = journal_folder(settings.state_dir, belonging)
    paths = [folder / _file_name(group[0]) for group in groups]
    orphans = tuple(str(orphan) for orphan in sorted(set(folder.glob(f"*{SUFFIX}")) - set(paths)))
    return [JournalSettings(str(path), belonging, limits, () if n else orphans) for n, path in enumerate(paths)]


def _another(group: tuple[DeviceSettings, ...], plans: Sequence[PollerPlan], node: str | None) -> PollerPlan:
    """A new poller beside those there are, with a name and a journal of its own."""
    journal, name, number = plans[0].journal, _name(group), 1
    taken = {Path(plan.journal.path).name for plan in plans}
    while (file_name := _file_name(group[0], number)) in taken:  # its old poller polls other devices now
        number += 1
    name += "" if number == 1 else f"~{number}"
    path = str(Path(journal.path).with_name(file_name))
    log = replace(plans[0].log, name=f"poller-{len(plans)}", actor=name)
    return PollerPlan(name, group, replace(journal, path=path, adopt=()), log, group[0].placement, node)


def _log(settings: Settings, number: int, group: Sequence[DeviceSettings]) -> LogFile:
    return log_file(settings, f"poller-{number}", _name(group))


def _name(group: Sequence[DeviceSettings]) -> str:
    """`poller:sionyu/gateway`, with the number of further devices behind it."""
    more = f"+{len(group) - 1}" if len(group) > 1 else ""
    return f"poller:{group[0].device}{more}"


def _file_name(first: DeviceSettings, number: int = 1) -> str:
    more = "" if number == 1 else f"~{number}"
    return f"{first.device.site}__{first.device.device}{more}{SUFFIX}"
