"""Complete days of the shipped plants, put straight into a database: nobody has to wait for one.

`write_ticks` takes the collector's own way (images of the simulated plant, normaliser, FlushWriter) and mixes in what
goes wrong in a plant; `repeat` has the server copy the first minutes of a day over the rest of it, for volume.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date

import psycopg
from psycopg import sql

from ess_ray.adapters.postgres.connect import utc
from ess_ray.adapters.postgres.devices import register_devices
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.core.batch import batch_of
from ess_ray.core.day import Day, choose_day
from ess_ray.core.decoding.normalise import Decoder, normalise
from ess_ray.core.maps.plan import Plan
from ess_ray.core.samples import Device, Event, EventKind, Sample, Status
from ess_ray.core.settings import DeviceSettings, Settings
from ess_ray.core.storing.flush import Flush
from ess_ray.jobs.collect.registrations import configured
from ess_ray.simulator.plant import Plant

PLANTS = ("sionyu", "panri", "hwanggeum6", "seokhwan")
TABLES = ("bank", "rack", "module", "pcs", "etc")
NEVER_LATE_US = 1 << 62
FAR_US = 4_000_000_000_000_000  # in 2096: every day of the tests is over
FLUSH = 500  # samples
# What a person, or a device's vendor, may put into a text.
DETAILS = ('said "no", twice', "two\nlines, and\r\nthree", "", "=1+1", "충전 중; 50 %", "'", ",", '""', " ")


def every(period_s: float) -> list[str]:
    """Words that give all four plants this period."""
    return [f"sites.{site}.devices.gateway.period_s={period_s}" for site in PLANTS]


def day_of(settings: Settings, site: str, day: date) -> Day:
    """The site's local day, which is over."""
    return choose_day(day.isoformat(), settings.timezones[site], FAR_US, 0)


def register(dsn: str, settings: Settings, first_us: int, last_us: int | None = None) -> None:
    """Tables and the history of the settings' devices: there in [first_us, last_us)."""
    prepare(dsn, settings.standard)
    register_devices(dsn, configured(settings), first_us)
    if last_us is not None:
        with psycopg.connect(dsn) as connection:
            connection.execute(
                "UPDATE device SET valid_to = %s WHERE valid_to IS NULL AND site = ANY (%s)",
                [utc(last_us), list(settings.timezones)],
            )


def ticks_of(device: DeviceSettings, start_us: int, end_us: int) -> range:
    """The device's ticks in [start_us, end_us): on the absolute grid."""
    return range(-(-start_us // device.period_us) * device.period_us, end_us, device.period_us)


def write_ticks(dsn: str, settings: Settings, device: DeviceSettings, ticks: Sequence[int], rough: bool = True) -> None:
    """Samples of one device at these ticks and, if `rough`, every trouble that a sample can have."""
    register_map = settings.maps[device.map_name]
    decoder = Decoder(register_map, device.plan, settings.standard)
    plant, writer = Plant(register_map, seed=1), FlushWriter(dsn, collector="tests")
    try:
        for first in range(0, len(ticks), FLUSH):
            some = enumerate(ticks[first : first + FLUSH], first)
            writer.write(flush_of(decoder, [_sample(device, plant, tick_us, rough * index) for index, tick_us in some]))
    finally:
        writer.close()


def flush_of(decoder: Decoder, samples: Sequence[Sample]) -> Flush:
    """The rows of the samples, none of them late."""
    return normalise(decoder, batch_of(samples), 0, NEVER_LATE_US)


def write_events(dsn: str, device: Device, ticks: Sequence[int]) -> None:
    """Events at these ticks, one of each awkward text after the other."""
    writer, kinds = FlushWriter(dsn), list(EventKind)
    events = [
        Event(device, tick_us, kinds[i % len(kinds)], tick_us + 500_000 if i % 3 else None, DETAILS[i % len(DETAILS)])
        for i, tick_us in enumerate(ticks)
    ]
    try:
        writer.write_events(events)
    finally:
        writer.close()


def write_day(dsn: str, settings: Settings, day: date, rough: bool = True) -> None:
    """Write a day of all devices of the settings at their periods, with a tick before it and one after, and events."""
    for device in settings.devices:
        of = day_of(settings, device.device.site, day)
        ticks = ticks_of(device, of.start_us - device.period_us, of.end_us + 1)
        write_ticks(dsn, settings, device, ticks, rough)
        write_events(dsn, device.device, ticks[:: max(1, len(ticks) // 12)])


def fill(dsn: str, settings: Settings, device: DeviceSettings, start_us: int, end_us: int, first_s: int = 600) -> None:
    """Rows in volume: `first_s` of them by the collector's way, copied by the server over the rest."""
    ticks = ticks_of(device, start_us, start_us + first_s * 1_000_000)
    write_ticks(dsn, settings, device, ticks, rough=False)
    repeat(dsn, device.device.site, start_us, end_us, first_s)


def repeat(dsn: str, site: str, start_us: int, end_us: int, first_s: int) -> None:
    """Copy all rows of the site in [start_us, start_us + first_s) as often as [start_us, end_us) takes."""
    times = (end_us - start_us) // (first_s * 1_000_000)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        for table in ("sample", *TABLES):
            name, first = sql.Identifier(table), sql.Identifier(f"first_{table}")
            take = "CREATE TEMP TABLE {} AS SELECT * FROM {} WHERE site = %s AND time >= %s AND time < %s ORDER BY 1"
            bounds = [site, utc(start_us), utc(start_us + first_s * 1_000_000)]
            connection.execute(sql.SQL(take).format(first, name), bounds)
            columns = [column.name for column in connection.execute(f"SELECT * FROM {table} LIMIT 0").description or ()]
            others = sql.SQL(", ").join(map(sql.Identifier, columns[1:]))
            copy = sql.SQL("INSERT INTO {} (time, {}) SELECT time + %s * interval '1 s', {} FROM {}").format(
                name, others, others, first
            )
            with connection.transaction(), connection.cursor() as cursor:
                for number in range(1, times):
                    cursor.execute(copy, [number * first_s])
            connection.execute(sql.SQL("VACUUM ANALYZE {}").format(name))


def _sample(device: DeviceSettings, plant: Plant, tick_us: int, number: int) -> Sample:
    """Complete and plausible at first, then by turns: registers of any kind, some of them missing, none read."""
    image, reason, status = image_of(device.plan, plant, tick_us), None, Status.STORED
    missing: tuple[tuple[int, int], ...] = ()
    match number % 8:
        case 3:
            image = random.Random(number).randbytes(len(image))
        case 5:
            missing, status, reason = ((0, 40), (len(image) - 10, len(image))), Status.PARTIAL, "exception 4"
            for start, end in missing:
                image = image[:start] + bytes(end - start) + image[end:]
        case 7:
            image, status, reason = b"", Status.FAILED, "timeout"
    text = {Status.PARTIAL: "4:0-19,4:300-304", Status.FAILED: "4:0-999"}.get(status)
    requests = len(device.plan.requests)
    return Sample(
        device.device, device.plan.layout, tick_us, status, reason, missing, text, 12.3 + number / 7, requests, 0, image
    )  # fmt: skip


def image_of(plan: Plan, plant: Plant, tick_us: int) -> bytes:
    registers = plant.image(tick_us)
    return b"".join(
        registers[request.function][request.item_bytes * request.address :][: request.item_bytes * request.count]
        for request in plan.requests
    )
