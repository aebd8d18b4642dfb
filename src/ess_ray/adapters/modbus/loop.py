"""The poller's loop: one thread reads one connection or thousands. Used by the poller, and by `job=check` for one poll.

A `TcpTransport` is the socket of one `core.polling.connection.Connection`, which says what to send and when to wake it.
Sockets are served in batches; the clocks are read once a batch, which takes a millisecond or two.
"""

from __future__ import annotations

import logging
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from threading import Lock, Thread
from typing import TypeVar

from ess_ray.adapters.local.logs import exit_process_on_crash
from ess_ray.adapters.local.notices import Troubles
from ess_ray.adapters.modbus.handshakes import Turns
from ess_ray.adapters.modbus.pdu import ModbusPduCodec
from ess_ray.adapters.modbus.readiness import AT_ONCE, Handler, Readiness
from ess_ray.adapters.modbus.resolver import Resolver
from ess_ray.adapters.modbus.transport import Shared, TcpTransport
from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.counts import PollerCounts
from ess_ray.core.polling.openings import Openings
from ess_ray.core.polling.timers import Timers
from ess_ray.core.running.logfields import about
from ess_ray.core.samples import Device, Event, Sample
from ess_ray.core.settings import DeviceSettings, Line

Result = TypeVar("Result")

log = logging.getLogger(__name__)
troubles = Troubles(__name__)

SPARE_FILES = 256  # of a process, beside its connections
LONGEST_PAUSE_S = 1.0  # of waiting, after which the loop checks whether it is over
# An exception that nobody expects costs its own connection such a pause, and the others nothing.
DEFECT_PAUSE_US = 1_000_000


def now() -> Now:
    """The moment on both clocks, in microseconds: the monotonic one, and the wall clock since 1970 UTC."""
    return Now(time.monotonic_ns() // 1000, time.time_ns() // 1000)


class ModbusLoop:
    """The connections of one process, in a thread that ends when no tick is left.

    `deliver` is called in that thread with each sample and event, so it must not wait; `counts` is counted into.
    """

    def __init__(self, deliver: Callable[[Sample | Event], None], counts: PollerCounts | None = None) -> None:
        self._readiness = Readiness()
        self._timers: Timers[TcpTransport | Turns] = Timers()
        self._openings: Openings[TcpTransport] = Openings()
        self._resolver = Resolver()
        self._shared = Shared(
            self._readiness,
            self._timers,
            self._openings,
            self._resolver,
            ModbusPduCodec(),
            deliver,
            counts or PollerCounts(),
        )
        self._transports: list[TcpTransport] = []
        self._thread = Thread(target=exit_process_on_crash(self._run), name="modbus", daemon=True)
        self._changing = Lock()  # the thread does not end while devices are handed to it
        self._changes = 0  # of devices, handed to the thread and not carried out yet
        self._ended = False

    def poll(
        self, devices: Sequence[DeviceSettings], first_us: int, end_us: int | None, connect_ahead: bool = False
    ) -> Mapping[Device, int] | None:
        """Poll these, every tick in [first_us, end_us), instead of what was polled; what stays as it is goes on.

        Microseconds since 1970 UTC; `end_us` None: without end. What is left out takes its last tick before `first_us`.
        The first call starts the thread; later ones wait until it has carried out the change, which it does at once.
        `connect_ahead`: connect before the first tick, if this is the first call.

        Gives the moment from which the change holds, for every device that is new, changed or gone: `first_us`, or
        behind the last tick that was taken before the thread was given the change. None if the thread has ended:
        nothing is polled, a new loop is needed.
        """
        with self._changing:
            if not self._thread.ident:
                changed_us = self._change(devices, first_us, end_us, now())
                for transport in self._transports if connect_ahead else ():
                    transport.connection.connect_ahead(now())
                self._thread.start()
                return changed_us
            if self._ended:
                return None
            change = self._run_in_thread(lambda moment: self._change(devices, first_us, end_us, moment))
        return change.result()

    def _run_in_thread(self, work: Callable[[Now], Result]) -> Future[Result]:
        """Have `work` done by the thread, in the order of the calls."""
        result: Future[Result] = Future()

        def do(moment: Now) -> None:
            try:
                result.set_result(work(moment))
            except Exception as error:
                result.set_exception(error)
                raise
            finally:
                with self._changing:
                    self._changes -= 1

        self._changes += 1
        self._readiness.call(do)
        return result

    def _change(
        self, devices: Sequence[DeviceSettings], first_us: int, end_us: int | None, moment: Now
    ) -> dict[Device, int]:
        taken: dict[Device, list[range]] = {}
        for transport in self._transports:
            for device, ticks in transport.connection.polled.taken.items():
                taken.setdefault(device, []).extend(ticks)
        by_line: dict[Line, list[DeviceSettings]] = {}
        for settings in devices:
            by_line.setdefault(settings.line, []).append(settings)
        connected = {transport.line for transport in self._transports}
        new = [_transport(line, self._shared) for line in by_line if line not in connected]
        transports = [*self._transports, *new]
        allow_files(len(transports) + SPARE_FILES)
        changed_us: dict[Device, int] = {}
        for transport in transports:
            there = by_line.get(transport.line, ())
            changed_us |= transport.connection.change(there, first_us, end_us, taken)
            transport.rearm(moment)
        self._transports = [transport for transport in transports if transport.connection.busy]
        return changed_us

    def stop(self, end_us: int) -> None:
        """Take no tick at or after `end_us` (microseconds since 1970 UTC), finish polls at work. Does not wait."""
        with self._changing:
            if self._thread.ident and not self._ended:
                self._run_in_thread(partial(self._stop, end_us))

    def _stop(self, end_us: int, moment: Now) -> None:  # noqa: ARG002
        for transport in self._transports:
            transport.connection.stop(end_us)

    @property
    def busy(self) -> bool:
        """True if a poll is at work or a tick still to come."""
        return self._changes > 0 or any(transport.connection.busy for transport in self._transports)

    def settle(self) -> None:
        """Wait until everything is delivered of what has ended so far: a poll is over a moment before its sample is."""
        with self._changing:
            if not self._thread.ident or self._ended:
                return
            settled = self._run_in_thread(lambda moment: None)  # noqa: ARG005
        settled.result()

    def join(self, timeout_s: float) -> None:
        """Wait until no tick is left and all connections are closed, `timeout_s` seconds at most. After `poll` only."""
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
            if self._transports and not self._transports[0].connection.busy:  # or every look would begin with it
                self._drop_ended()
            self._ended = not self.busy
        return self._ended

    def _drop_ended(self) -> None:
        ended = [transport for transport in self._transports if not transport.connection.busy]
        self._transports = [transport for transport in self._transports if transport.connection.busy]
        for transport in ended:
            transport.close()

    def _serve(self, ready: list[tuple[int, int]], moment: Now) -> None:
        """Receive from all, then let all connections work, then send for all: each part stays in the CPU's caches."""
        readers, handlers = self._shared.readers, self._readiness.handlers
        received: list[tuple[TcpTransport, bytes]] = []
        for number, _ in ready:
            transport = readers.get(number)
            if transport is None:
                if handler := handlers.get(number):  # none: a handler called before has closed this socket
                    self._guarded(handler, moment)
                continue
            try:
                received.append((transport, transport.receive(transport.receive_bytes)))
            except BlockingIOError:
                continue
            except OSError:
                received.append((transport, b""))
        for transport, data in received:
            try:
                if not data:
                    transport.lost(moment)
                elif not transport.take_fast(data, moment) and not transport.connection.take(data, moment):
                    transport.rearm(moment)
            except Exception:  # noqa: BLE001  # it is logged, with its trace
                _log_defect(transport)
                transport.look_at(moment.mono_us + DEFECT_PAUSE_US)
        self._send()

    def _look(self, moment: Now) -> None:
        """Wake the connections whose time has come."""
        due = self._timers.due(moment.mono_us)
        for start in range(0, len(due), AT_ONCE):
            moment = now()
            for transport in due[start : start + AT_ONCE]:
                try:
                    transport.look(moment)
                except Exception:  # noqa: BLE001
                    _log_defect(transport)
                    transport.look_at(moment.mono_us + DEFECT_PAUSE_US)
            self._send()

    def _open(self, moment: Now) -> None:
        """Begin the connections that are admitted now."""
        for transport in self._openings.admit(moment.mono_us):
            self._guarded(transport.open, moment)

    def _guarded(self, handler: Handler, moment: Now) -> None:
        try:
            handler(moment)
        except Exception:  # noqa: BLE001
            _log_defect(handler)

    def _send(self) -> None:
        outbox = self._shared.outbox
        for send, adus in outbox:
            try:
                send(adus)
            except OSError:
                continue  # the connection is broken, which shows when it is read
        outbox.clear()

    def _end(self) -> None:
        for transport in self._transports:
            transport.close()
        self._readiness.close()
        self._resolver.close()


def _transport(line: Line, shared: Shared) -> TcpTransport:
    if line.tls is None:
        return TcpTransport(line, shared)
    from ess_ray.adapters.modbus.tls_transport import TlsTransport  # loads OpenSSL, which most pollers do without

    return TlsTransport(line, shared)


def _log_defect(where: object) -> None:
    text = f"program error at {where} (please report the log); polling goes on"
    troubles.met(text, text, about("defect"), logging.ERROR, trace=True)


def allow_files(needed: int) -> None:
    """Raise this process's limit of open files to `needed`, if the machine lets it; else the log has a warning.

    A limit that is higher already stays. Raises nothing.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    except (ValueError, OSError):
        text = (
            "this process needs %d open files and may have %d, so some devices cannot be polled: "
            "raise `ulimit -n` (in a systemd unit: LimitNOFILE)"
        )
        log.warning(text, needed, soft)
