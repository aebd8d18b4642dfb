"""The settings of the export: where to, which days, and one line for what cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from ess_ray.adapters.stores.kinds import KINDS, BucketSettings, FolderSettings
from ess_ray.config.compose import Composed, compose_config
from ess_ray.config.export import export_settings
from ess_ray.config.values import check_groups
from ess_ray.core.day import whole_day
from ess_ray.core.errors import ConfigError
from ess_ray.core.exporting.formats import CSV
from ess_ray.core.exporting.store import StoreSettings
from ess_ray.core.settings import ExportSettings
from ess_ray.jobs.export import choose_days
from tests.flushes import STANDARD
from tests.make import SMALL, changed, make_settings

SERVER = {"storage.kind": "timescale"}
BUCKET = {"export.kind": "gcs", "export.bucket": "ess-days"}
FOLDER = FolderSettings(Path("/state/export"))
S = 1_000_000
MIDNIGHT_US = whole_day(date(2026, 11, 24), "Asia/Seoul").start_us


@pytest.fixture(scope="module")
def composed() -> Composed:
    return compose_config(["site=[sionyu,panri]"], SMALL)


def settings(composed: Composed, changes: Mapping[str, object], job: str = "collect") -> ExportSettings:
    config = changed(composed.config, changes)
    check_groups(config)
    return export_settings(config, Path("/state"), STANDARD, job)


def test_words_of_the_command_line_reach_the_settings() -> None:
    words = ["from=2026-11-01", "to=2026-11-02", "verify=true", "export=gcs", "export.bucket=b-1", "export.parallel=3"]
    template = "days/{table}/{site}-{yyyymmdd}.csv"
    export = make_settings("job=export", "site=sionyu", f"export.name={template}", *words, folder=SMALL).export
    assert (export.first_day, export.last_day, export.verify, export.parallel) == ("2026-11-01", "2026-11-02", True, 3)
    assert export.store == BucketSettings("b-1")
    assert export.template == template
    assert export.formats == (CSV,)


@pytest.mark.parametrize(
    ("changes", "store"),
    [
        ({}, FOLDER),
        ({"export.kind": "none"}, None),
        (SERVER, None),
        (SERVER | {"export.kind": "local"}, FOLDER),
        (SERVER | BUCKET, BucketSettings("ess-days")),
    ],
)
def test_the_embedded_database_is_exported_to_a_folder_and_a_server_where_the_user_says(
    composed: Composed, changes: Mapping[str, object], store: StoreSettings | None
) -> None:
    assert settings(composed, changes).store == store


def test_replacing_what_holds_more_takes_one_site_and_its_day() -> None:
    words = ["job=export", "export.replace=smaller"]
    assert make_settings("site=sionyu", "day=2026-11-22", *words, folder=SMALL).export.replace_smaller
    assert not make_settings("job=export", "site=sionyu", "day=2026-11-22", folder=SMALL).export.replace_smaller
    for others in (["site=[sionyu,panri]", "day=2026-11-22"], ["site=sionyu"], ["site=sionyu", "from=2026-11-22"]):
        with pytest.raises(ConfigError, match=r"one site and its day, as in site=… day=2026-11-22"):
            make_settings(*words, *others, folder=SMALL)


@pytest.mark.parametrize("kind", KINDS.values())
def test_each_kind_of_store_is_chosen_by_the_words_of_its_example(kind: type[StoreSettings]) -> None:
    words = [word.replace("NAME", "ess-days") for word in kind.example.split()]
    assert type(make_settings("site=sionyu", *words, folder=SMALL).export.store) is kind


def test_files_go_below_the_state_folder_unless_a_folder_is_given(composed: Composed) -> None:
    assert settings(composed, {}).store == FOLDER
    assert settings(composed, {"export.kind": "local", "export.folder": "/days"}).store == FolderSettings(Path("/days"))


@pytest.mark.parametrize(
    ("changes", "key", "text"),
    [
        (SERVER | {"job": "export"}, "export", "export=gcs export.bucket=NAME"),
        ({"export.kind": "ftp"}, "export.kind", "is none of auto, local, gcs"),
        ({"export.kind": "gcs"}, "export.bucket", "has to be given"),
        ({"export.kind": "gcs", "export.bucket": "gs://days"}, "export.bucket", "no gs://"),
        ({"export.bucket": "days"}, "export.bucket", "set export=gcs"),
        ({"export.kind": "none", "export.folder": "x"}, "export.folder", "set export=local"),
        (BUCKET | {"export.endpoint": "host"}, "export.endpoint", "http://"),
        (BUCKET | {"export.credentials_file": "no"}, "export.credentials_file", "no file"),
        ({"export.formats": ["csv", "xlsx"]}, "export.formats", "none of csv, parquet"),
        ({"export.formats": []}, "export.formats", "at least one"),
        ({"export.formats": ["csv", "csv"]}, "export.formats", "none twice"),
        ({"export.parallel": 0}, "export.parallel", "not within 1 to"),
        ({"export.grace_s": -1}, "export.grace_s", "not within 0 to"),
        ({"export.wait_s": float("nan")}, "export.wait_s", "not within 0 to"),
        (SERVER | BUCKET | {"export.drop_after": "30"}, "export.drop_after", "30d"),
        ({"export.drop_after": "30d"}, "export.drop_after", "plain tables"),
        (SERVER | {"export.drop_after": "30d"}, "export.drop_after", "only what was exported"),
        ({"export.name": "{site}.csv"}, "export.name", "lacks"),
        ({"export.name": "../{site}_{table}_{yyyymmdd}.csv"}, "export.name", "no name for an object"),
        ({"export.replace": "all"}, "export.replace", "none of never, smaller"),
        ({"export.replace": "smaller"}, "export.replace", "say job=export, one site and its day"),
        ({"last_day": "2026-11-02"}, "from", "is missing"),
        ({"from_": "2026-11-31"}, "from", "is not a day"),
        ({"from_": "2026-11-03", "last_day": "2026-11-02"}, "to", "is before from=2026-11-03"),
    ],
)
def test_what_cannot_be_used_is_one_line(composed: Composed, changes: dict[str, object], key: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(composed, changes, str(changes.pop("job", "collect")))
    assert caught.value.key == key
    assert text in caught.value.problem


def days(now_us: int, first: str, last: str = "yesterday", other_timezone: str = "Asia/Seoul") -> list[tuple[str, str]]:
    timezones = {"sionyu": "Asia/Seoul", "panri": other_timezone}
    return [(site, str(day.date)) for site, day in choose_days(timezones, first, last, 300 * S, now_us)]


def test_days_are_those_of_each_site_oldest_first() -> None:
    closed_us = MIDNIGHT_US + 300 * S
    assert days(closed_us, "yesterday") == [("panri", "2026-11-23"), ("sionyu", "2026-11-23")]
    assert days(closed_us, "2026-11-22", "2026-11-23", "Asia/Tokyo") == [
        ("panri", "2026-11-22"), ("sionyu", "2026-11-22"), ("panri", "2026-11-23"), ("sionyu", "2026-11-23"),
    ]  # fmt: skip
    assert len(days(closed_us, "2026-11-01")) == 2 * 23


@pytest.mark.parametrize(
    ("first", "last"), [("2026-11-23", "2026-11-23"), ("yesterday", "yesterday"), ("today", "today")]
)
def test_a_day_that_is_not_over_is_refused_with_the_time_from_when_it_can_be_exported(first: str, last: str) -> None:
    with pytest.raises(
        ConfigError, match=r"is not over: it can be exported from 2026-11-2[45] 00:05:00 \(Asia/Seoul\)"
    ):
        days(MIDNIGHT_US + 299 * S, first, last)
