"""deploy/, as far as it can be looked at without a Docker engine: each file against its schema, against the others, and
against the package; its scripts are run.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

from ess_ray import __version__
from ess_ray.adapters.postgres.embedded.process import find_bin_dir
from ess_ray.config.arguments import arguments
from ess_ray.config.compose import compose_config
from ess_ray.config.load import load_settings
from ess_ray.core.running.logfields import FIELDS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
STAYING = sorted(name for name, service in SERVICES.items() if service["restart"] == "unless-stopped")
SECRET = re.compile(r"PASSWORD|_KEY|TOKEN|SECRET")
SECONDS = {"s": 1, "m": 60}


def example() -> dict[str, str]:
    lines = (DEPLOY / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def filled(text: str, values: dict[str, str]) -> str:
    """As compose puts variables in."""
    return re.sub(r"\$\{(\w+)(?::[-?][^}]*)?\}", lambda found: values[found[1]], text)


def test_the_compose_file_is_one_by_the_specification() -> None:
    program = Path(sys.executable).with_name("check-jsonschema")
    command: list[str | Path] = [program, "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


def test_every_variable_is_in_the_example_and_every_one_there_is_used() -> None:
    used = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    assert used | {"COMPOSE_PROFILES"} == set(example())


def test_no_password_is_in_any_file() -> None:
    values = example()
    assert {name for name in values if SECRET.search(name) and values[name]} == set()
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            if SECRET.search(key) or SECRET.search(str(value)):
                assert re.search(r"\$\{[A-Z_]+:\?", value), (name, key)
    assert "/deploy/.env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_every_mounted_file_is_there() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source, target, *mode = filled(volume, example()).split(":")
            if source.startswith("."):
                assert mode == ["ro"], (name, volume)
                assert (DEPLOY / source).exists(), (name, volume)
            else:
                assert source in COMPOSE["volumes"], (name, volume)
            assert target.startswith("/")


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_pinned_bounded_and_started_again(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+(-[\w.]+)?", service["image"])
    assert service["mem_limit"]
    assert service["logging"]["options"].keys() >= {"max-size", "max-file"}
    assert service["restart"] in {"unless-stopped", "on-failure"}
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("name", STAYING)
def test_every_service_that_stays_tells_whether_it_is_well(name: str) -> None:
    assert {"test", "interval", "timeout", "retries"} <= SERVICES[name]["healthcheck"].keys()


def test_a_small_machine_can_leave_elastic_and_monitoring_out() -> None:
    by_profile: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        (profile,) = service.get("profiles", [""])
        by_profile.setdefault(profile, set()).add(name)
    assert by_profile[""] == {"timescaledb", "network", "collector"}
    assert by_profile["monitoring"] == {"prometheus", "grafana"}
    for name in by_profile[""]:
        assert SERVICES[name].get("depends_on", {}).keys() <= by_profile[""]


def test_the_collectors_words_make_a_configuration_and_it_has_the_time_to_drain() -> None:
    collector = SERVICES["collector"]
    words = [filled(word, example() | {"ESS_RAY_SOURCE": "simulated", "ESS_RAY_ALLOW_SIMULATED": "true"})
             for word in collector["command"]]  # fmt: skip
    given = arguments().parse_intermixed_args(words)
    assert str(given.config_dir) == "/etc/ess_ray/plants"
    dsn = filled(collector["environment"]["ESS_RAY_DSN"], {"COLLECTOR_PASSWORD": "x"})
    settings = load_settings(compose_config(given.settings, DEPLOY / "plants"), {"ESS_RAY_DSN": dsn})
    assert str(settings.state_dir) == "/var/lib/ess_ray"
    assert conninfo_to_dict(settings.storage.dsn)["user"] == "collector"
    grace_s = int(collector["stop_grace_period"][:-1]) * SECONDS[collector["stop_grace_period"][-1]]
    assert grace_s >= settings.drain_us / 1e6 + 20
    assert collector["image"] == f"ess_ray:{__version__}"


def test_what_the_dockerfile_copies_is_there_and_in_the_context() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [source for line in re.findall(r"^COPY (?!--)(.*) \S+$", text, re.MULTILINE) for source in line.split()]
    assert len(copied) >= 6
    for source in copied:
        assert (ROOT / source).exists()
        assert any(fnmatch(source, pattern) for pattern in allowed), source
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert SERVICES["filebeat"]["user"] == "10001:0"
    assert 'ENTRYPOINT ["tini", "--", "python", "-m", "ess_ray.main"]' in text
    assert "STOPSIGNAL SIGTERM" in text


def test_the_index_template_types_every_documented_field() -> None:
    template = json.loads((DEPLOY / "elastic" / "index-template.json").read_text(encoding="utf-8"))
    typed = dict(_typed(template["template"]["mappings"]["properties"]))
    assert {field.name: field.type for field in FIELDS}.items() <= typed.items()
    assert typed.keys() - {field.name for field in FIELDS} == {"log.file.path", "log.offset"}  # Filebeat's
    policies = json.loads((DEPLOY / "elastic" / "lifecycle.json").read_text(encoding="utf-8"))
    assert policies["policy"]["phases"].keys() == {"hot", "delete"}


def _typed(properties: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, node in properties.items():
        if "properties" in node:
            yield from _typed(node["properties"], f"{before}{name}.")
        else:
            yield before + name, node["type"]


def test_filebeat_reads_what_the_collector_writes_into_what_the_template_is_for() -> None:
    filebeat = yaml.safe_load((DEPLOY / "elastic" / "filebeat.yml").read_text(encoding="utf-8"))
    (source,) = filebeat["filebeat.inputs"]
    for name in ("ess_ray.json", "poller-0.json", "writer.json.1"):
        assert any(fnmatch(f"/var/lib/ess_ray/logs/{name}", path) for path in source["paths"])
    template = json.loads((DEPLOY / "elastic" / "index-template.json").read_text(encoding="utf-8"))
    assert any(fnmatch(filebeat["output.elasticsearch"]["index"], one) for one in template["index_patterns"])


def test_the_log_fields_are_documented() -> None:
    page = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (.+?) \|$", page, re.MULTILINE)
    assert {(field.name, field.meaning) for field in FIELDS} <= set(rows)


def test_make_env_fills_in_every_password_once(tmp_path: Path) -> None:
    for name in ("make-env", ".env.example"):
        (tmp_path / name).write_bytes((DEPLOY / name).read_bytes())
    subprocess.run(["bash", tmp_path / "make-env"], check=True, umask=0)
    made = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines() if re.match(r"\w", line))
    assert made.keys() == example().keys()
    secrets = [value for name, value in made.items() if SECRET.search(name)]
    assert len(set(secrets)) == len(secrets) > 5
    assert all(len(secret) == 48 for secret in secrets)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    assert subprocess.run(["bash", tmp_path / "make-env"], capture_output=True, check=False).returncode == 1


def test_the_database_gets_its_roles_with_their_passwords(dsn: str, tmp_path: Path) -> None:
    script = (DEPLOY / "timescaledb" / "roles.sh").read_text(encoding="utf-8")
    (tmp_path / "roles.sh").write_text(script.replace("/deploy/roles.sql", str(DEPLOY / "roles.sql")))
    place = {name.upper(): str(value) for name, value in conninfo_to_dict(dsn).items()}
    environment = {
        "PATH": f"{find_bin_dir()}:{os.environ['PATH']}", "PGHOST": place["HOST"], "POSTGRES_USER": place["USER"],
        "POSTGRES_DB": place["DBNAME"], "COLLECTOR_PASSWORD": "it's a\\b", "READER_PASSWORD": "x",
    }  # fmt: skip
    with psycopg.connect(dsn, autocommit=True) as connection:
        try:
            subprocess.run(["sh", tmp_path / "roles.sh"], env=environment, check=True)
            stored = connection.execute("SELECT rolname FROM pg_authid WHERE rolpassword IS NOT NULL").fetchall()
            assert {("collector",), ("reader",)} <= set(stored)
        finally:
            for role in ("exporter", "reader", "collector"):
                connection.execute(f"DROP OWNED BY {role}")
                connection.execute(f"DROP ROLE {role}")


def test_elastic_is_set_up_with_no_password_on_a_command_line() -> None:
    with recorder() as (url, requests):
        environment = {**os.environ, "ELASTIC_URL": url, "ELASTIC_PASSWORD": "e1", "KIBANA_SYSTEM_PASSWORD": "k2",
                       "FILEBEAT_PASSWORD": "f3"}  # fmt: skip
        subprocess.run(["bash", DEPLOY / "elastic" / "setup.sh"], env=environment, check=True, capture_output=True)
    assert [path for path, _, _ in requests] == [
        "/_security/user/kibana_system/_password", "/_security/role/ess_ray_filebeat", "/_security/user/filebeat",
        "/_ilm/policy/ess_ray", "/_index_template/ess_ray",
    ]  # fmt: skip
    assert {user for _, user, _ in requests} == {"elastic:e1"}
    assert requests[0][2] == {"password": "k2"}
    assert requests[2][2] == {"password": "f3", "roles": ["ess_ray_filebeat"]}
    assert "$ELASTIC_PASSWORD" not in re.sub(r"<\(.*\)", "", (DEPLOY / "elastic" / "setup.sh").read_text())


@contextmanager
def recorder() -> Iterator[tuple[str, list[tuple[str, str, Any]]]]:
    """Answers every PUT with 200, and notes path, user and password, and body."""
    requests: list[tuple[str, str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            user = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
            requests.append((self.path, user, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()
