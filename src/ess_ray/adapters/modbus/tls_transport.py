"""The transport of a connection in TLS: TCP as without it, then a handshake, a step each time that the device speaks.

Used by `adapters.modbus.loop` in its thread only. Raises nothing.
"""

from __future__ import annotations

import ssl

from ess_ray.adapters.local.notices import Troubles
from ess_ray.adapters.modbus.handshakes import Loaded
from ess_ray.adapters.modbus.readiness import WRITE
from ess_ray.adapters.modbus.tls import Failure, failure_of
from ess_ray.adapters.modbus.tls_stream import TlsStream
from ess_ray.adapters.modbus.transport import Shared, TcpTransport
from ess_ray.core.polling.cadence import Now
from ess_ray.core.reasons import Reason
from ess_ray.core.running.logfields import about
from ess_ray.core.samples import Device
from ess_ray.core.settings import Line, TlsSettings

troubles = Troubles(__name__)


class TlsTransport(TcpTransport):
    """The socket of a connection in TLS. `_stream` is there once the handshake is over."""

    __slots__ = ("_context", "_reason", "_stream", "_tls")

    def __init__(self, line: Line, shared: Shared) -> None:
        """As of TcpTransport; `line.tls` is given."""
        super().__init__(line, shared)
        assert line.tls
        self._tls: TlsSettings = line.tls
        self._context: ssl.SSLContext
        self._reason: Reason | None = None  # why TLS has failed in this attempt; None: it has not
        self._stream: TlsStream | None = None

    def open(self, now: Now) -> None:  # noqa: ARG002
        """Look at the files, then as of TcpTransport."""
        attempt, self._reason = self._attempt, None

        def in_thread(loaded: Loaded) -> None:
            self._shared.readiness.call(lambda now: self._loaded(attempt, loaded, now))

        self._shared.tls_files.load(self._tls, self, in_thread)

    def close(self) -> None:
        """As of TcpTransport; the device is told of the end of a connection that stands."""
        if self._stream:
            self._stream.close()
            self._stream = None
        super().close()

    def lost(self, now: Now, reason: Reason = Reason.CLOSED) -> None:
        """As of TcpTransport; the reason is TLS if the device has ended it by an alert."""
        if self._stream and self._stream.error:
            failure = failure_of(self._stream.error)
            self._tell(failure)
            reason = failure.reason
        super().lost(now, reason)

    def _loaded(self, attempt: int, loaded: Loaded, now: Now) -> None:
        if attempt != self._attempt:
            return
        if loaded.problem:
            self._tell(Failure(Reason.TLS, f"tls.{loaded.problem}", "what was read before counts until it is mended"))
        if loaded.context:
            self._context = loaded.context
            super().open(now)
        else:
            self._reason = Reason.TLS
            self._try_next(now)

    @property
    def _failed_for(self) -> Reason:
        return self._reason or super()._failed_for

    # --- the handshake -----------------------------------------------------------------------------------------------

    def _reached(self, now: Now) -> None:
        """TCP stands."""
        assert self._socket
        self.connection.connect_late = Reason.TLS
        self._shared.readiness.forget(self._socket)
        try:
            self._socket = self._context.wrap_socket(
                self._socket, do_handshake_on_connect=False, server_hostname=self._tls.server_name or self._host
            )
        except (OSError, ValueError) as error:
            self._on_failure(error, now)
        else:
            self._want_turn(now)

    def _want_turn(self, now: Now) -> None:  # noqa: ARG002
        """The device has said something, or begins to listen."""
        assert self._socket
        self._shared.readiness.forget(self._socket)
        attempt = self._attempt
        self._shared.turns.want(lambda now: self._step(attempt, now))

    def _step(self, attempt: int, now: Now) -> None:
        if attempt != self._attempt:
            return
        connection = self._socket
        assert isinstance(connection, ssl.SSLSocket)
        try:
            connection.do_handshake()
        except ssl.SSLWantReadError:
            self._shared.readiness.watch(connection, self._want_turn)
        except ssl.SSLWantWriteError:
            self._shared.readiness.watch(connection, self._want_turn, WRITE)
        except (OSError, ValueError) as error:
            self._on_failure(error, now)
        else:
            troubles.over(self.line, f"{self._device}: TLS with {self} again", about("tls back", device=self._device))
            self._stream = TlsStream(connection, self._watch)
            self._stand(self._stream.receive, self._stream.send, now)

    def _watch(self, events: int) -> None:
        assert self._socket
        self._shared.readiness.watch(self._socket, self._opened, events)

    def _on_failure(self, error: Exception, now: Now) -> None:
        """There is no TLS with this address; there may be with the next."""
        failure = failure_of(error)
        self._tell(failure)
        self._reason = failure.reason
        self._drop()
        self._try_next(now)

    # --- for a person ------------------------------------------------------------------------------------------------

    def _tell(self, failure: Failure) -> None:
        text = f"{self._device}: no TLS with {self}: {failure.text}: {failure.advice}"
        troubles.met(self.line, text, about("tls failed", device=self._device, reason=failure.reason))

    @property
    def _device(self) -> Device | None:
        """The first of those behind the connection; None: they have all been taken away."""
        return next((device.settings.device for device in self.connection.polled.devices), None)
