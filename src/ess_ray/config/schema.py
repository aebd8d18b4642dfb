"""What may stand in the configuration: names, types, defaults. Plain dataclasses, as OmegaConf wants them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING


@dataclass
class DeviceConfig:
    """One device; what is null is taken from its map or worked out."""

    map: str = MISSING
    host: str | None = None
    port: int = 502
    unit_id: int = 1
    period_s: float | None = None
    phase_s: float = 0.0
    max_registers: int = 125
    max_bits: int = 2000
    connect_timeout_s: float = 2.0
    timeout_s: float = 1.0
    poll_limit_s: float | None = None
    retries: int = 1
    connect_pause_s: float = 0.0
    request_pause_s: float = 0.0
    requests_at_once: int = 1
    keep_connection: bool = True
    backoff_max_s: float = 10.0
    park_retry_s: float = 600.0
    placement: dict[str, int] = field(default_factory=dict)


@dataclass
class FleetConfig(DeviceConfig):
    """Many devices of one kind, on consecutive ports of one host; it is `site=fleet` that gives it devices."""

    map: str = ""
    devices: int = 0
    spread_s: float = 0.0


@dataclass
class SiteConfig:
    """One plant."""

    timezone: str = MISSING
    placement: dict[str, int] = field(default_factory=dict)
    devices: dict[str, DeviceConfig] = field(default_factory=dict)


@dataclass
class RunConfig:
    """How long, and what is written at the end."""

    duration_s: float | None = None
    drain_s: float = 30.0
    summary: str | None = None
    require_complete: bool = False


@dataclass
class SourceConfig:
    """Where samples come from: simulated or plant."""

    kind: str = MISSING
    seed: int = 1


@dataclass
class StorageConfig:
    """Where samples go: embedded or timescale."""

    kind: str = MISSING
    dsn: str | None = None
    dsn_file: str | None = None
    allow_simulated: bool = False
    late_s: float = 60.0
    chunk_h: float = 24.0
    compress_after_h: float = 24.0


@dataclass
class JournalConfig:
    """How long samples wait on disk for the database."""

    sync: str = "full"
    max_mb: int = 4096
    max_age_h: float = 168.0


@dataclass
class ClusterConfig:
    """How the work is spread."""

    address: str | None = None
    token_file: str | None = None
    devices_per_actor: str = "auto"
    normalisers: int = 1
    dashboard_port: int = 8265
    metrics_port: int = 9464


@dataclass
class ReportConfig:
    """How job=report tells how complete a day was, and what loss it may have."""

    format: str = "terminal"
    file: str | None = None
    max_loss: float = 0.0


@dataclass
class ExportConfig:
    """Where each day of each site goes as objects: `adapters.stores.kinds` has the kinds and the keys of each."""

    kind: str = MISSING
    folder: str | None = None  # of local; null: export/ in state_dir
    bucket: str | None = None  # of gcs: its name; has to be given
    credentials_file: str | None = None  # of gcs: a service account's JSON; null: the machine's own credentials
    endpoint: str | None = None  # of gcs: of an emulator or a private endpoint
    name: str = MISSING
    formats: list[str] = field(default_factory=lambda: ["csv"])
    gzip: bool = False
    parallel: int = 2
    grace_s: float = 300.0
    wait_s: float = 3600.0
    drop_after: str | None = None


@dataclass
class CheckConfig:
    """How job=check tells what it found."""

    format: str = "terminal"


@dataclass
class ProbeConfig:
    """What job=probe asks a device; host, port and unit_id are for one that is not configured."""

    host: str | None = None
    port: int = 502
    unit_id: int = 1
    function: int | None = None
    address: int | None = None
    count: int | None = None
    rate: float = 10.0
    most_requests: int = 500
    connections: int = 8


@dataclass
class PageConfig:
    """Where the page listens; a port of null: no page."""

    host: str = "127.0.0.1"
    port: int | None = 8270


@dataclass
class LoggingConfig:
    """How much is written to the log in the state folder."""

    level: str = "info"


@dataclass
class Config:
    """The whole configuration."""

    job: str = "collect"
    state_dir: str = "ess_ray_state"
    day: str = "yesterday"
    first_day: str | None = None  # from=…, which Python keeps for itself
    last_day: str | None = None  # to=…
    verify: bool = False
    device: str | None = None
    run: RunConfig = field(default_factory=RunConfig)
    source: SourceConfig = field(default_factory=SourceConfig)
    storage: StorageConfig = field(default_factory=StorageConfig)
    journal: JournalConfig = field(default_factory=JournalConfig)
    cluster: ClusterConfig = field(default_factory=ClusterConfig)
    logging: LoggingConfig = field(default_factory=LoggingConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    check: CheckConfig = field(default_factory=CheckConfig)
    probe: ProbeConfig = field(default_factory=ProbeConfig)
    page: PageConfig = field(default_factory=PageConfig)
    sites: dict[str, SiteConfig] = field(default_factory=dict)
    fleet: FleetConfig = field(default_factory=FleetConfig)
    maps: dict[str, Any] = field(default_factory=dict)
    standard: dict[str, Any] = field(default_factory=dict)
