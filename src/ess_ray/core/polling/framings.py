"""The framings by their names, as `DeviceSettings.framing` has them."""

from __future__ import annotations

from collections.abc import Mapping

from ess_ray.core.polling.framing import Framing
from ess_ray.core.polling.rtu_framing import RtuFraming
from ess_ray.core.polling.tcp_framing import TcpFraming

# Modbus/TCP Security (MB-TCP-Security-v21) has the frames of Modbus TCP; TLS itself is the transport's.
FRAMINGS: Mapping[str, type[Framing]] = {"tcp": TcpFraming, "tls": TcpFraming, "rtu": RtuFraming}
