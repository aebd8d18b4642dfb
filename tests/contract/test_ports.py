"""Ports of Ray's dashboard and metrics: taken ones are gone round, and a restart has the same ones as before."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from ess_ray.cluster.ports import PORTS, choose_port
from ess_ray.core.errors import CannotStart
from tests.ports import unused_port

KEY = "cluster.dashboard_port"
# A job whose child serves a port; the job is killed, and its guard ends the child after two seconds.
JOB = """
import subprocess, sys, time
from pathlib import Path
from ess_ray.app.guard import guarded
with guarded(Path(sys.argv[1])):
    serve = f"import socket, time; s = socket.create_server(('127.0.0.1', {sys.argv[2]})); print('up'); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-u", "-c", serve], stdout=subprocess.PIPE)
    child.stdout.readline()
    print("up", flush=True)
    time.sleep(60)
"""


def test_a_unused_port_is_taken_as_it_is_and_0_means_any(tmp_path: Path) -> None:
    port = unused_port()
    assert choose_port(KEY, port, tmp_path) == port
    assert choose_port(KEY, 0, tmp_path) == 0


def test_another_programs_port_is_gone_round_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port, begun_s = server.getsockname()[1], time.monotonic()
        assert port < choose_port(KEY, port, tmp_path) < port + PORTS
        assert time.monotonic() - begun_s < 2


def test_two_jobs_that_start_at_once_choose_different_ports(tmp_path: Path) -> None:
    port = unused_port()
    choose = "import sys, pathlib; from ess_ray.cluster.ports import choose_port, unused_port;"
    choose += f"print(choose_port({KEY!r}, {port}, pathlib.Path(sys.argv[1])), unused_port(), flush=True); input()"
    chosen = []
    with ExitStack() as stack:
        for _ in range(3):
            command = [sys.executable, "-c", choose, str(tmp_path)]
            job = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            assert job.stdout
            assert job.stdin
            stack.callback(job.stdin.close)
            chosen.append([int(word) for word in job.stdout.readline().split()])
    assert [ports[0] for ports in chosen] == [port, port + 1, port + 2]
    assert len({ports[1] for ports in chosen}) == 3
    assert choose_port(KEY, port, tmp_path) == port  # those that have ended have none


def test_a_start_without_a_unused_port_names_the_setting(tmp_path: Path) -> None:
    with ExitStack() as stack:
        stack.enter_context(socket.create_server(("127.0.0.1", 65535)))
        with pytest.raises(CannotStart, match=r"cluster\.dashboard_port=65535: .* choose another, or 0 for any"):
            choose_port(KEY, 65535, tmp_path)


def test_after_a_kill_the_next_run_has_the_same_port(tmp_path: Path) -> None:
    port = unused_port()
    command = [sys.executable, "-c", JOB, str(tmp_path), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as job:
        assert job.stdout is not None
        assert job.stdout.readline() == b"up\n"
        job.kill()
        assert choose_port(KEY, port, tmp_path) == port
