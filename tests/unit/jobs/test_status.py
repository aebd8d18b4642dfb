"""`job=status` over the small files that a collector keeps in its state folder."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from ess_ray.app.running import RunningCollector, announced
from ess_ray.core.running.account import Account
from ess_ray.core.running.status import FILE, Facts, RunStatus, status_of
from ess_ray.core.samples import Device, Status
from ess_ray.jobs.status import print_status
from ess_ray.main import main
from tests.make import SMALL, make_device


def status(last: Status = Status.STORED) -> RunStatus:
    now_us = time.time_ns() // 1000
    account = Account([make_device(Device("a", "one"))], now_us - 9_000_000)
    account.devices[Device("a", "one")].add(now_us, last, None if last is Status.STORED else "timeout")
    return status_of(account, Facts({"a": "UTC"}, None, False, "PostgreSQL 18", page="http://127.0.0.1:8270"), now_us)


def ask(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    words = ["job=status", "site=sionyu", f"state_dir={folder}", "storage=timescale"]  # whose DSN need not be there
    code = main(["--config-dir", str(SMALL), *words])
    out, err = capsys.readouterr()
    return code, out + err


def test_no_collector_is_trouble_and_a_file_left_behind_is_not_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(tmp_path, capsys) == (1, f"ess_ray: no collector is at work in {tmp_path} (state_dir)\n")
    (tmp_path / FILE).write_text(json.dumps(status().tree()))
    assert "no collector is at work" in ask(tmp_path, capsys)[1]
    with announced(tmp_path, time.time_ns() // 1000):
        assert "it has no status yet" in ask(tmp_path, capsys)[1]


def test_the_exit_code_says_whether_somebody_is_needed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with announced(tmp_path, 1):
        (tmp_path / FILE).write_text(json.dumps(status().tree()))
        code, told = ask(tmp_path, capsys)
        assert code == 0
        assert "ok" in told
        assert "page: http://127.0.0.1:8270" in told
        (tmp_path / FILE).write_text(json.dumps(status(Status.FAILED).tree()))
        code, told = ask(tmp_path, capsys)
        assert code == 1
        assert "silent: timeout" in told
        old = replace(status(), now_us=status().now_us - 60_000_000)
        (tmp_path / FILE).write_text(json.dumps(old.tree()))
        code, told = ask(tmp_path, capsys)
        assert code == 1
        assert "collector down" in told
        assert "has given no status for" in told


def test_on_a_narrow_terminal_the_state_stays_and_figures_go() -> None:
    text = io.StringIO()
    console = Console(file=text, width=45, force_terminal=True, color_system=None)
    print_status(console, status(), RunningCollector(1, 1, ""), time.time_ns() // 1000)
    table = text.getvalue().splitlines()[:5]
    assert any("ok" in line for line in table)
    assert not any("rows" in line for line in table)
    assert all(len(line) <= 45 for line in table)
