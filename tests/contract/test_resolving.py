"""Host names that no name server answers for cost their own devices only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# In a mount namespace of its own, so that the machine keeps its name server.
BIND = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
SILENT = "127.0.0.77"  # a name server that takes every question and answers none
POLL = """
import socket, sys
from dataclasses import replace
from tests import torture
from tests.contract.test_modbus import collect, settings
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
with torture.device(torture.good) as port:
    hanging = [replace(settings(1000 + number), host=f"h{number}.example") for number in range(int(sys.argv[2]))]
    named = replace(settings(port), host="localhost", keep_connection=False)
    for sample in collect([*hanging, named], 24):
        if sample.device.device == f"d{port}":
            print(sample.status, sample.reason or "")
"""


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("unshare") is None, reason="only root can swap the name server")
@pytest.mark.parametrize("hanging", [0, 40, 200])
def test_names_that_hang_leave_the_others_their_threads(hanging: int, tmp_path: Path) -> None:
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(f"nameserver {SILENT}\noptions timeout:2 attempts:1\n")
    command = ["unshare", "--mount", "sh", "-c", BIND, "-", str(resolv), sys.executable, "-c", POLL, SILENT]
    done = subprocess.run([*command, str(hanging)], capture_output=True, text=True, check=False, timeout=60)
    if "mount" in done.stderr:
        pytest.skip(f"no mount namespace here: {done.stderr}")
    statuses = done.stdout.splitlines()
    assert (len(statuses), done.returncode) == (24, 0), done.stderr
    # Two hundred threads are made in the first second, and a busy machine may be late once.
    assert statuses[8:].count("stored ") >= 15, statuses
