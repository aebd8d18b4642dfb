"""An independent Modbus TCP device (pymodbus), so that client and simulator cannot share one misunderstanding."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer, ModbusTlsServer


@contextmanager
def pymodbus_server(
    registers: Sequence[int], bits: Sequence[bool] = (False,), tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    """The port of a pymodbus server: holding and input registers, coils and discrete inputs from address 0."""
    words, flags = ModbusSequentialDataBlock(1, list(registers)), ModbusSequentialDataBlock(1, list(bits))
    context = ModbusServerContext(ModbusDeviceContext(di=flags, co=flags, hr=words, ir=words), single=True)
    ready, stop = threading.Event(), threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        address = ("127.0.0.1", 0)
        server = ModbusTcpServer(context, address=address)
        if tls:
            server = ModbusTlsServer(context, framer=FramerType.SOCKET, address=address, sslctx=tls)
        await server.listen()
        ports.append(cast(Any, server.transport).sockets[0].getsockname()[1])
        ready.set()
        await asyncio.to_thread(stop.wait)
        await server.shutdown()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield ports[0]
    finally:
        stop.set()
        thread.join(5)
