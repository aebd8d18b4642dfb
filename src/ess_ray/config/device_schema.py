"""The keys of a device, the part of `config.schema` that is about devices: see there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ess_ray.config.rules import DAY_S, LONGEST_S, REQUIRED, setting
from ess_ray.core.polling.framing import TOLERANCES, Tolerance
from ess_ray.core.polling.framings import FRAMINGS


@dataclass
class TlsConfig:
    """Of a device with `framing: tls`: whom its connection trusts and what it shows. All files hold PEM."""

    ca_file: str | None = setting(
        None,
        "the authority that signed the device's certificate, or that certificate itself; null: the machine's own",
        path=True,
    )
    certificate_file: str | None = setting(
        None, "the certificate that is shown to a device that asks for one", path=True
    )
    key_file: str | None = setting(None, "its key, without a password and readable by its owner only", path=True)
    server_name: str | None = setting(
        None, "the name or address that the device's certificate has to be for; null: `host`"
    )


@dataclass
class DeviceConfig:
    """One device. Devices behind one host and port share a connection, one behind the other."""

    map: str = setting(REQUIRED, "its register map: a file of `map/`, without `.yaml`")
    variant: str | None = setting(None, "which variant of its map, if that has any")
    ids: dict[str, Any] = setting({}, "identity columns that its map leaves to the device, as {rack_id: 3}")
    parameters: dict[str, Any] = setting({}, "other values that its map leaves to the device, as {ct_ratio: 20}")
    host: str | None = setting(None, "name or address; has to be given with source=plant")
    port: int | None = setting(None, "TCP port; null: 502, with framing=tls 802", 1, 65535)
    unit_id: int = setting(1, "unit identifier of Modbus", 0, 255)
    period_s: float | None = setting(None, "from one poll to the next; null: as the map says", 0.1, DAY_S)
    phase_s: float = setting(0.0, "delays the reading, not the tick; at most one period", 0, DAY_S)
    max_registers: int = setting(125, "most registers of one request", 1, 125)
    max_bits: int = setting(2000, "most coils or discrete inputs of one request", 1, 2000)
    borders: list[int] = setting([], "addresses at which a request has to begin, whatever lies before them", 0, 65535)
    connect_timeout_s: float = setting(2.0, "for name resolution, connection and TLS together", 0.01, LONGEST_S)
    timeout_s: float = setting(
        1.0, "of one request, from the first byte sent to the last byte received", 0.01, LONGEST_S
    )
    poll_limit_s: float | None = setting(None, "of one poll, counted from its tick; null: two periods", 0.01, LONGEST_S)
    retries: int = setting(1, "how often one request is repeated within the poll's limit", 0, 10)
    connect_pause_s: float = setting(0.0, "some gateways need a rest after connecting", 0, LONGEST_S)
    request_pause_s: float = setting(0.0, "some gateways need a rest between requests", 0, LONGEST_S)
    requests_at_once: int = setting(  # most: NumberMaxOfServerTransaction in MODBUS Messaging on TCP/IP
        1, "requests of one poll that may be in flight together, for devices that take them", 1, 16
    )
    connections: int = setting(1, "to its gateway, which its unit ids are spread over; most gateways take one", 1, 16)
    keep_connection: bool = setting(True, "false: connect anew for each poll")
    backoff_max_s: float = setting(
        10.0, "longest pause between two probes of a device that has been silent for a minute", 0, LONGEST_S
    )
    park_retry_s: float = setting(600.0, "until registers that the device refuses are tried again", 1, LONGEST_S)
    frozen_after_s: float | None = setting(
        60.0, "a device whose registers all stay the same for so long is called frozen; null or 0: never", 0, LONGEST_S
    )
    framing: str = setting("tcp", "how requests travel; rtu: as on a serial line; tls: in TLS", choices=tuple(FRAMINGS))
    tls: TlsConfig = field(default_factory=TlsConfig)
    tolerate: list[str] = setting([], f"what the device may get wrong: {TOLERANCES}", choices=tuple(Tolerance))
    placement: dict[str, int] = setting({}, "what a node of a cluster has to offer to poll it, as {NAME: 1}")


@dataclass
class FleetConfig(DeviceConfig):
    """Many devices of one kind on consecutive ports of one host, with `site=fleet`; besides, all keys of a device."""

    map: str = setting("", "the register map of all; `site=fleet` takes sionyu")
    devices: int = setting(0, "how many, d0000 at `fleet.port`, d0001 at the next port …; `site=fleet` takes 1000")
    spread_s: float = setting(0.0, "spreads the readings over this part of the period, device by device", 0, DAY_S)


@dataclass
class NewConfig:
    """The device that `job=new` tries and writes files for; on a terminal it asks for what is not said."""

    site: str | None = setting(None, "name of the site; null: my_plant")
    timezone: str | None = setting(None, "of the site; null: that of this machine")
    device: str | None = setting(None, "name of the device; null: gateway")
    host: str | None = setting(None, "its name or address; has to be said where there is no terminal")
    port: int | None = setting(None, "its TCP port; null: 502", 1, 65535)
    unit_id: int | None = setting(None, "its unit identifier; null: 1, or another one that answers", 0, 255)
    map: str | None = setting(None, "a register map that is there; null: one to begin with is made of what is read")
    table: str | None = setting(None, "a vendor's register table, of which a map is made as by `job=import`", path=True)
    address: int | None = setting(
        None, "where its registers begin, on the wire; null: SunSpec and usual addresses are tried", 0, 65535
    )
    ca_file: str | None = setting(None, "of a device in TLS: whom to trust, as tls.ca_file", path=True)
