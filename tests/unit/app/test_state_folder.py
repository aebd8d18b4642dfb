"""A state folder that another user made or may change is refused before anything in it is read or written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ess_ray.actors.poller import JournalSettings, Poller
from ess_ray.adapters.journal.bounds import Limits
from ess_ray.adapters.journal.owner import JournalOwner
from ess_ray.adapters.local.logs import LogFile
from ess_ray.app import programs
from ess_ray.app.programs import PROGRAMS
from ess_ray.app.running import COLLECTOR_FILE
from ess_ray.core.errors import JournalFailed
from ess_ray.main import main
from tests.make import SMALL

SMALL_SITE = ("--config-dir", str(SMALL), "site=sionyu")
STRANGER = 1  # `daemon` on Linux
JOBS = ("collect", "report", "export", "check", "probe", "status", "reload", "upgrade")
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")


def given_away(folder: Path) -> None:
    os.chown(folder, STRANGER, STRANGER)


def open_to_the_group(folder: Path) -> None:
    folder.chmod(0o770)


def open_to_everybody(folder: Path) -> None:
    folder.chmod(0o1777)


def with_a_foreign_link(folder: Path) -> None:
    (folder / "logs").symlink_to(folder.parent / "elsewhere")
    os.chown(folder / "logs", STRANGER, STRANGER, follow_symlinks=False)


def with_a_foreign_file(folder: Path) -> None:
    (folder / "reload.json").touch()
    os.chown(folder / "reload.json", STRANGER, STRANGER)


def reached_by_a_foreign_link(folder: Path) -> None:
    real = folder.with_name("real")
    folder.rename(real)
    folder.symlink_to(real)
    os.chown(folder, STRANGER, STRANGER, follow_symlinks=False)


TAMPERED: dict[Callable[[Path], None], str] = {
    given_away: "belongs to the user",
    open_to_the_group: "may be written by other users",
    open_to_everybody: "may be written by other users",
    with_a_foreign_link: "/logs belongs to the user",
    with_a_foreign_file: "/reload.json belongs to the user",
    reached_by_a_foreign_link: "belongs to the user",
}


@needs_root
@pytest.mark.parametrize(
    ("job", "tamper"),
    [*((job, given_away) for job in JOBS), *(("collect", tamper) for tamper in TAMPERED if tamper is not given_away)],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_every_job_refuses_a_folder_that_others_can_change_and_touches_nothing(
    job: str, tamper: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "state"
    folder.mkdir(0o700)
    (tmp_path / "elsewhere").mkdir()
    tamper(folder)
    before = sorted(tmp_path.rglob("*"))
    words = {
        "report": ["day=2026-11-22"],
        "export": ["day=2026-11-22", "export=local"],
        "probe": ["device=sionyu/gateway"],
    }
    assert main([*SMALL_SITE, f"job={job}", f"state_dir={folder}", *words.get(job, ())]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"ess_ray: state_dir: {folder}")
    assert TAMPERED[tamper] in message
    assert sorted(tmp_path.rglob("*")) == before


@needs_root
@pytest.mark.parametrize("program", PROGRAMS)
def test_psql_pg_dump_and_pg_restore_refuse_it_too(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "postgresql").mkdir()
    given_away(tmp_path)
    monkeypatch.setenv("ESS_RAY_STATE", str(tmp_path))
    assert programs.main(program, []) == 2
    assert "belongs to the user" in capsys.readouterr().err


@needs_root
def test_the_health_check_refuses_it_too(tmp_path: Path) -> None:
    given_away(tmp_path)
    command = [sys.executable, "-m", "ess_ray.app.running", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "belongs to the user" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_a_folder_of_ones_own_is_taken_whoever_may_read_it(mode: int, tmp_path: Path) -> None:
    tmp_path.chmod(mode)
    (tmp_path / COLLECTOR_FILE).write_text(json.dumps({}))
    (tmp_path / "logs").symlink_to(tmp_path.parent)  # a link of one's own
    assert main([*SMALL_SITE, "job=reload", f"state_dir={tmp_path}"]) == 1  # there is no collector
    assert tmp_path.stat().st_mode & 0o777 == mode


@needs_root
def test_on_another_machine_of_a_cluster_journal_and_log_are_not_put_into_a_strangers_folder(tmp_path: Path) -> None:
    given_away(tmp_path)
    journal = JournalSettings(
        "a__b.journal", JournalOwner("plant", "here"), Limits(1 << 30, 1 << 60, "full"), state_dir=str(tmp_path)
    )
    poller = Poller(journal, LogFile(str(tmp_path), "poller-0", "poller:0", "info"))
    with pytest.raises(JournalFailed, match="belongs to the user"):
        poller.ready()
    assert list(tmp_path.iterdir()) == []
