"""The keys of the configuration: the single place of each key's name, type, default, bounds and meaning.

Plain dataclasses, as OmegaConf wants them. `docs/settings.md` is made of them by `ess_ray.generate.settings_page`;
`ess_ray.config.values` checks bounds and choices and makes the frozen settings. Names carry units: `_s` seconds,
`_h` hours, `_mb` MiB.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ess_ray.adapters.stores.formats import FORMATS
from ess_ray.adapters.stores.kinds import CHOICES
from ess_ray.config.device_schema import DeviceConfig, FleetConfig, NewConfig
from ess_ray.config.jobs import JOBS
from ess_ray.config.rules import DAY_S, LONGEST_S, REQUIRED, setting
from ess_ray.core.importing.choices import BASES, SCALES
from ess_ray.core.maps.order import ORDERS
from ess_ray.core.settings import STATE_DIR

IMPORT_WORDS = ("columns", "sheet", "base", "function", "scale", "order", "encoding", "name", "unit", "models")
ALIASES = {  # keys that have another name in here
    "from": "from_", "to": "last_day",  # keywords of Python cannot be names of fields
    **{word: f"importing.{word}" for word in IMPORT_WORDS},
}  # fmt: skip


@dataclass
class SiteConfig:
    """One plant."""

    timezone: str = setting(REQUIRED, "its time zone, for example Asia/Seoul: where its days begin and end")
    placement: dict[str, int] = setting({}, "what a node has to offer to poll any of its devices")
    devices: dict[str, DeviceConfig] = setting({}, "its devices by name")


@dataclass
class RunConfig:
    """How long the collector runs, and what it writes at the end."""

    duration_s: float | None = setting(
        None, "counted from the first tick that all devices share; null: until Ctrl-C", 1, LONGEST_S
    )
    drain_s: float = setting(30.0, "at the end: how long to wait for what was read to be stored", 0, LONGEST_S)
    summary: str | None = setting(None, "a file to write the run's summary to, as JSON", path=True)
    require_complete: bool = setting(False, "true: exit code 1 unless every expected sample was stored")


@dataclass
class SourceConfig:
    """Where samples come from; chosen by `source=simulated` (default) or `source=plant`."""

    kind: str = setting(REQUIRED, "set by `source=…`", choices=("simulated", "plant"))
    seed: int = setting(1, "of the simulator's random numbers")
    ignore_hosts: bool = setting(
        False,
        "of simulated, true: devices are played although they have a host; the state folder is then `simulated` in "
        "`state_dir`, with a database, journals and exports of its own",
    )


@dataclass
class StorageConfig:
    """Where samples go; chosen by `storage=embedded` (default) or `storage=timescale`."""

    kind: str = setting(REQUIRED, "set by `storage=…`", choices=("embedded", "timescale"))
    dsn: str | None = setting(None, "of timescale: a URL or key=value words; better in the variable ESS_RAY_DSN")
    dsn_file: str | None = setting(None, "of timescale: a file that holds the DSN", path=True)
    allow_simulated: bool = setting(False, "true: simulated samples may go into a server, too")
    late_s: float = setting(60.0, "samples stored later than this after their tick are marked late", 0, LONGEST_S)
    chunk_h: float = setting(24.0, "length of a hypertable's chunk", 1 / 60, LONGEST_S)
    compress_after_h: float = setting(24.0, "when a chunk is compressed, counted from its end", 0, LONGEST_S)


@dataclass
class JournalConfig:
    """Samples are on disk before they go anywhere, until the database has committed them."""

    sync: str = setting(
        "full",
        "full: a power cut loses nothing that was offered; normal: it may cost the last seconds",
        choices=("full", "normal"),
    )
    max_mb: int = setting(
        4096, "of all pollers; then the oldest samples lose their values, which is counted and reported", 1, 1 << 30
    )
    max_age_h: float = setting(168.0, "older samples lose their values, too", 1 / 60, LONGEST_S)


@dataclass
class ClusterConfig:
    """How the work is spread over processes and machines; chosen by `cluster=local`, `none` or `gcp`."""

    ray: bool = setting(True, "false: everything in one process, without Ray and its dashboard")
    address: str | None = setting(None, "of a Ray that runs, HOST:6379 or auto; null: one on this machine")
    token_file: str | None = setting(None, "Ray's token; null: as the environment says", path=True)
    devices_per_actor: str = setting("auto", "a number, or auto: 1 while cores and memory bear a process each")
    normalisers: int = setting(1, "processes that decode", 1, 64)
    dashboard_port: int = setting(8265, "of Ray's dashboard, on loopback, or one of the next nine; 0: any", 0, 65535)
    metrics_port: int = setting(9464, "of the metrics, for Prometheus, or one of the next nine; 0: any", 0, 65535)


@dataclass
class ReportConfig:
    """How `job=report` shows how complete a day was, and what loss it may have."""

    format: str = setting("terminal", "of the report", choices=("terminal", "json", "csv", "html"))
    file: str | None = setting(None, "a file to write it to instead of the terminal", path=True)
    max_loss: float = setting(
        0.0, "percent of the expected samples of a device or table; above it the exit code is 1", 0, 100
    )


@dataclass
class ExportConfig:
    """Where each day of each site goes as objects; `export=…` chooses the kind of store."""

    kind: str = setting(
        REQUIRED, "set by `export=…`; auto: local with the embedded database, none with a server", choices=CHOICES
    )
    folder: str | None = setting(None, "of local; null: `export/` in `state_dir`", path=True)
    bucket: str | None = setting(None, "of gcs: its name; has to be given")
    credentials_file: str | None = setting(
        None, "of gcs: a service account's JSON; null: the machine's credentials", path=True
    )
    endpoint: str | None = setting(None, "of gcs: an emulator or a private endpoint")
    name: str = setting(
        "{site}/{yyyy}/{mm}/{dd}/{yyyymmdd}_{table}.csv", "of each object; its ending becomes that of the format"
    )
    formats: list[str] = setting(["csv"], f"any of {', '.join(FORMATS)}")
    gzip: bool = setting(False, "text formats are compressed, csv as .csv.gz")
    parallel: int = setting(2, "objects at once", 1, 64)
    grace_s: float = setting(300.0, "from a site's midnight to the export of its day", 0, DAY_S)
    wait_s: float = setting(
        3600.0, "how long the export of a day then waits for its samples that are still in the journals", 0, DAY_S
    )
    replace: str = setting(
        "never",
        "smaller, of job=export with one site and day=YYYY-MM-DD: objects that are held are put aside and replaced",
        choices=("never", "smaller"),
    )
    removed_site: str | None = setting(
        None, "of job=export: a site that is no longer configured, instead of the chosen ones"
    )
    drop_after: str | None = setting(
        None, "30d: drop chunks older than that once all of their days are in the store; null: keep everything"
    )


@dataclass
class RestoreConfig:
    """Exported days back into the database, with `job=restore`; `day`, `table` and `from` say which."""

    run: bool = setting(False, "false: read, check and count only; true: insert what the database lacks")


@dataclass
class ImportConfig:
    """How `job=import` reads the file of `from`; `base=1` is short for `importing.base=1`, and so are the others."""

    name: str | None = setting(None, "of the map; null: after the file")
    columns: dict[str, Any] = setting(
        {},
        "of a table, where its headings are not recognised: {address: B, name: C}, by letters, numbers or headings",
    )
    sheet: str | None = setting(None, "of a workbook: this sheet only; null: all that are not hidden")
    base: str | None = setting(
        None,
        "0: addresses are sent as they are printed; 1: they count from 1; modicon: as in 40001, the first digit is the "
        "function and the rest counts from 1",
        choices=BASES,
    )
    function: int | None = setting(None, "function code of registers whose kind a table does not say", 1, 4)
    scale: str | None = setting(None, "what a table's factors do to the raw number", choices=SCALES)
    order: str | None = setting(
        None, "of numbers of several registers, where a table does not say it", choices=tuple(ORDERS)
    )
    encoding: str | None = setting(None, "of a text file: cp949, utf-16 …; null: found out")
    unit: str | None = setting(None, "of a SunSpec device: its unit id, or several as 1..4, a map for each; null: 1")
    models: list[str] = setting(
        [], "from=sunspec without a device: the numbers of its models, 160x2 with what repeats in it there twice"
    )


@dataclass
class JournalsConfig:
    """What waits in the journals of the state folder, listed by `job=journals`."""

    adopt: str | None = setting(
        None, "identity of a database that is gone: what was written for it goes into the one of the settings"
    )


@dataclass
class CheckConfig:
    """How `job=check` shows its findings."""

    format: str = setting("terminal", "of the findings", choices=("terminal", "json"))


@dataclass
class UpgradeConfig:
    """How `job=upgrade` brings an embedded database of an older PostgreSQL to that of this ess_ray."""

    programs: str | None = setting(
        None, "folder `bin` of the old PostgreSQL's programs; null: it is looked for", path=True
    )


@dataclass
class ProbeConfig:
    """What `job=probe` reads; without function, address and count: what the device's map does, else 64 registers."""

    host: str | None = setting(None, "a device that is not configured")
    port: int = setting(502, "of that device", 1, 65535)
    unit_id: int = setting(1, "of that device", 0, 255)
    function: int | None = setting(None, "function code", 1, 4)
    address: int | None = setting(None, "first address, on the wire, from 0", 0, 65535)
    count: int | None = setting(None, "how many registers, coils or inputs", 1, 65536)
    rate: float = setting(10.0, "requests a second, at most", 0.1, 1000)
    most_requests: int = setting(500, "requests in all, at most", 1, 100_000)
    connections: int = setting(8, "connections at once, at most", 1, 64)


@dataclass
class PageConfig:
    """The plants at a glance, in a browser. It asks for no password: leave it on this machine and come through ssh."""

    host: str = setting("127.0.0.1", "where it listens")
    port: int | None = setting(8270, "or the next that is free; 0: any; null: no page", 0, 65535)


@dataclass
class LoggingConfig:
    """The log in the state folder."""

    level: str = setting("info", "how much is written", choices=("debug", "info", "warning", "error"))


@dataclass
class Config:
    """The whole configuration: `sites` and `maps` by name; maps and the standard are trees, as their YAML files are."""

    job: str = setting("collect", "what to do: `--help` shows examples", choices=tuple(JOBS))
    state_dir: str = setting(
        STATE_DIR,
        "folder of journals, embedded database, Ray's folder and logs; made if it is not there",
        path=True,
    )
    day: str = setting(
        "yesterday",
        "of job=report, job=export and job=restore, in each site's time zone: today, yesterday or YYYY-MM-DD; for the "
        "last two also several, as 2026-11-20..2026-11-22, for job=restore also `all`",
    )
    from_: str | None = setting(
        None,
        "`from=…`, of job=export: the first of several days; of job=restore: `bucket`, where job=export puts the "
        "objects, or a folder that has them; of job=import: the file, or `sunspec`",
    )
    table: str | None = setting(
        None,
        "of job=restore: this table only; of job=import: the one that the columns go to, null: one of the map's name",
    )
    last_day: str | None = setting(None, "of job=export: `to=…`, the last of several days; null: yesterday")
    verify: bool = setting(
        False, "of job=export, true: read the objects back and compare them with the ledger and the database"
    )
    device: str | None = setting(
        None,
        "of job=probe: SITE/DEVICE; null: the only one of the chosen sites; of job=import: one of several of the "
        "file, of from=sunspec HOST or HOST:PORT",
    )
    run: RunConfig = field(default_factory=RunConfig)
    source: SourceConfig = field(default_factory=SourceConfig)
    storage: StorageConfig = field(default_factory=StorageConfig)
    journal: JournalConfig = field(default_factory=JournalConfig)
    cluster: ClusterConfig = field(default_factory=ClusterConfig)
    logging: LoggingConfig = field(default_factory=LoggingConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    restore: RestoreConfig = field(default_factory=RestoreConfig)
    importing: ImportConfig = field(default_factory=ImportConfig)
    journals: JournalsConfig = field(default_factory=JournalsConfig)
    check: CheckConfig = field(default_factory=CheckConfig)
    probe: ProbeConfig = field(default_factory=ProbeConfig)
    new: NewConfig = field(default_factory=NewConfig)
    upgrade: UpgradeConfig = field(default_factory=UpgradeConfig)
    page: PageConfig = field(default_factory=PageConfig)
    sites: dict[str, SiteConfig] = field(default_factory=dict)
    fleet: FleetConfig = field(default_factory=FleetConfig)
    maps: dict[str, Any] = field(default_factory=dict)
    standard: dict[str, Any] = field(default_factory=dict)
