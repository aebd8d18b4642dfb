"""The PDUs of read requests and their replies, built and checked by pyModbusTCP. Headers: `core.polling.framing`.

pyModbusTCP is used through private methods (`_req_pdu`, `_recv_pdu`, `_recv_all`), so its version is pinned and
`tests/contract/test_modbus.py` holds it to what is used here. Only functions 1-4 can be built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from pyModbusTCP.client import ModbusClient
from pyModbusTCP.constants import MB_NO_ERR

from ess_ray.core.maps.plan import Request
from ess_ray.core.polling.framing import PREPARED_REQUESTS
from ess_ray.core.polling.tcp_framing import MBAP
from ess_ray.core.reasons import Reason, bad_length_reason


class ModbusPduCodec(ModbusClient):  # type: ignore[misc]  # pyModbusTCP carries no types
    """pyModbusTCP without its socket: PDUs of requests out, PDUs of replies in. Keeps no connection's state."""

    def __init__(self) -> None:
        super().__init__()
        self._sock.close()  # its constructor opens one
        self._built = b""  # the request's PDU that was built last
        self._received = b""  # what pyModbusTCP still has to read of a reply, with an MBAP header in front
        self._build_once = lru_cache(maxsize=PREPARED_REQUESTS)(self._build)  # devices of one map are sent the same
        self._read_functions: Mapping[int, Callable[[int, int], object]] = {
            1: self.read_coils,
            2: self.read_discrete_inputs,
            3: self.read_holding_registers,
            4: self.read_input_registers,
        }

    def build(self, request: Request) -> bytes:
        """The request's PDU (V1.1b3, sections 6.1-6.4), from the function code on: no header, no unit id.

        Raises ValueError for any function but 1-4, and for addresses and counts that Modbus does not allow.
        """
        return self._build_once(request.function, request.address, request.count)

    def _build(self, function: int, address: int, count: int) -> bytes:
        if function not in self._read_functions:
            raise ValueError(f"function {function} is not a read function")
        self._read_functions[function](address, count)
        return self._built

    def check(self, pdu: bytes, request: Request) -> bytes | int | str:
        """The data of a good reply, an exception's code as an int, or why `pdu` is no reply to `request`.

        Why: the text of a reason (`core.reasons`).

        Data: two bytes a register, big end first; for functions 1 and 2 one byte a bit, 0 or 1. `pdu` begins with the
        function code.
        """
        self._received = MBAP.pack(self._transaction_id, 0, 1 + len(pdu)) + bytes([self._unit_id]) + pdu
        try:
            checked: bytes = self._recv_pdu()
        except ModbusClient._ModbusExcept as error:
            return error.code if pdu[0] == request.function | 0x80 else Reason.BAD_FUNCTION
        except ModbusClient._NetworkError:
            return Reason.BAD_LENGTH
        if checked[0] != request.function:
            return Reason.BAD_FUNCTION
        for data_bytes in (checked[1], len(checked) - 2):  # as the reply says, and what came
            if data_bytes != request.reply_bytes:
                return bad_length_reason(data_bytes, request.reply_bytes)
        return checked[2:] if request.function > 2 else unpack_bits(checked[2:], request.count)

    def _req_pdu(self, tx_pdu: bytes, rx_min_len: int = 2) -> bytes:  # noqa: ARG002
        """pyModbusTCP's way to send a PDU and wait for its reply: here the PDU is kept, and there is no reply."""
        self._built = tx_pdu
        raise ModbusClient._NetworkError(MB_NO_ERR, "built, not sent")

    def _recv_all(self, size: int) -> bytes:
        """pyModbusTCP's way to the bytes of a reply: here they lie ready."""
        piece, self._received = self._received[:size], self._received[size:]
        return piece

    def __del__(self) -> None:
        """Nothing to close."""


def unpack_bits(data: bytes, count: int) -> bytes:
    """One byte, 0 or 1, for each bit; the first is the least significant of the first byte (V1.1b3, 6.1)."""
    number = int.from_bytes(data, "little")
    return bytes(number >> i & 1 for i in range(count))
