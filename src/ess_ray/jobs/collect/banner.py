"""The banner of the main job: what is collected, on what, and where a person finds it."""

from __future__ import annotations

from collections.abc import Sequence

from ess_ray.adapters.stores.kinds import EXAMPLES
from ess_ray.cluster.platform import Addresses
from ess_ray.core.running.spread import Node
from ess_ray.core.settings import Settings

MOST_LINES = 20  # sites or devices with a line of their own where there is no terminal: a fleet would flood a log


def banner_rows(
    settings: Settings, database: str, pollers: str, addresses: Addresses, nodes: Sequence[Node]
) -> dict[str, str]:
    """The rows: title and text. `database`: its name; `pollers`: in words; `nodes`: none on one machine."""
    registers = sum(request.count for device in settings.devices for request in device.plan.requests)
    sites = _listed(list(settings.timezones), MOST_LINES)
    rows = {
        "sites": f"{sites} ({count_text(len(settings.devices), 'device')} with {registers} registers)",
        "source": "SIMULATED devices on this machine" if settings.simulated else "the plants' own devices",
        "database": database,
        "pollers": pollers,
        "cluster": f"{count_text(len(nodes), 'node')}: {_listed([node.host for node in nodes], MOST_LINES)}",
        "dashboard": addresses.dashboard or "none",
        "dashboard token": str(addresses.token_file or "in the environment, RAY_AUTH_TOKEN"),
        "metrics": addresses.metrics,
        "state folder": str(settings.state_dir),
        "export": settings.export.store.location if settings.export.store else f"off ({EXAMPLES} turns it on)",
    }
    if not settings.cluster.ray:
        del rows["dashboard"], rows["dashboard token"]
    if not nodes:
        del rows["cluster"]
    return rows


def count_text(number: int, noun: str) -> str:
    """`1 device`, `2 devices`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _listed(names: Sequence[str], most: int) -> str:
    """The names with commas between them; of more than `most` the last are only counted."""
    further = [f"{len(names) - most} more"] if len(names) > most else []
    return ", ".join([*names[:most], *further])
