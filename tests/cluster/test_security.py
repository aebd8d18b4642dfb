"""A run of the job seen from outside while it is at work: the plant's network, processes, ports, files.

One run for all tests, in the hardest case: the umask lets everybody read new files, the state folder exists already,
and the working folder is full of modules that must not be imported.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from tests.baits import lay_baits, taken
from tests.conftest import QUICK
from tests.jobs.job import at
from tests.peers import pymodbus_server

SECRET = "fTz7-planted-q9Xw"
JOBS, SERVER = ("collect", "check", "probe"), "storage=timescale"
LISTENS, LOOPBACK = "0A", {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
STATE_API = (
    "api/v0/actors?detail=1", "api/v0/workers?detail=1", "api/v0/nodes?detail=1", "api/v0/tasks?detail=1", "api/jobs/",
    "nodes?view=details",
)  # fmt: skip
JOIN = "import ray, sys; ray.init(address=sys.argv[1]); print('joined')"


class Recorder:
    """A proxy that hands on both ways and notes the function of each request frame."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.functions: list[int] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._behind))
                threading.Thread(target=self._requests, args=(client, server), daemon=True).start()
                threading.Thread(target=_copy, args=(server, client), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        """Frames by their own lengths: transaction, protocol, length, unit, function, … ."""
        received = b""
        with suppress(OSError), client, server:
            while data := client.recv(1 << 16):
                server.sendall(data)
                received += data
                while len(received) >= 8 and len(received) >= (size := 6 + int.from_bytes(received[4:6])):
                    self.functions.append(received[7])
                    received = received[size:]
            assert not received


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)


@dataclass
class Seen:
    """Everything that a run has shown."""

    folder: Path
    output: str = ""
    functions: dict[str, set[int]] = field(default_factory=dict)  # by job
    command_lines: list[bytes] = field(default_factory=list)
    environments: list[bytes] = field(default_factory=list)
    listening: list[tuple[str, str, int]] = field(default_factory=list)  # program, address, port
    answers: dict[str, str] = field(default_factory=dict)  # of Ray's state interface, to a client with the token
    refusals: dict[str, int] = field(default_factory=dict)  # and to one without
    page: dict[str, str] = field(default_factory=dict)  # the page, without a token
    status: str = ""  # the output of job=status
    joining: str = ""  # the output of a client of Ray without the token


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = lay_baits(tmp_path_factory.mktemp("security"))
    (folder / "ess_ray_state").mkdir(mode=0o755)
    shown = Seen(folder)
    with ExitStack() as stack:
        server = stack.enter_context(EmbeddedPostgres(tmp_path_factory.mktemp("database") / "pg", settings=QUICK))
        (folder / "dsn").write_text(f"{server.dsn} password={SECRET}")
        recorders = {job: Recorder(stack.enter_context(pymodbus_server([7] * 7100))) for job in JOBS}
        for recorder in recorders.values():
            stack.callback(recorder.close)
        asking = {
            job: ["site=sionyu", "source=plant", *at("sionyu", recorder.port), SERVER, f"job={job}"]
            for job, recorder in recorders.items()
        }
        with _at_work(folder, asking["collect"], ESS_RAY_DSN=f"{server.dsn} password={SECRET}") as process:
            _look(shown, process)
            process.terminate()
        shown.output += _ended(process)
        nowhere = f"host=127.0.0.1 port=1 password={SECRET}"
        others = [  # all at once
            (_start(folder, [*asking["check"], "storage.dsn_file=dsn"]), 0),
            (_start(folder, [*asking["probe"], "storage.dsn_file=dsn"]), 1),  # all registers are the same: doubtful
            (_start(folder, [SERVER, "storage.dsn_file=dsn", "--cfg", "job"]), 0),
            (_start(folder, [SERVER, f"storage.dsn=x://{SECRET}"]), 2),
            (_start(folder, [SERVER, "source=plant", "job=report"], ESS_RAY_DSN=nowhere), 1),
        ]
        shown.output += "".join(_ended(other, code) for other, code in others)
        shown.functions = {job: set(recorder.functions) for job, recorder in recorders.items()}
        yield shown


def _start(folder: Path, words: list[str], **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ess_ray.main", "cluster.dashboard_port=0", *words]
    return subprocess.Popen(
        command, cwd=folder, env={**os.environ, "PYTHONSAFEPATH": "1", **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, umask=0,
    )  # fmt: skip


def _ended(process: subprocess.Popen[str], *codes: int) -> str:
    output, _ = process.communicate(timeout=120)
    assert process.returncode in (codes or (0,)), output
    return output


@contextmanager
def _at_work(folder: Path, words: list[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = _start(folder, [*words, "run.summary=summary.json"], **environment)
    assert process.stdout is not None
    output = ""
    for line in process.stdout:
        output += line
        if "samples stored" in line:
            break
    (folder / "output").write_text(output)
    yield process


def _look(seen: Seen, process: subprocess.Popen[str]) -> None:
    pids = sorted(descendants(process.pid))
    for pid in pids:
        with suppress(OSError):
            seen.command_lines.append(Path(f"/proc/{pid}/cmdline").read_bytes())
            if pid != process.pid:
                seen.environments.append(Path(f"/proc/{pid}/environ").read_bytes())
    seen.listening = list(_listening(pids))
    output = (seen.folder / "output").read_text()
    dashboard = re.search(r"dashboard: (http://\S+)", output)
    assert dashboard, output
    token = (seen.folder / "ess_ray_state" / "ray_token").read_text()
    for path in STATE_API:
        seen.answers[path] = _ask(f"{dashboard[1]}/{path}", token)[1]
        seen.refusals[path] = _ask(f"{dashboard[1]}/{path}", "")[0]
    page = re.search(r"^page: (http://\S+)", output, re.MULTILINE)
    assert page, output
    for path in ("", "api/run", "api/events", "api/device?site=sionyu&device=gateway", "api/day?site=sionyu"):
        code, seen.page[path] = _ask(f"{page[1]}/{path}", "")
        assert code == 200, seen.page
    seen.status = _ended(_start(seen.folder, ["job=status"]))
    gcs = next(port for program, _, port in seen.listening if program == "gcs_server")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    client = subprocess.Popen(
        [sys.executable, "-c", JOIN, f"127.0.0.1:{gcs}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=clean | {"HOME": str(seen.folder), "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"},
    )  # fmt: skip
    with client:
        assert client.stdout is not None
        results = (line for line in client.stdout if "Unauthenticated" in line or "joined" in line)
        seen.joining = next(results, "ended without output")
        client.kill()  # it would go on trying


def descendants(pid: int) -> set[int]:
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
    family = {pid}
    while new := {child for child, parent in parents.items() if parent in family} - family:
        family |= new
    return family


def _listening(pids: list[int]) -> Iterator[tuple[str, str, int]]:
    sockets = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, address, _, state, *_, inode = line.split()[:10]
            if state == LISTENS:
                sockets[f"socket:[{inode}]"] = address.split(":")
    for pid in pids:
        with suppress(OSError):
            program = Path(f"/proc/{pid}/comm").read_text().strip()
            for handle in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    if local := sockets.get(str(handle.readlink())):
                        yield program, local[0], int(local[1], 16)


def _ask(url: str, token: str) -> tuple[int, str]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_no_other_function_than_1_to_4_reaches_the_wire(seen: Seen) -> None:
    assert set(seen.functions) == {"collect", "check", "probe"}
    for job, functions in seen.functions.items():
        assert functions, job
        assert functions <= {1, 2, 3, 4}, job


def test_the_password_is_shown_and_left_nowhere(seen: Seen) -> None:
    shown = {"output": seen.output, "status": seen.status, **seen.answers, **seen.page}
    assert [name for name, text in shown.items() if SECRET in text] == []
    assert json.loads(seen.answers["api/v0/actors?detail=1"])["data"]["result"]["total"] >= 3
    assert len(seen.command_lines) > 8
    assert [words for words in seen.command_lines if SECRET.encode() in words] == []
    assert [words for words in seen.environments if SECRET.encode() in words] == []
    files = [file for file in seen.folder.rglob("*") if file.is_file() and not file.is_symlink() and file.name != "dsn"]
    assert len(files) > 20
    assert [str(file) for file in files if SECRET.encode() in file.read_bytes()] == []


def test_the_page_and_job_status_show_the_run(seen: Seen) -> None:
    site = json.loads(seen.page["api/run"])["sites"][0]
    assert (site["site"], site["failed"]) == ("sionyu", 0)
    assert re.search(r"^sionyu +(ok|partial)", seen.status, re.MULTILINE), seen.status
    assert json.loads(seen.page["api/device?site=sionyu&device=gateway"])["newest_s"]


def test_every_port_is_open_to_this_machine_only(seen: Seen) -> None:
    programs = {program for program, _, _ in seen.listening}
    assert {"gcs_server", "raylet"} <= programs
    assert [port for port in seen.listening if port[1] not in LOOPBACK] == []


def test_a_client_without_token_is_refused_by_dashboard_jobs_and_cluster(seen: Seen) -> None:
    assert set(seen.refusals.values()) <= {401, 403}
    assert "Unauthenticated" in seen.joining


def test_files_of_a_run_are_readable_by_their_owner_only_whatever_the_umask(seen: Seen) -> None:
    made = {path.name: path.lstat().st_mode & 0o077 for path in (seen.folder / "ess_ray_state").iterdir()}
    assert {"journal", "logs", "ray", "ray_token", "databases.json"} <= set(made)
    assert [name for name, others in made.items() if others] == []  # nobody gets into a folder of these


def test_no_process_imports_anything_from_the_working_folder(seen: Seen) -> None:
    assert taken(seen.folder) == []
