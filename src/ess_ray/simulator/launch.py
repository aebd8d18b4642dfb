"""Starts and stops the simulated fleet of a collector (see `fleet`): a child in a session of its own.

The child ends by itself when its standard input closes, so it does not outlive a collector that was killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from types import MappingProxyType, TracebackType
from typing import IO, cast

from ess_ray.core.errors import CannotStart
from ess_ray.core.maps.standard import Table, tree_of
from ess_ray.core.settings import DeviceSettings, Settings, TlsSettings
from ess_ray.simulator.plan import FleetDevice, FleetPlan

START_LIMIT_S = 120.0
STOP_LIMIT_S = 5.0
DIFFERENT_PLANTS = 256  # of one map: a thousand devices in a benchmark are to cost little next to the collector


class SimulatedFleet:
    """Running simulated devices, until `stop` or the end of a with-block.

    `ports` gives the port on 127.0.0.1 of each device, by "site/device"; `authority` the certificate of those in TLS.
    """

    def __init__(
        self,
        standard_tree: Mapping[str, object],
        map_trees: Mapping[str, object],
        devices: Sequence[DeviceSettings],
        seed: int,
        own: Mapping[str, Table] = MappingProxyType({}),
        start_limit_s: float = START_LIMIT_S,
    ) -> None:
        """Start the devices, each on a port of its own, and wait until they listen.

        Raises CannotStart, after which nothing runs, if they do not within `start_limit_s`. The trees are those of the
        configuration, the maps' by name; `own` as in `Settings`. Of `devices` only name, map, unit id and framing
        count.

        A device's own seed comes from `seed` and its name; of very many devices with one map, some show the same plant.
        """
        plan = FleetPlan(
            standard=standard_tree,
            own=tree_of(own),
            maps=map_trees,
            devices=[_fleet_device(device, seed) for device in devices],
        )
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed by stop()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "ess_ray.simulator", "--fleet"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,  # a Ctrl-C at the collector's terminal is the collector's to handle
        )
        self._to_child = cast(IO[bytes], self._child.stdin)
        self._from_child = cast(IO[bytes], self._child.stdout)
        try:
            self.ports, self.authority = self._handshake(plan, time.monotonic() + start_limit_s)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """The process id of the child."""
        return self._child.pid

    def stop(self) -> None:
        """End the devices: waits for the child, and kills it after STOP_LIMIT_S. Calling it again does no harm."""
        with contextlib.suppress(BrokenPipeError):
            self._to_child.close()
        try:
            self._child.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._from_child.close()
        self._errors.close()

    def __enter__(self) -> SimulatedFleet:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _handshake(self, plan: FleetPlan, deadline_s: float) -> tuple[dict[str, int], str]:
        with contextlib.suppress(BrokenPipeError):  # that a child died shows when it prints nothing
            self._to_child.write(json.dumps(plan).encode() + b"\n")
            self._to_child.flush()
        listening = json.loads(self._line(deadline_s))
        return listening["ports"], listening["authority"]

    def _line(self, deadline_s: float) -> bytes:
        """The first line that the child prints."""
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._from_child, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline_s - time.monotonic())):
                    raise CannotStart("the simulated devices did not listen in time: is this machine overloaded?")
                piece = os.read(self._from_child.fileno(), 65536)
                if not piece:
                    raise CannotStart(f"the simulated devices could not start: {self._last_words()}")
                line += piece
        return line

    def _last_words(self) -> str:
        self._child.wait(STOP_LIMIT_S)
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return " / ".join(lines[-3:]) or f"exit code {self._child.returncode}, without a message"


def _fleet_device(device: DeviceSettings, seed: int) -> FleetDevice:
    name = str(device.device)
    own_seed = seed + zlib.crc32(name.encode()) % DIFFERENT_PLANTS
    return FleetDevice(
        name=name,
        endpoint=name,
        map=device.map_name,
        unit_id=device.unit_id,
        seed=own_seed,
        framing=device.framing,
    )


def simulate(settings: Settings, stack: ExitStack) -> Settings:
    """The settings with the host and port of each device in a simulator that is started here and stopped by `stack`.

    Blocks until all devices listen. Raises CannotStart if they do not within START_LIMIT_S.
    """
    fleet = SimulatedFleet(settings.standard_tree, settings.map_trees, settings.devices, settings.seed, settings.own)
    ports = stack.enter_context(fleet).ports
    tls = TlsSettings(authority=fleet.authority)  # instead of the files that the device may have
    devices = tuple(
        replace(d, host="127.0.0.1", port=ports[str(d.device)], tls=tls if d.tls else None) for d in settings.devices
    )
    return replace(settings, devices=devices)
