"""The collector's page over a real database: its data, who may request it, how much there is at most, its looks."""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from ess_ray.adapters.page.data import DAY_DEVICES, PageData
from ess_ray.adapters.page.server import PageServer
from ess_ray.core.running.account import Account
from ess_ray.core.running.curves import MOST_POINTS
from ess_ray.core.running.status import Facts, status_of
from ess_ray.core.samples import Status
from ess_ray.core.settings import DeviceSettings, Settings
from tests.browser import CHROMIUM, Tab, browser_tab
from tests.days import register, ticks_of, write_events, write_ticks
from tests.make import make_settings

SECONDS, GAP = 120, range(40, 70)
HOSTILE = "<img src=x onerror=alert(1)>"
BANNED = ("<script>alert(1)</script>", "' OR 1=1 --", "../../etc/passwd", "\x00", "사이트")


class Page:
    """A page that is served, and a client that sees everything of a response."""

    def __init__(self, dsn: str, settings: Settings) -> None:
        self.data = PageData(dsn, settings.standard, 0)
        queries = {name: getattr(self.data, name) for name in ("devices", "device", "events", "day")}
        self.server = PageServer("127.0.0.1", 0, self.data.run, queries)
        self.url = self.server.start()

    def get(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", int(self.url.rpartition(":")[2]), timeout=20)
        connection.request(method, path, headers=dict(headers or {}))
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, text

    def load(self, path: str) -> Any:
        """The JSON of `/api/PATH`."""
        status, _, text = self.get(f"/api/{path}")
        assert status == 200, text
        return json.loads(text)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return make_settings("site=[sionyu,panri]")


@pytest.fixture(scope="module")
def written(server: str, settings: Settings) -> Iterator[str]:
    """DSN of a database with the last two minutes of two plants, a quarter of which is missing."""
    name = f"ess_ray_page_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        dsn = make_conninfo(server, dbname=name)
        start_us = _start_us()
        register(dsn, settings, start_us)
        for device in settings.devices:
            kept = _kept(device, start_us)
            write_ticks(dsn, settings, device, kept, rough=False)
            write_events(dsn, device.device, kept[:9])
        with psycopg.connect(dsn) as writing:
            writing.execute("INSERT INTO event VALUES (now(), 'sionyu', 'gateway', 'device lost', NULL, %s)", [HOSTILE])
        yield dsn
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def page(written: str, settings: Settings) -> Iterator[Page]:
    now_us = time.time_ns() // 1000
    account = Account(settings.devices, now_us - 9_000_000)
    for device in settings.devices:
        account.devices[device.device].add(now_us, Status.STORED, None)
    served = Page(written, settings)
    served.data.status = status_of(account, Facts(settings.timezones, None, True, "a database"), now_us)
    yield served
    served.server.close()


def _start_us() -> int:
    return (time.time_ns() // 1_000_000_000 - SECONDS) * 1_000_000


def _kept(device: DeviceSettings, start_us: int) -> list[int]:
    ticks = ticks_of(device, start_us, start_us + SECONDS * 1_000_000)
    return [tick_us for number, tick_us in enumerate(ticks) if number not in GAP]


def test_the_status_of_the_run_comes_with_its_age(page: Page) -> None:
    status = page.load("run")
    assert [site["site"] for site in status["sites"]] == ["sionyu", "panri"]
    assert status["sites"][0]["words"] == "ok"
    assert not status["old"]
    assert page.data.status
    page.data.status = replace(page.data.status, now_us=page.data.status.now_us - 60_000_000)
    status = page.load("run")
    assert status["old"]
    assert status["age_s"] >= 60
    assert [site["words"] for site in status["sites"]] == ["collector down"] * 2
    page.data.status = None
    assert page.load("run") == {"sites": None}


def test_curves_are_those_that_the_map_delivers_and_stop_at_a_gap(page: Page) -> None:
    assert page.load("devices?site=panri")["devices"] == ["gateway"]
    data = page.load("device?site=panri&device=gateway&window=15m")
    curves = {curve["name"]: curve for curve in data["curves"]}
    assert [line["label"] for line in curves["bank.bank_soc"]["lines"]] == ["bank 1", "bank 2"]
    moments = [point[0] for point in curves["rack.rack_soc"]["lines"][0]["points"]]
    steps = {round(later - earlier) for earlier, later in pairwise(moments)}
    assert data["step_s"] == 3
    assert max(steps) >= len(GAP)
    assert min(steps) == 3
    low, mean, high = curves["rack.rack_soc"]["lines"][0]["points"][0][1:]
    assert low <= mean <= high
    assert curves["rack.rack_min_cell_voltage"]["pair"]
    racks = next(table for table in data["rows"] if table["table"] == "rack")
    assert len(racks["rows"]) == 17
    assert all(len(row) == len(racks["ids"]) + len(racks["columns"]) for row in racks["rows"])
    assert data["all_curves"].keys() > curves.keys()


def test_every_column_can_be_requested_and_responses_are_limited(page: Page) -> None:
    every = page.load("device?site=sionyu&device=gateway")["all_curves"]
    names = ",".join(list(every)[:12])
    for window in ("15m", "1h", "6h"):
        status, _, text = page.get(f"/api/device?site=sionyu&device=gateway&window={window}&curves={names}")
        assert status == 200
        assert len(text) < 1_000_000
        lines = [line for curve in json.loads(text)["curves"] for line in curve["lines"]]
        assert lines
        assert all(len(line["points"]) <= MOST_POINTS + 1 for line in lines)


def test_the_day_is_a_heat_map_of_samples(page: Page) -> None:
    day = page.load("day?site=sionyu&day=today")
    assert 0 < day["stored"] < day["expected"]
    assert day["html"].count('<svg class="day"') == day["shown"] == day["count"] == 1 <= DAY_DEVICES
    assert page.load("day?site=sionyu&day=today&first=24")["html"] == ""


def test_events_come_newest_first_and_as_they_are(page: Page) -> None:
    events = page.load("events")["events"]
    assert len(events) == 19
    assert events[0]["detail"] == HOSTILE
    times = [event["time_us"] for event in events]
    assert times == sorted(times, reverse=True)
    assert any(event["detail"] == 'said "no", twice' for event in events)


def test_a_request_for_something_that_does_not_exist_is_refused(page: Page) -> None:
    device = "device?site=sionyu&device=gateway"
    paths = [
        "device", "devices?site=", "device?site=sionyu", "device?site=sionyu&device=nobody", "day?site=sionyu&first=-1",
        "device?site=elsewhere&device=gateway", f"{device}&window=9y", f"{device}&curves=bank.nothing",
        f"{device}&curves=sample.status", f"{device}&curves=" + "bank.bank_soc," * 99, "day?site=sionyu&first=1e9",
        f"{device}&curves=bank.master_rack_communication_faults", "day?site=sionyu&day=2026-01-01",
        *(f"device?site=sionyu&device={quote(name)}" for name in BANNED),
        *(f"devices?site={quote(name)}" for name in BANNED),
        *(f"{device}&curves={quote(name)}" for name in BANNED),
    ]  # fmt: skip
    for path in paths:
        status, headers, text = page.get(f"/api/{path}")
        assert status == 400, (path, text)
        assert headers["content-type"].startswith("application/json")
        assert json.loads(text)["error"]


def test_every_response_restricts_what_a_browser_may_do(page: Page) -> None:
    for path in ("/", "/page.js", "/curves.js", "/page.css", "/api/run", "/api/day", "/nothing"):
        _, headers, _ = page.get(path)
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'"), path
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["server"] == "ess_ray"
        assert "access-control-allow-origin" not in headers


def test_the_page_loads_nothing_from_elsewhere(page: Page) -> None:
    for path in ("/", "/page.js", "/curves.js", "/page.css"):
        status, _, text = page.get(path)
        assert status == 200
        assert "https:" not in text
        assert text.replace("http://www.w3.org/2000/svg", "").count("http:") == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_get_is_served(page: Page, method: str) -> None:
    assert page.get("/api/run", method)[0] == 405


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8270", "localhost.evil.example", "127.0.0.1.evil.com", ""]
)
def test_a_request_by_the_name_of_another_host_is_refused(page: Page, host: str) -> None:
    status, _, text = page.get("/api/run", headers={"Host": host})
    assert status in {400, 403}
    assert "sionyu" not in text


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1", "[::1]:8270", "LOCALHOST"])
def test_a_request_by_an_address_or_localhost_is_served_at_any_port(page: Page, host: str) -> None:
    assert page.get("/api/run", headers={"Host": host})[0] == 200


def test_if_the_port_is_taken_the_next_free_port_is_used(page: Page) -> None:
    port = int(page.url.rpartition(":")[2])
    second = PageServer("127.0.0.1", port, page.data.run, {})
    try:
        assert port < int(second.start().rpartition(":")[2]) < port + 10
    finally:
        second.close()


def test_while_the_database_is_away_the_status_of_the_run_is_still_served(settings: Settings) -> None:
    page = Page("host=127.0.0.1 port=1 password=fTz7-planted", settings)
    try:
        page.data.status = status_of(Account(settings.devices, 0), Facts(settings.timezones, None, False, "away"), 1)
        for path in ("device?site=panri&device=gateway", "events", "day?site=panri", "devices?site=panri"):
            status, _, text = page.get(f"/api/{path}")
            assert status == 503, text
            assert "fTz7" not in text
        assert len(page.load("run")["sites"]) == 2
    finally:
        page.server.close()


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    with browser_tab(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


DRAWN = "document.querySelectorAll('#curves path').length > 5 && document.querySelectorAll('#heat rect').length > 0"


@pytest.mark.parametrize("server", ["embedded"], indirect=True)
def test_a_browser_shows_plants_curves_day_and_events_and_logs_no_refusal(page: Page, tab: Tab) -> None:
    tab.console.clear()
    tab.open(f"{page.url}/#panri", 1200, 900)
    tab.wait_for(DRAWN)
    tab.wait_for("document.querySelectorAll('#events tbody tr').length == 19")
    assert tab.evaluate("document.querySelector('#events tbody tr').innerText").endswith(HOSTILE)
    assert tab.evaluate("document.querySelectorAll('#events img').length") == 0
    assert (
        tab.evaluate("[...document.querySelectorAll('#sites .state')].map(state => state.innerText).join()") == "ok,ok"
    )
    assert tab.evaluate("document.getElementById('alarm').hidden")
    assert "bank 2" in tab.evaluate("document.querySelector('#curves .legend').innerText")
    assert tab.evaluate("document.querySelector('#curves .plot').getAttribute('aria-label')").startswith(
        "Bank: state of"
    )
    assert tab.console == []


@pytest.mark.parametrize("server", ["embedded"], indirect=True)
@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_the_page_without_scrolling_sideways_and_keys_reach_everything(
    page: Page, tab: Tab, dark: bool
) -> None:
    tab.open(f"{page.url}/?{dark}", 360, 740, dark)
    tab.wait_for("document.querySelectorAll('#sites a').length == 2")
    tab.call("Page.bringToFront")
    tab.press("Tab", 3)  # past the skip link and the name
    assert tab.evaluate("document.activeElement.getAttribute('href')") == "#sionyu"
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.press("Enter")
    tab.wait_for(DRAWN)
    assert tab.evaluate("document.documentElement.scrollWidth") == 360
    tab.evaluate("document.querySelector('.plot').focus()")
    newest = tab.evaluate("document.querySelector('figcaption output').innerText")
    tab.press("ArrowLeft", 3)
    assert tab.evaluate("document.querySelector('figcaption output').innerText").count(":") == newest.count(":") + 2
    darkness = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (darkness == "rgb(255, 255, 255)") is not dark


@pytest.mark.parametrize("server", ["embedded"], indirect=True)
def test_old_values_never_look_new(page: Page, tab: Tab) -> None:
    tab.open(f"{page.url}/?old", 1200, 900)
    tab.wait_for("document.querySelectorAll('#sites .ok').length == 2")
    status = page.data.status
    assert status
    page.data.status = replace(status, now_us=status.now_us - 60_000_000)
    tab.wait_for("document.getElementById('alarm').innerText.startsWith('The collector has sent no status since')")
    assert tab.evaluate("document.querySelectorAll('#sites .down').length") == 2
    page.data.status = status
    tab.wait_for("document.getElementById('alarm').hidden")
    page.server.close()
    tab.wait_for("document.getElementById('alarm').innerText.startsWith('No response from the collector since')")
    assert tab.evaluate("document.querySelectorAll('#sites .ok').length") == 0
    assert tab.evaluate("document.body.classList.contains('old')")
