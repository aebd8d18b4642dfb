"""A cluster with token and TLS, as in deploy/ray.env, and clients that have both, one of them or none."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from tests.cluster.raynodes import RayNodes, ray_nodes

SCRIPT = Path(__file__).parents[2] / "deploy" / "ray-certificate"
JOIN = "import ray, sys; ray.init(address=sys.argv[1]); print('joined')"
REFUSED = re.compile("unauthenticated|authentication token|tls|ssl|handshak|unavailable|to connect", re.IGNORECASE)
CLIENT_LIMIT_S = 60.0


def secured(folder: Path) -> dict[str, str]:
    """The environment of nodes with TLS."""
    subprocess.run([SCRIPT, "new", folder / "secrets"], check=True)
    subprocess.run([SCRIPT, folder / "secrets", folder], check=True)
    files = {"SERVER_CERT": "ray.crt", "SERVER_KEY": "ray.key", "CA_CERT": "ray_ca.crt"}
    return {"RAY_USE_TLS": "1", **{f"RAY_TLS_{name}": str(folder / file) for name, file in files.items()}}


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayNodes]:
    folder = tmp_path_factory.mktemp("head")
    with ray_nodes(folder, **secured(folder)) as nodes:
        nodes.start_head("--dashboard-port=18265", "--ray-client-server-port=20001")
        yield nodes


def client_output(nodes: RayNodes, address: str, *without: str) -> str:
    """The output of a client that has the variables of the nodes, but for those that begin with `without`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment = clean | {name: value for name, value in nodes.environment.items() if not name.startswith(without)}
    environment["HOME"] = str(nodes.folder)  # where Ray looks for a token too
    client = subprocess.Popen(
        [sys.executable, "-c", JOIN, address], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=environment,
    )  # fmt: skip
    timer = Timer(CLIENT_LIMIT_S, client.kill)
    timer.start()
    output = ""
    with client:
        assert client.stdout is not None
        for line in client.stdout:
            output += line
            if "joined" in line or REFUSED.search(line):
                break
        timer.cancel()
        client.kill()  # one that is refused would go on trying
    return output


@pytest.mark.parametrize("path", ["api/v0/nodes", "api/jobs/", "nodes?view=summary"])
def test_who_has_no_token_is_refused_by_dashboard_and_jobs(head: RayNodes, path: str) -> None:
    token = head.token.read_text()
    for given, codes in ((token, {200}), ("", {401, 403}), ("0" * 64, {401, 403})):
        headers = {"Authorization": f"Bearer {given}"}
        request = urllib.request.Request(f"http://127.0.0.1:18265/{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                code = answer.status
        except urllib.error.HTTPError as error:
            with error:
                code = error.code
        assert code in codes, given


@pytest.mark.parametrize("without", ["RAY_AUTH", "RAY_USE_TLS"])
def test_who_lacks_token_or_certificate_is_refused_by_the_head(head: RayNodes, without: str) -> None:
    output = client_output(head, head.address, without)
    assert "joined" not in output
    assert REFUSED.search(output), output[-2000:]


def test_who_has_both_is_let_in(head: RayNodes) -> None:
    assert "joined" in client_output(head, head.address)


@pytest.mark.long  # who is refused there waits for half a minute
def test_the_port_for_remote_clients_answers_only_who_has_both(head: RayNodes) -> None:
    address = f"ray://{head.ip}:20001"
    for without in ("RAY_AUTH", "RAY_USE_TLS"):
        output = client_output(head, address, without)
        assert "ray client connection timeout" in output, output[-2000:]
        assert "client server" not in output
    assert "joined" in client_output(head, address)
