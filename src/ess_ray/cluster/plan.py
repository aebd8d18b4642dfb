"""Who polls what, and which journal is whose: decided once, before the actors are made."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ess_ray.actors.poller import JournalSettings
from ess_ray.adapters.journal_bounds import Limits
from ess_ray.adapters.journal_file import Belonging
from ess_ray.cluster.actors import PollerPlan
from ess_ray.core.conduct import group_lines
from ess_ray.core.settings import DeviceSettings, Settings

SUFFIX = ".journal"


def plan_pollers(settings: Settings, database_identity: str) -> list[PollerPlan]:
    """One plan a poller. Journals are kept by source and database; those without a poller go to the first one."""
    belonging = Belonging("simulated" if settings.simulated else "plant", database_identity)
    folder = journal_folder(settings.state_dir, belonging)
    groups = _groups(settings)
    paths = [folder / f"{group[0].device.site}__{group[0].device.device}{SUFFIX}" for group in groups]
    orphans = sorted(set(folder.glob(f"*{SUFFIX}")) - set(paths))
    limits = Limits(settings.journal.capacity_bytes // len(groups), settings.journal.max_age_us, settings.journal.sync)
    return [
        PollerPlan(
            tuple(group),
            JournalSettings(str(path), belonging, limits, () if number else tuple(str(orphan) for orphan in orphans)),
        )
        for number, (group, path) in enumerate(zip(groups, paths, strict=True))
    ]


def journal_folder(state_dir: Path, belonging: Belonging) -> Path:
    """Where the journals of a source and a database are."""
    return state_dir / "journal" / f"{belonging.source}-{belonging.database}"


def waiting_elsewhere(settings: Settings, database_identity: str) -> list[str]:
    """A line for each folder of journals that belong to another source or database: they are left alone."""
    belonging = Belonging("simulated" if settings.simulated else "plant", database_identity)
    ours = journal_folder(settings.state_dir, belonging)
    return [
        f"samples for another database wait in {folder}: they go there when the job is started with it"
        for folder in sorted((settings.state_dir / "journal").glob("*"))
        if folder != ours and any(folder.glob(f"*{SUFFIX}"))
    ]


def _groups(settings: Settings) -> list[Sequence[DeviceSettings]]:
    lines: dict[tuple[str, int], list[DeviceSettings]] = {}
    for device in settings.devices:
        lines.setdefault(device.line, []).append(device)
    lists = list(lines.values())
    groups = group_lines([len(one) for one in lists], settings.cluster.devices_per_actor, os.cpu_count() or 1)
    return [[device for index in group for device in lists[index]] for group in groups]
