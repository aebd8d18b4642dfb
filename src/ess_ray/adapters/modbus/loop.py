"""The poller's loop: one thread reads one line or thousands. Used by the poller only.

A `Connection` is the transport of one `Line`; the line says what to send and when to wake it. Frames are pyModbusTCP's.
Connections are served in batches; the clocks are read once a batch, which takes a millisecond or two.
"""

from __future__ import annotations

import logging
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock, Thread

from ess_ray.adapters.local.logs import exit_process_on_crash
from ess_ray.adapters.local.notices import Troubles
from ess_ray.adapters.modbus.connection import Connection, Shared
from ess_ray.adapters.modbus.pdu import PduCodec
from ess_ray.adapters.modbus.readiness import AT_ONCE, Handler, Readiness
from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.openings import Openings
from ess_ray.core.polling.tally import Tallies
from ess_ray.core.polling.timers import Timers
from ess_ray.core.running.logfields import about
from ess_ray.core.samples import Event, Sample
from ess_ray.core.settings import DeviceSettings

log = logging.getLogger(__name__)
troubles = Troubles(__name__)

RESOLVERS = 32  # threads; a name server that does not answer shall leave enough of them for the rest
SPARE_FILES = 256  # of a process, beside its connections
LONGEST_PAUSE_S = 1.0  # then it is looked whether there is still something to do
# An exception that nobody expects may cost its line, not the others.
DEFECT_PAUSE_US = 1_000_000


def now() -> Now:
    """Both clocks, in microseconds."""
    return Now(time.monotonic_ns() // 1000, time.time_ns() // 1000)


class ModbusLoop:
    """All lines of one process, in a thread that ends when no tick is left."""

    def __init__(self, deliver: Callable[[Sample | Event], None], tallies: Tallies | None = None) -> None:
        tallies = tallies or Tallies()
        self._readiness = Readiness()
        self._timers: Timers[Connection] = Timers()
        self._openings: Openings[Connection] = Openings()
        self._resolver = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")
        self._shared = Shared(
            self._readiness, self._timers, self._openings, self._resolver, PduCodec(), deliver, tallies, {}, []
        )
        self._connections: list[Connection] = []
        self._thread = Thread(target=exit_process_on_crash(self._run), name="modbus", daemon=True)
        self._changing = Lock()  # the thread does not end while it is told of devices
        self._changes = 0  # told and not seen to yet
        self._ended = False

    def poll(
        self, devices: Sequence[DeviceSettings], first_us: int, end_us: int | None, connect_ahead: bool = False
    ) -> bool:
        """Poll these, every tick in [first_us, end_us), instead of what was polled; what stays as it is goes on.

        `connect_ahead`: connect before the first tick, if this is the loop's beginning. False: the thread has ended, a
        new loop is needed.
        """
        with self._changing:
            if not self._thread.ident:
                self._change(devices, first_us, end_us, now())
                for connection in self._connections if connect_ahead else ():
                    connection.line.connect_ahead(now())
                self._thread.start()
            elif not self._ended:
                self._have_done(lambda moment: self._change(devices, first_us, end_us, moment))
            return not self._ended

    def _have_done(self, work: Handler) -> None:
        """In the thread, in the order in which it was told."""

        def do(moment: Now) -> None:
            try:
                work(moment)
            finally:
                with self._changing:
                    self._changes -= 1

        self._changes += 1
        self._readiness.call(do)

    def _change(self, devices: Sequence[DeviceSettings], first_us: int, end_us: int | None, moment: Now) -> None:
        lines: dict[tuple[str, int], list[DeviceSettings]] = {}
        for device in devices:
            lines.setdefault(device.endpoint, []).append(device)
        connected = {connection.address for connection in self._connections}
        new = [
            Connection(address, at_address[0].framing, self._shared)
            for address, at_address in lines.items()
            if address not in connected
        ]
        connections = [*self._connections, *new]
        allow_files(len(connections) + SPARE_FILES)
        for connection in connections:
            connection.line.change(lines.get(connection.address, ()), first_us, end_us)
            connection.rearm(moment)
        self._connections = [connection for connection in connections if connection.line.busy]

    def stop(self, end_us: int) -> None:
        """No tick at or after `end_us`; polls at work are finished."""
        with self._changing:
            if self._thread.ident and not self._ended:
                self._have_done(partial(self._stop, end_us))

    def _stop(self, end_us: int, moment: Now) -> None:  # noqa: ARG002
        for connection in self._connections:
            connection.line.stop(end_us)

    @property
    def busy(self) -> bool:
        """Whether a poll is at work or a tick still to come."""
        return self._changes > 0 or any(connection.line.busy for connection in self._connections)

    def join(self, timeout_s: float) -> None:
        """Wait until no tick is left and all connections are closed."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        wait, timers, openings = self._readiness.wait, self._timers, self._openings
        moment = now()
        while True:
            pause_us = min(timers.next_us, openings.next_us) - moment.mono_us
            ready = wait(min(pause_us / 1e6, LONGEST_PAUSE_S) if pause_us > 0 else 0)
            moment = now()
            if ready:
                self._serve(ready, moment)
            elif self._over():
                break
            if timers.next_us <= moment.mono_us:
                self._look(moment)
            if openings.next_us <= moment.mono_us:
                self._open(moment)
        self._end()

    def _over(self) -> bool:
        with self._changing:
            if self._connections and not self._connections[0].line.busy:  # or every look would begin with it
                self._drop_ended()
            self._ended = not self.busy
        return self._ended

    def _drop_ended(self) -> None:
        ended = [connection for connection in self._connections if not connection.line.busy]
        self._connections = [connection for connection in self._connections if connection.line.busy]
        for connection in ended:
            connection.close()

    def _serve(self, ready: list[tuple[int, int]], moment: Now) -> None:
        """Receive from all, then let all lines work, then send for all: each part stays in the processor's caches."""
        readers, handlers, heard = self._shared.readers, self._readiness.handlers, []
        for number, _ in ready:
            connection = readers.get(number)
            if connection is None:
                if handler := handlers.get(number):  # none: another of this batch has let go of it
                    self._guarded(handler, moment)
                continue
            try:
                heard.append((connection, connection.receive(connection.receive_bytes)))
            except BlockingIOError:
                continue
            except OSError:
                heard.append((connection, b""))
        for connection, data in heard:
            try:
                if not data:
                    connection.lost(moment)
                elif not connection.line.received(data, moment):
                    connection.rearm(moment)
            except Exception:  # noqa: BLE001  # it is logged, with its trace
                _defect(connection)
                connection.look_at(moment.mono_us + DEFECT_PAUSE_US)
        self._send()

    def _look(self, moment: Now) -> None:
        """Wake the lines whose time has come."""
        due = self._timers.due(moment.mono_us)
        for start in range(0, len(due), AT_ONCE):
            moment = now()
            for connection in due[start : start + AT_ONCE]:
                try:
                    connection.look(moment)
                except Exception:  # noqa: BLE001
                    _defect(connection)
                    connection.look_at(moment.mono_us + DEFECT_PAUSE_US)
            self._send()

    def _open(self, moment: Now) -> None:
        """Open what there is a place for."""
        for connection in self._openings.admit(moment.mono_us):
            self._guarded(connection.open, moment)

    def _guarded(self, handler: Handler, moment: Now) -> None:
        try:
            handler(moment)
        except Exception:  # noqa: BLE001
            _defect(handler)

    def _send(self) -> None:
        outbox = self._shared.outbox
        for send, frame in outbox:
            try:
                send(frame)
            except OSError:
                continue  # the connection is broken, and tells so where it is read
        outbox.clear()

    def _end(self) -> None:
        for connection in self._connections:
            connection.close()
        self._readiness.close()
        self._resolver.shutdown(wait=False)


def _defect(where: object) -> None:
    text = f"a defect: {where} was not dealt with, and will be looked at again"
    troubles.met(text, text, about("defect"), logging.ERROR, trace=True)


def allow_files(needed: int) -> None:
    """Let this process open so many files, if the machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    except (ValueError, OSError):
        log.warning("needs %d open files, may have %d: raise `ulimit -n`, or poll fewer devices", needed, soft)
