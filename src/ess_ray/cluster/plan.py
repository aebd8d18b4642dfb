"""Who polls what, and which journal is whose: decided once, before the actors are made."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ess_ray.actors.poller import JournalSettings
from ess_ray.adapters.journal_bounds import Limits
from ess_ray.adapters.journal_file import Belonging
from ess_ray.cluster.actors import PollerPlan, log_place
from ess_ray.core.conduct import group_lines, place_lines, share
from ess_ray.core.settings import DeviceSettings, Settings

SUFFIX = ".journal"


def plan_pollers(settings: Settings, database_identity: str) -> list[PollerPlan]:
    """One plan a poller. Journals are kept by source and database; those without a poller go to the first one."""
    belonging = _belonging(settings, database_identity)
    folder = journal_folder(settings.state_dir, belonging)
    lines = _lines(settings)
    grouped = group_lines([len(one) for one in lines.values()], _per_actor(settings, lines))
    listed = list(lines.values())
    groups = [[device for index in group for device in listed[index]] for group in grouped]
    paths = [folder / _file_name(group[0]) for group in groups]
    orphans = sorted(set(folder.glob(f"*{SUFFIX}")) - set(paths))
    limits = Limits(settings.journal.capacity_bytes // len(groups), settings.journal.max_age_us, settings.journal.sync)
    return [
        PollerPlan(
            _name(group),
            tuple(group),
            JournalSettings(str(path), belonging, limits, () if number else tuple(str(orphan) for orphan in orphans)),
            log_place(settings, f"poller-{number}", _name(group)),
        )
        for number, (group, path) in enumerate(zip(groups, paths, strict=True))
    ]


def plan_change(settings: Settings, plans: Sequence[PollerPlan]) -> list[PollerPlan]:
    """The plans once `settings` hold: those there are, with the devices that they have then, and new ones."""
    lines = _lines(settings)
    polled = [dict.fromkeys(device.line for device in plan.devices) for plan in plans]
    counts = {line: len(devices) for line, devices in lines.items()}
    placed = place_lines(polled, counts, _per_actor(settings, lines))
    groups = [tuple(device for line in one for device in lines[line]) for one in placed]
    changed = [replace(plan, devices=group) for plan, group in zip(plans, groups, strict=False)]
    for group in groups[len(plans) :]:
        journal, name, number = plans[0].journal, _name(group), 1
        taken = {Path(plan.journal.path).name for plan in changed}
        while (file_name := _file_name(group[0], number)) in taken:  # its old poller polls other devices now
            number += 1
        name += "" if number == 1 else f"~{number}"
        path = str(Path(journal.path).with_name(file_name))
        log = log_place(settings, f"poller-{len(changed)}", name)
        changed.append(PollerPlan(name, group, replace(journal, path=path, adopt=()), log))
    return changed


def journal_folder(state_dir: Path, belonging: Belonging) -> Path:
    """Where the journals of a source and a database are."""
    return state_dir / "journal" / f"{belonging.source}-{belonging.database}"


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


def _lines(settings: Settings) -> dict[tuple[str, int], list[DeviceSettings]]:
    lines: dict[tuple[str, int], list[DeviceSettings]] = {}
    for device in settings.devices:
        lines.setdefault(device.line, []).append(device)
    return lines


def _per_actor(settings: Settings, lines: Mapping[tuple[str, int], Sequence[DeviceSettings]]) -> int:
    counts = [len(devices) for devices in lines.values()]
    return settings.cluster.devices_per_actor or share(counts, os.cpu_count() or 1)


def _name(group: Sequence[DeviceSettings]) -> str:
    """`poller:sionyu/gateway`, with the number of further devices behind it."""
    more = f"+{len(group) - 1}" if len(group) > 1 else ""
    return f"poller:{group[0].device}{more}"


def _file_name(first: DeviceSettings, number: int = 1) -> str:
    more = "" if number == 1 else f"~{number}"
    return f"{first.device.site}__{first.device.device}{more}{SUFFIX}"
