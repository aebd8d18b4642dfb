"""Every PromQL query of the dashboards, answered by a real Prometheus: it scrapes every metric of
`core.running.metrics`, under the names that Ray gives them, with the relabelling of
deploy/prometheus/prometheus.yml."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from ess_ray.core.running.metrics import BUCKETS_S, SERIES
from tests.grafana import FOLDER, PanelQuery, queries
from tests.ports import unused_port

SETTINGS = FOLDER.parent / "prometheus" / "prometheus.yml"
SITES = ("panri", "sionyu")
LIMIT_S = 60.0
VARIABLES = {"$__rate_interval": "10s", "$__range": "1m"}


def exposition() -> str:
    """What a collector shows: all that grows grows by one a second."""
    lines = []
    for name, labels in SERIES.items():
        for site in SITES if "site" in labels else SITES[:1]:
            words = {label: site if label == "site" else f"a {label}" for label in labels} | {"WorkerId": "abc"}
            for place, bound in enumerate([*map(str, BUCKETS_S), "+Inf"] if "le" in labels else [""]):
                said = ",".join(
                    f'{label}="{word}"' for label, word in (words | ({"le": bound} if bound else {})).items()
                )
                value = time.time() * (place + 1) if re.search("_(total|bucket|sum|count)$", name) else 1
                lines.append(f"ray_{name}{{{said}}} {value}\n")
    return "".join(lines)


class Collector(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(exposition().encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus that has scraped the metrics twice."""
    if not (program := shutil.which("prometheus")):
        pytest.skip("no prometheus on this machine (Debian, Ubuntu: apt install prometheus)")
    folder = tmp_path_factory.mktemp("prometheus")
    shown = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    Thread(target=shown.serve_forever, daemon=True).start()
    (folder / "prometheus.yml").write_text(settings(shown.server_port))
    address = f"127.0.0.1:{unused_port()}"
    words = [program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*words, f"--web.listen-address={address}"], stdout=log, stderr=log)
    try:
        wait_until_scraped_twice(address, folder / "log")
        yield address
    finally:
        process.terminate()
        process.wait(30)
        shown.shutdown()
        shown.server_close()


def settings(port: int) -> str:
    """Ours, with this target, more often, and without the rules."""
    tree = yaml.safe_load(SETTINGS.read_text("utf-8"))
    tree["global"] = {"scrape_interval": "1s"}
    tree.pop("rule_files")
    (job,) = tree["scrape_configs"]
    job["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
    return str(yaml.safe_dump(tree))


def wait_until_scraped_twice(address: str, log: Path) -> None:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        try:
            if ask(address, "rate(ess_ray_samples_total[10s])"):
                return
        except urllib.error.URLError:
            pass
        time.sleep(0.2)
    pytest.fail(log.read_text()[-2000:])


def ask(address: str, expression: str) -> list[dict[str, Any]]:
    query = urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(f"http://{address}/api/v1/query?{query}", timeout=30) as answer:
        tree = json.load(answer)
    assert tree["status"] == "success"
    found: list[dict[str, Any]] = tree["data"]["result"]
    return found


@pytest.mark.parametrize("query", queries("prometheus"), ids=lambda query: f"{query}, {query.target['refId']}")
def test_a_query_has_an_answer_with_the_labels_of_its_legend(prometheus: str, query: PanelQuery) -> None:
    expression = query.target["expr"]
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    found = ask(prometheus, expression)
    assert found
    assert all(math.isfinite(float(one["value"][1])) for one in found)
    labels = set(re.findall(r"{{(\w+)}}", query.target["legendFormat"]))
    assert all(labels == set(one["metric"]) for one in found)
