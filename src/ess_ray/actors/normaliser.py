"""The normaliser: samples of many devices in, bytes for COPY out. Called by the conductor, runs as a pool of actors.

It keeps nothing but decoders, made when a layout is first needed, so any copy can take any call and a lost one loses
nothing. Raises ConfigError for a layout that it was not given.
"""

from __future__ import annotations

from collections.abc import Mapping

from ess_ray.core.errors import ConfigError
from ess_ray.core.flush import Flush
from ess_ray.core.normalise import Decoder, normalise
from ess_ray.core.plan import Plan
from ess_ray.core.registers import RegisterMap
from ess_ray.core.samples import Batch
from ess_ray.core.standard import Standard


class Normaliser:
    """`layouts`: register map and plan by `Plan.layout`."""

    def __init__(self, layouts: Mapping[str, tuple[RegisterMap, Plan]], standard: Standard) -> None:
        self._layouts = layouts
        self._standard = standard
        self._decoders: dict[str, Decoder] = {}

    def ready(self) -> None:
        """The process is up."""

    def normalise(self, batch: Batch, now_us: int, late_us: int) -> Flush:
        """The rows of a batch; `now_us - tick_us > late_us` makes a sample late."""
        return normalise(self._decoder(batch.layout), batch.samples, now_us, late_us)

    def _decoder(self, layout: str) -> Decoder:
        if layout not in self._decoders:
            if layout not in self._layouts:
                raise ConfigError(f"layout {layout}", "no configured device has the register map of these samples")
            self._decoders[layout] = Decoder(*self._layouts[layout], self._standard)
        return self._decoders[layout]
