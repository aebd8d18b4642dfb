"""The dashboards as the files that Grafana reads."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ess_ray.core.maps.standard import Standard
from ess_ray.generate.dashboards.collector import collector
from ess_ray.generate.dashboards.fleet import fleet
from ess_ray.generate.dashboards.plant import plant


def files(standard: Standard) -> Mapping[str, str]:
    """The dashboards as JSON text by file name ("fleet.json"); writes nothing.

    Raises ConfigError for a standard without a table or column that the dashboards show.
    """
    made = {"fleet.json": fleet(), "plant.json": plant(standard), "collector.json": collector()}
    return {name: json.dumps(tree, indent=1, ensure_ascii=False) + "\n" for name, tree in made.items()}
