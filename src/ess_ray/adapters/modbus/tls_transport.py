"""The transport of a connection in TLS: TCP as without it, then a handshake, a step each time that the device speaks.

Used by `adapters.modbus.loop` in its thread only. Raises nothing.
"""

from __future__ import annotations

import ssl

from ess_ray.adapters.local.notices import Troubles
from ess_ray.adapters.modbus.handshakes import Loaded
from ess_ray.adapters.modbus.readiness import WRITE
from ess_ray.adapters.modbus.tls import SILENT, failure_of
from ess_ray.adapters.modbus.tls_stream import TlsStream
from ess_ray.adapters.modbus.transport import Shared, TcpTransport
from ess_ray.core.errors import ConfigError
from ess_ray.core.polling.cadence import Now
from ess_ray.core.reasons import Reason
from ess_ray.core.running.logfields import about
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
        self._reason = ""  # why TLS has failed in this attempt; empty: it has not
        self._stream: TlsStream | None = None

    def open(self, now: Now) -> None:  # noqa: ARG002
        """Look at the files, then as of TcpTransport."""
        attempt, self._reason = self._attempt, ""

        def in_thread(loaded: Loaded) -> None:
            self._shared.readiness.call(lambda now: self._loaded(attempt, loaded, now))

        self._shared.tls_files.load(self._tls, self, in_thread)

    def close(self) -> None:
        """As of TcpTransport; the device is told of the end of a connection that stands."""
        if self._stream:
            self._stream.close()
            self._stream = None
        super().close()

    def lost(self, now: Now, reason: str = Reason.CLOSED) -> None:
        """As of TcpTransport; another reason if TLS says why, as devices do that refuse a certificate."""
        if self._stream and self._stream.error:
            reason = failure_of(self._stream.error).reason
        super().lost(now, reason)

    def _loaded(self, attempt: int, loaded: Loaded, now: Now) -> None:
        if attempt != self._attempt:
            return
        self._tell_of_files(loaded.problem)
        if loaded.context:
            self._context = loaded.context
            super().open(now)
        elif loaded.problem:
            self._reason = failure_of(loaded.problem).reason
            self._try_next(now)

    @property
    def _failed_for(self) -> str:
        return self._reason or super()._failed_for

    # --- the handshake -----------------------------------------------------------------------------------------------

    def _reached(self, now: Now) -> None:
        """TCP stands."""
        assert self._socket
        self.connection.connect_late = SILENT.reason
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
            self._stream = TlsStream(connection, self._watch)
            self._stand(self._stream.receive, self._stream.send, now)

    def _watch(self, events: int) -> None:
        assert self._socket
        self._shared.readiness.watch(self._socket, self._opened, events)

    def _on_failure(self, error: Exception, now: Now) -> None:
        """There is no TLS with this address; there may be with the next."""
        self._reason = failure_of(error).reason
        self._drop()
        self._try_next(now)

    def _tell_of_files(self, problem: ConfigError | None) -> None:
        """Tell a person of files that cannot be used, once for all connections that have them."""
        key, action = self._tls, "tls files"
        if problem:
            text = f"tls.{problem}: connections are made with what the files held before, or none are"
            troubles.met(key, text, about(action, error=problem))
        else:
            troubles.over(key, "the files of tls can be used again", about(action))
