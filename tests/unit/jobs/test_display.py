"""The main job's lines on a terminal and in a file: full sentences, as wide as the terminal, few for a fleet."""

from __future__ import annotations

import io
import time

from rich.console import Console

from ess_ray.core.running.account import Account
from ess_ray.core.samples import Device, Status
from ess_ray.jobs.collect.banner import MOST_LINES
from ess_ray.jobs.collect.display import RunDisplay, summary_lines
from tests.make import make_device

S = 1_000_000
FIRST_US = 10 * S
GATEWAY = Device("hilltop", "gateway")


def display(width: int | None = None) -> tuple[RunDisplay, io.StringIO]:
    """A display on a terminal of this width, or into a file."""
    text = io.StringIO()
    return RunDisplay(Console(file=text, width=width, force_terminal=width is not None, color_system=None)), text


def account(stored: int, failed: int = 0, devices: int = 1) -> Account:
    """Devices of a site: the first ticks stored, those after them failed."""
    names = [GATEWAY, *(Device("hilltop", f"d{number}") for number in range(1, devices))]
    made = Account([make_device(name) for name in names], FIRST_US)
    for name in names:
        for number in range(stored + failed):
            status, reason = (Status.STORED, None) if number < stored else (Status.FAILED, "timeout")
            made.devices[name].add(FIRST_US + number * S, status, reason)
    return made


def test_the_summary_says_how_many_were_stored_and_what_is_missing_why() -> None:
    assert list(summary_lines(account(stored=7, failed=2), FIRST_US, FIRST_US + 10 * S)) == [
        "hilltop: 7 of 10 samples stored completely, 0 rows, 0.9 samples/s, last tick 00:00:18Z",
        "hilltop/gateway: of 10 expected samples 2 failed, 1 not stored yet; reasons: timeout 2 times",
    ]


def test_a_complete_run_has_a_line_for_each_site_and_none_for_its_devices() -> None:
    assert len(list(summary_lines(account(stored=10, devices=3), FIRST_US, FIRST_US + 10 * S))) == 1


def test_what_to_do_next_is_said_on_a_terminal_only_each_command_in_one_piece() -> None:
    command = "./scripts/psql -x -c 'SELECT * FROM bank ORDER BY time DESC LIMIT 1'"
    shown, text = display(width=40)
    shown.next_steps([command])
    assert text.getvalue() == f"{command}\n"
    shown, text = display()
    shown.next_steps([command])
    assert text.getvalue() == ""


def test_a_fleet_that_failed_is_summed_up_and_does_not_flood_a_file() -> None:
    fleet = account(stored=0, failed=10, devices=MOST_LINES + 5)
    lines = list(summary_lines(fleet, FIRST_US, FIRST_US + 10 * S))
    assert len(lines) == 1 + MOST_LINES + 1
    assert lines[-1] == "5 more devices with incomplete or missing samples"


def test_a_file_gets_a_line_now_and_then_with_the_troubles_of_devices_and_database() -> None:
    shown, text = display()
    with shown.live():
        shown.show(account(stored=1, failed=1, devices=2), FIRST_US, None, "connection refused")
        assert text.getvalue() == ""  # the first lines come after a while
        shown._next_line_s = time.monotonic()
        shown.show(account(stored=1, failed=1, devices=2), FIRST_US, None, "connection refused")
    assert text.getvalue().splitlines()[1:] == [
        "last sample incomplete: hilltop/gateway (timeout), hilltop/d1 (timeout)",
        "not stored, samples wait in the journals: connection refused",
    ]


def test_on_a_narrow_terminal_columns_go_and_no_line_is_wider() -> None:
    for width, columns in ((120, {"latency", "rows", "last tick"}), (45, {"stored/expected"})):
        shown, text = display(width)
        shown.summary(account(stored=10), FIRST_US, FIRST_US + 10 * S)
        lines = text.getvalue().splitlines()
        assert all(len(line) <= width for line in lines)
        assert all(any(column in line for line in lines[:4]) for column in columns)


def test_of_many_devices_in_trouble_the_reasons_are_counted() -> None:
    shown, text = display()
    with shown.live():
        shown._next_line_s = 0.0
        shown.show(account(stored=0, failed=1, devices=9), FIRST_US, None, None)
    assert text.getvalue().splitlines()[-1] == "last sample incomplete: 9 devices (timeout on 9)"
