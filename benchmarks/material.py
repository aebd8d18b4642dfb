"""What is measured with: the shipped maps, and samples of simulated plants."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import yaml

from ess_ray.config.paths import conf_folder
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.plan import Plan, make_plan
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import Standard, load_standard
from ess_ray.core.samples import Device, Sample, Status

MAPS = ("sionyu", "panri", "hwanggeum6", "seokhwan")
START_US = 1_790_000_000_000_000


@dataclass(frozen=True)
class Layout:
    """A shipped map and what follows from it."""

    standard: Standard
    map: RegisterMap
    plan: Plan

    @property
    def registers(self) -> int:
        """How many registers hold a value."""
        return len({(value.function, value.address + i) for value in self.map.values for i in range(value.width)})


@cache
def layout(name: str) -> Layout:
    """Of the map `name`."""
    standard = load_standard(yaml.safe_load((conf_folder() / "standard/ess.yaml").read_text("utf-8")))
    register_map = load_map(name, yaml.safe_load((conf_folder() / f"map/{name}.yaml").read_text("utf-8")), standard)
    return Layout(standard, register_map, make_plan(register_map))


def samples(name: str, count: int, first: int = 0, device: str = "gateway", seed: int = 1) -> list[Sample]:
    """Complete samples of a simulated plant, one a second."""
    from ess_ray.simulator.plant import Plant

    of = layout(name)
    plant = Plant(of.map, seed)

    def sample(tick_us: int) -> Sample:
        answers = plant.image(tick_us)
        image = b"".join(answers[r.function][2 * r.address : 2 * (r.address + r.count)] for r in of.plan.requests)
        requests = len(of.plan.requests)
        return Sample(
            Device(name, device), of.plan.layout, tick_us, Status.STORED, None, (), None, 12.5, requests, 0, image
        )

    return [sample(START_US + tick * 1_000_000) for tick in range(first, first + count)]
