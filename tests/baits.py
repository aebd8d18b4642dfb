"""A folder of a stranger, with modules of the names that the program imports: each leaves a trace when it is run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

NAMES = (
    "aiohttp", "argparse", "benchmarks", "ecs_logging", "ess_ray", "google", "hydra", "hydra_plugins", "json", "numpy",
    "omegaconf", "polars", "psycopg", "pyModbusTCP", "ray", "rich", "signal", "yaml",
)  # fmt: skip
TRACES = "traces"
BAIT = "open({traces!r}, 'a').write(__name__ + '\\n')\nraise ImportError('a bait')\n"


def lay_baits(folder: Path, names: Iterable[str] = NAMES) -> Path:
    """Make the folder, with a package of each name."""
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(BAIT.format(traces=str(folder / TRACES)))
    return folder


def taken(folder: Path) -> list[str]:
    """The names of those that were run."""
    traces = folder / TRACES
    return sorted(set(traces.read_text().split())) if traces.exists() else []
