"""What Prometheus makes of the settings, rules and alerts in deploy/prometheus: its own tool, and the server itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest

from tests.ports import unused_port

FOLDER = Path(__file__).parents[2] / "deploy/prometheus"


@pytest.mark.parametrize("words", ["check config prometheus.yml", "check rules rules.yml", "test rules rules_test.yml"])
def test_promtool_accepts(words: str) -> None:
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("no promtool (Debian's package prometheus) on this machine: rules and alerts were not tried")
    done = subprocess.run([promtool, *words.split()], check=False, cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    """Prometheus with our settings, in a hurry, that scrapes what a run of four plants has shown."""
    prometheus = shutil.which("prometheus")
    if not prometheus:
        pytest.skip("no prometheus (Debian's package prometheus) on this machine: its settings were not tried")
    port = unused_port()
    with _serving(SCRAPED) as target:
        settings = (FOLDER / "prometheus.yml").read_text("utf-8").replace("127.0.0.1:9464", target)
        (tmp_path / "prometheus.yml").write_text(settings.replace("interval: 15s", "interval: 1s"), "utf-8")
        shutil.copy(FOLDER / "rules.yml", tmp_path)
        words = [f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"]
        server = subprocess.Popen(
            [prometheus, *words, f"--web.listen-address=127.0.0.1:{port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield lambda query: _ask(port, query)
        finally:
            server.terminate()
            server.wait(20)


SCRAPED = """\
# HELP ray_ess_ray_devices_up devices
# TYPE ray_ess_ray_devices_up gauge
ray_ess_ray_devices_up{Component="core_worker",WorkerId="a",Version="2.60.0",otel_scope_name="x",site="sionyu"} 1.0
ray_ess_ray_devices_up{Component="core_worker",WorkerId="b",Version="2.60.0",otel_scope_name="x",site="sionyu"} 1.0
# TYPE ray_ess_ray_request_seconds_bucket gauge
ray_ess_ray_request_seconds_bucket{WorkerId="a",site="sionyu",le="0.001024"} 8.0
ray_ess_ray_request_seconds_bucket{WorkerId="a",site="sionyu",le="+Inf"} 10.0
# TYPE ray_node_mem_used gauge
ray_node_mem_used{NodeAddress="127.0.0.1"} 7.0
# TYPE ray_tasks gauge
ray_tasks{NodeAddress="127.0.0.1"} 7.0
"""


def test_prometheus_knows_the_metrics_by_their_documented_names(
    asked: Callable[[str], list[dict[str, Any]]],
) -> None:
    deadline_s = time.monotonic() + 30
    while not (recorded := asked("site:ess_ray_devices_up:max")) and time.monotonic() < deadline_s:
        time.sleep(0.2)
    assert [(one["metric"]["site"], one["value"][1]) for one in recorded] == [("sionyu", "1")]
    series = asked("ess_ray_devices_up")
    assert {one["metric"]["WorkerId"] for one in series} == {"a", "b"}
    assert set(series[0]["metric"]) == {"__name__", "WorkerId", "instance", "job", "site"}
    assert len(asked('ess_ray_request_seconds_bucket{le="+Inf"}')) == 1
    names = {one["metric"]["__name__"] for one in asked('{job="ess_ray"}')}
    assert "ray_node_mem_used" in names
    assert not {"ray_tasks", "ray_ess_ray_devices_up"} & names


@contextmanager
def _serving(text: str) -> Iterator[str]:
    """The address where `text` is /metrics."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _ask(port: int, query: str) -> list[dict[str, Any]]:
    url = f"http://127.0.0.1:{port}/api/v1/query?query={quote(query)}"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found
    except OSError:  # it is starting
        return []
