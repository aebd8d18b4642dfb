"""The texts of a database are shown escaped, in every job: they neither drive a terminal nor forge a line of ours."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ess_ray.main import main

FORGED = "ess_ray: everything is stored"
HOSTILE = f"no\x1b]0;owned\x07\x1b[2J\r{FORGED}\n{FORGED}\x9b31m\u202e\u2028{FORGED}"
ENCRYPTION_REQUESTS = {80877103, 80877104}  # SSLRequest and GSSENCRequest, PostgreSQL manual, "Message Formats"
WORDS = ("storage=timescale", "storage.allow_simulated=true", "site=sionyu")
PROGRAMS = {  # which write a log
    "collect": ["job=collect"],
    "export": ["job=export", "day=2026-11-22", "export=local"],
}
JOBS = {
    "report": ["job=report", "day=2026-11-22"],
    "check": ["job=check", "export=none"],
    "check as json": ["job=check", "export=none", "check.format=json"],
}


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", 4 + len(body)) + body


ERROR = message(b"E", b"".join(b"%c%s\0" % (field, HOSTILE.encode()) for field in b"MDHW") + b"SERROR\0C42501\0\0")
READY = message(b"Z", b"I")
LOGIN = message(b"R", bytes(4)) + b"".join(
    message(b"S", b"%s\0%s\0" % pair) for pair in ((b"client_encoding", b"UTF8"), (b"server_version", b"15.0"))
)


@contextmanager
def hostile_server(*, after_login: bool) -> Iterator[int]:
    """The port of a PostgreSQL server that answers every login, or every statement, with a hostile error."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(client: socket.socket) -> None:
        with client, suppress(OSError, struct.error):
            stream = client.makefile("rb")
            while struct.unpack(">I", _rest(stream.read(4), stream))[0] in ENCRYPTION_REQUESTS:
                client.sendall(b"N")
            if not after_login:
                client.sendall(ERROR)
                return
            client.sendall(LOGIN + READY)
            while kind := stream.read(1):
                stream.read(struct.unpack(">I", stream.read(4))[0] - 4)
                if kind in b"QS":
                    client.sendall(ERROR + READY)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with listener:
        yield listener.getsockname()[1]


def _rest(size: bytes, stream: object) -> bytes:
    """The first four bytes of the first message, whose size was read; the others are read too."""
    body: bytes = stream.read(struct.unpack(">I", size)[0] - 4)  # type: ignore[attr-defined]
    return body[:4]


@pytest.mark.parametrize("after_login", [False, True])
@pytest.mark.parametrize("job", PROGRAMS)
def test_a_databases_messages_are_shown_and_logged_escaped(job: str, after_login: bool, tmp_path: Path) -> None:
    with hostile_server(after_login=after_login) as port:
        command = [sys.executable, "-m", "ess_ray.main", *WORDS, *PROGRAMS[job]]
        environment = os.environ | {"ESS_RAY_DSN": dsn_of(port)}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False
        )
    _check_shown(done.returncode, done.stdout + done.stderr)
    for file in (tmp_path / "ess_ray_state/logs").glob("*.json"):
        for line in file.read_text(encoding="utf-8").splitlines():
            _check("\n".join(value for name, value in json.loads(line).items() if name in {"message", "error.message"}))


@pytest.mark.parametrize("after_login", [False, True])
@pytest.mark.parametrize("job", JOBS)
def test_a_databases_messages_are_shown_escaped(
    job: str, after_login: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with hostile_server(after_login=after_login) as port:
        monkeypatch.setenv("ESS_RAY_DSN", dsn_of(port))
        code = main([*WORDS, *JOBS[job]])
    _check_shown(code, "".join(capfd.readouterr()))


def dsn_of(port: int) -> str:
    return f"host=127.0.0.1 port={port} user=x dbname=x password=x"


def _check_shown(code: int, shown: str) -> None:
    assert code == 1, shown
    assert "\\x1b]0;owned" in shown
    _check(shown)


def _check(shown: str) -> None:
    assert {character for character in shown if not character.isprintable()} <= {"\n"}
    assert [line for line in shown.splitlines() if line.startswith(FORGED)] == []
