"""Messages are lines of printable text, whoever has written parts of them."""

from __future__ import annotations

import io
import pickle

import pytest
from rich.console import Console

from ess_ray.app.output import print_line
from ess_ray.app.table import fitting_table
from ess_ray.core.errors import CannotStart, ConfigError, DatabaseRefused, MapError, StoreUnavailable, printable
from ess_ray.jobs.collect.display import RunDisplay

HOSTILE, SHOWN = "a\x1b[2J\nb\u202e\x9b", "a\\x1b[2J\\nb\\u202e\\x9b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("전력 21.5 °C\u3000", "전력 21.5 °C\u3000"),
        ("\0\t\r\x7f", "\\x00\\t\\r\\x7f"),
        (HOSTILE, SHOWN),
        ("\u2028\ud800\U000e0041", "\\u2028\\ud800\\U000e0041"),
    ],
)
def test_what_is_not_printable_is_escaped_and_nothing_else(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (StoreUnavailable(HOSTILE), SHOWN),
        (ConfigError("key", HOSTILE), f"key: {SHOWN}"),
        (MapError("map", HOSTILE), f"map: {SHOWN}"),
        (DatabaseRefused(HOSTILE, "42501"), SHOWN),
        (CannotStart("the server ended:", HOSTILE), f"the server ended:\n{SHOWN}"),
    ],
)
def test_an_errors_text_is_printable_also_after_a_way_through_ray(error: Exception, shown: str) -> None:
    assert str(error) == str(pickle.loads(pickle.dumps(error))) == shown  # noqa: S301


def test_lines_tables_and_the_run_display_show_it_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    print_line(HOSTILE)
    print_line(HOSTILE, error=True)
    assert tuple(capsys.readouterr()) == (f"{SHOWN}\n", f"{SHOWN}\n")
    text = io.StringIO()
    console = Console(file=text, width=80, force_terminal=True, color_system=None)
    RunDisplay(console).note(HOSTILE)
    console.print(fitting_table(console, [{"site": f"[red]{HOSTILE}"}], ()))
    shown = text.getvalue().splitlines()
    assert shown[0] == SHOWN
    assert f"[red]{SHOWN}" in text.getvalue()
