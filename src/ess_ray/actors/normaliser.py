"""The normaliser: samples of many devices in, bytes for COPY out. Called by the conductor, runs as a pool of actors.

It keeps nothing but decoders, made from the recipe when a layout is first seen, so any copy can take any call and a
lost copy loses nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ess_ray.actors.process import ProcessInfo, begin_process
from ess_ray.adapters.local.logs import LogFile, log_to
from ess_ray.core.batch import FAILED_LAYOUT, join, unpack
from ess_ray.core.decoding.normalise import Decoder, normalise, normalise_failed
from ess_ray.core.maps.recipe import follow_recipe
from ess_ray.core.maps.standard import load_standard
from ess_ray.core.storing.flush import Flush


class Normaliser:
    """Decodes samples. `standard_tree`: the data standard as the configuration has it."""

    def __init__(self, standard_tree: Mapping[str, object], log: LogFile | None = None) -> None:
        self._log = log
        self._standard_tree = standard_tree
        self._decoders: dict[str, Decoder] = {}

    def ready(self) -> ProcessInfo:
        """Begin the log and settle the process (`process.begin_process`); gives the process that runs this."""
        log_to(self._log)
        return begin_process()

    def normalise(self, layout: str, recipe: str, batches: Sequence[bytes], now_us: int, late_us: int) -> Flush:
        """The rows of batches of one layout, each as `core.batch.pack` made it, ready for COPY.

        At least one batch. `recipe`: how the layout is decoded, see `core.maps.recipe`; used only when the layout is
        first seen, and not at all for FAILED_LAYOUT, whose samples have no values. `now_us`: microseconds since 1970
        UTC; `now_us - tick_us > late_us` makes a sample late: bit LATE of its rows' `quality`. Raises MapError for a
        recipe that is empty or does not fit the standard, ValueError for a batch that is damaged.
        """
        begun_s = time.perf_counter()
        batch = join([unpack(data) for data in batches])
        if layout == FAILED_LAYOUT:
            flush = normalise_failed(batch)
        else:
            flush = normalise(self._decoder(layout, recipe), batch, now_us, late_us)
        return replace(flush, made_s=time.perf_counter() - begun_s)

    def normalise_together(
        self, together: Sequence[tuple[str, str, Sequence[bytes]]], now_us: int, late_us: int
    ) -> list[Flush]:
        """`normalise` of several layouts in one call: each with recipe and batches. Raises what it does for any."""
        return [self.normalise(layout, recipe, batches, now_us, late_us) for layout, recipe, batches in together]

    def _decoder(self, layout: str, recipe: str) -> Decoder:
        if layout not in self._decoders:
            standard = load_standard(self._standard_tree)
            self._decoders[layout] = Decoder(*follow_recipe(recipe, layout, standard))
        return self._decoders[layout]
