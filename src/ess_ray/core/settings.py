"""Settings, frozen: made once by `ess_ray.config.load`, which checks them, and handed on as they are.

Names carry units: `_us` is a length of time in microseconds. Keys, limits and defaults: `ess_ray.config.schema`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ess_ray.core.day import ReportSettings
from ess_ray.core.exporting.formats import ObjectFormat
from ess_ray.core.exporting.store import StoreSettings
from ess_ray.core.importing.choices import Choices
from ess_ray.core.maps.plan import Plan
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.core.samples import Device

STATE_DIR = "ess_ray_state"  # the default: a folder where a command is called


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Whom TLS trusts on a device's connection, and what it shows of itself. The files hold PEM.

    `ca_file` None: what the machine trusts. `certificate_file` and `key_file`: both or neither. `server_name`: what the
    device's certificate has to be for; empty: its host. `authority`: PEM instead of a `ca_file`, of simulated devices.
    """

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    server_name: str = ""
    authority: str = field(default="", repr=False)


class Line(NamedTuple):
    """Where a connection leads and how frames travel on it, see `DeviceSettings`."""

    host: str
    port: int
    framing: str
    tls: TlsSettings | None
    tolerate: frozenset[str]
    number: int  # of `DeviceSettings.connections`, from 0


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """How one device is polled. Devices with equal (host, port) share a connection, one behind the other.

    `map_name` is a key of `Settings.maps`. `retries`: how often one request is repeated. `host` is empty for a
    simulated device until the run starts, and for one that the job does not poll. `keep_connection` False: connect
    anew for each poll.
    """

    device: Device
    map_name: str
    host: str
    port: int
    unit_id: int
    plan: Plan
    recipe: str  # how to decode what the plan reads, see `core.maps.recipe`
    period_us: int
    phase_us: int  # delays the reading behind the tick
    connect_timeout_us: int  # name resolution, connection and TLS together
    timeout_us: int  # of one request, from the first byte sent to the last byte received
    poll_limit_us: int  # of one poll, counted from its tick
    retries: int  # of one request within the poll's limit
    connect_pause_us: int  # some gateways need a rest after connecting
    request_pause_us: int  # and between requests
    requests_at_once: int  # of one poll that may be out together, if the device takes them
    connections: int  # to the endpoint, which its unit ids are spread over
    keep_connection: bool
    backoff_max_us: int  # longest pause between two probes of a silent device
    park_retry_us: int  # bad registers are tried again after this
    frozen_after_us: int | None  # for how long all registers have to stay the same; None, 0: it is never called frozen
    framing: str  # of requests and replies: a name in `core.polling.framings.FRAMINGS`
    tls: TlsSettings | None  # of framing "tls" only
    tolerate: frozenset[str]  # what it may get wrong: names in `core.polling.framing.Tolerance`
    placement: frozenset[str]  # what a node of a cluster has to offer to poll it

    @property
    def endpoint(self) -> tuple[str, int]:
        """Host and port: devices with the same endpoint share `connections`."""
        return self.host, self.port

    @property
    def line(self) -> Line:
        """What a connection is made of: another one is needed if any of it changes."""
        number = self.unit_id % self.connections
        return Line(self.host, self.port, self.framing, self.tls, self.tolerate, number)


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Where samples go. `kind`: "embedded" or "timescale"."""

    kind: str
    dsn: str = field(repr=False)  # a secret; empty for the embedded database
    allow_simulated: bool  # simulated samples may go into a server
    late_us: int  # samples stored later than this after their tick are marked late
    chunk_us: int  # length of a hypertable's chunk
    compress_after_us: int  # counted from the chunk's end


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Settings of Ray and of how the work is spread over it. None: the program chooses.

    `ray`: False: everything in one process, without Ray, and `address` is None. `address`: HOST:PORT of a Ray that
    runs, or "auto"; None: a Ray of its own on this machine. `normalisers`: number of processes that decode.
    `dashboard_port` 0: any.
    """

    ray: bool
    address: str | None
    token_file: Path | None  # of the cluster at `address`; None: as the environment says
    devices_per_actor: int | None
    normalisers: int
    dashboard_port: int
    metrics_port: int  # 0: any


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """The bounds of all journals together; beyond either, the oldest samples lose their values.

    `sync`: "full" (a power cut loses nothing that was offered) or "normal" (it may cost the last seconds).
    """

    capacity_bytes: int
    max_age_us: int
    sync: str


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """Where each day of each site goes as objects, and when.

    `first_day`, `last_day`: those of `job=export`, both inclusive; each YYYY-MM-DD, "today" or "yesterday". `parallel`:
    objects at once. `grace_us`: from a site's midnight to the export of its day. `wait_us`: how long the export then
    waits for samples that are still in the journals. `drop_after_us`: age at which chunks are dropped once their days
    are in the store; None: never. `verify`: `job=export` reads the objects back and compares.
    """

    store: StoreSettings | None  # None: nothing is exported
    template: str  # of the objects' names, see `core.exporting.objects`
    formats: tuple[ObjectFormat, ...]
    parallel: int
    grace_us: int
    wait_us: int
    drop_after_us: int | None
    first_day: str  # see `core.day`
    last_day: str
    verify: bool
    removed_site: str | None  # of `job=export`: this one instead of the configured ones
    replace_smaller: bool  # replace objects that hold more than the database has, once they are put aside


@dataclass(frozen=True, slots=True)
class RestoreSettings:
    """The days that `job=restore` brings back, and from where.

    `first_day`, `last_day`: as in `ExportSettings`; both empty: all days that the store has. `table`: only this one;
    None: all. `run`: False is a dry run.
    """

    store: StoreSettings
    first_day: str
    last_day: str
    table: str | None
    run: bool


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """The file that `job=import` reads, and what becomes of it.

    `name`: of the map. `table`: that its columns go to; None: one of the map's name. `folder`: the user's, in which
    `map/` is. `encoding`: of a text; None: found out. `choices`: what the user says of the file.
    """

    file: Path
    name: str
    table: str | None
    folder: Path
    encoding: str | None
    choices: Choices


@dataclass(frozen=True, slots=True)
class SunSpecSettings:
    """The SunSpec device that `job=import` reads with `probe`; None: the `models` of one."""

    probe: ProbeSettings | None
    units: tuple[int, ...]
    models: tuple[tuple[int, int], ...]  # numbers, each with how often what repeats in it is there
    name: str | None  # of the map; None: after the device
    folder: Path  # as of `ImportSettings`


@dataclass(frozen=True, slots=True)
class PageSettings:
    """Host and port on which the page listens; port None: no page, 0: any."""

    host: str
    port: int | None


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """The device that `job=probe` reads, the addresses, and limits on the load that this puts on the device.

    `windows`: (function 1-4, first address, last address), both inclusive. `requests_s`: most requests a second;
    `most_requests`: in all; `most_connections`: at once. `framing`: a key of `core.polling.framings.FRAMINGS`.
    `configured`: the device's settings that differ from the defaults, as they stand in its site's file.
    """

    device: DeviceSettings | None  # None: a device that is not configured
    host: str
    port: int
    unit_id: int
    windows: tuple[tuple[int, int, int], ...]  # function, first and last address
    requests_s: float
    most_requests: int
    most_connections: int
    timeout_us: int
    connect_timeout_us: int
    connect_pause_us: int
    framing: str = "tcp"
    tls: TlsSettings | None = None  # of framing "tls" only
    tolerate: frozenset[str] = frozenset()
    configured: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewSettings:
    """The device that `job=new` tries, and the `folder` of its files, which need not be there. `said`: by words."""

    folder: Path
    said: Mapping[str, str]
    table: ImportSettings | None  # of a vendor, which becomes the map
    address: int | None  # where registers begin; None: to be found
    maps: tuple[str, ...]  # that are there
    probe: ProbeSettings  # limits and times, without an address
    ca_file: Path | None
    as_is: tuple[str, ...]  # words that make other jobs read this folder and its devices


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a job.

    `duration_us`: of the run, from its first tick; None: until it is stopped. `drain_us`: how long the run waits at
    its end for samples to be stored. `summary`: file for the run's summary; None: none is written. `require_complete`:
    exit code 1 unless every expected sample was stored. `simulated`: devices are simulated, with random numbers from
    `seed`. `log_level`: "debug", "info", "warning" or "error". `timezones`: IANA names. `maps` and `map_trees` are by
    the map's name, the trees as `core.maps.mapfile.load_map` takes them. `standard` is the effective one: that of
    `standard_tree`, with `own`, the columns of the user's own by table, behind its tables and columns. `check_format`:
    "terminal" or "json".
    """

    job: str  # a name of `config.jobs`
    state_dir: Path
    duration_us: int | None
    drain_us: int
    summary: Path | None
    require_complete: bool
    simulated: bool
    seed: int
    log_level: str
    timezones: Mapping[str, str]  # by site
    devices: tuple[DeviceSettings, ...]  # of a simulated run: host and port are filled in at the start
    maps: Mapping[str, RegisterMap]
    map_trees: Mapping[str, Mapping[str, object]]  # as composed, for the simulator
    standard: Standard
    standard_tree: Mapping[str, object]
    own: Mapping[str, Table]
    storage: StorageSettings
    journal: JournalLimits
    cluster: ClusterSettings
    report: ReportSettings
    export: ExportSettings
    restore: RestoreSettings | None  # of job=restore only
    page: PageSettings
    adopt: str | None  # of job=journals: the identity of the database whose journals are adopted
    check_format: str
    old_programs: Path | None  # of job=upgrade: the folder of the old PostgreSQL's programs; None: to be looked for
    probe: ProbeSettings | None  # of job=probe only
    importing: ImportSettings | SunSpecSettings | None  # of job=import only
    new: NewSettings | None  # of job=new only
    unchosen_sites: str  # a sentence about site files of the user that are not chosen; empty: there are none
