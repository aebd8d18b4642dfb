"""The plants folder is the one that is named; one that merely lies there is taken only if it is this user's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ess_ray.adapters.local.plants_folder import find_plants_folder, state_dir_of
from ess_ray.app import programs
from ess_ray.core.errors import ConfigError

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
STRANGER = 1


@pytest.fixture
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with my_plants and another plants folder."""
    for name in ("my_plants", "other"):
        (tmp_path / name / "site").mkdir(parents=True)
        (tmp_path / name / "site/hilltop.yaml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ESS_RAY_CONFIG", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("named", "variable", "found"),
    [(None, "", "my_plants"), (None, "other", "other"), ("site", "other", "site"), ("other", "", "other")],
)
def test_what_is_named_nearest_is_taken(working_folder: Path, named: str | None, variable: str, found: str) -> None:
    (working_folder / "site").mkdir()
    environment = {"ESS_RAY_CONFIG": variable} if variable else {}
    assert find_plants_folder(Path(named) if named else None, environment) == working_folder / found


def test_without_any_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_plants_folder(None, {}) is None


@pytest.mark.parametrize(("named", "variable", "key"), [("gone", "", "--config-dir"), (None, "gone", "ESS_RAY_CONFIG")])
def test_a_folder_that_is_named_has_to_be_there(
    working_folder: Path, named: str | None, variable: str, key: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        find_plants_folder(Path(named) if named else None, {"ESS_RAY_CONFIG": variable})
    assert caught.value.key == key


def the_folder(folder: Path) -> None:
    os.chown(folder, STRANGER, STRANGER)


def a_site(folder: Path) -> None:
    os.chown(folder / "site/hilltop.yaml", STRANGER, STRANGER)


def the_settings(folder: Path) -> None:
    (folder / "ess_ray.yaml").touch()
    os.chown(folder / "ess_ray.yaml", STRANGER, STRANGER)


def a_link(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere.yaml"
    elsewhere.touch()
    os.chown(elsewhere, STRANGER, STRANGER)
    (folder / "site/valley.yaml").symlink_to(elsewhere)


def for_all_to_write(folder: Path) -> None:
    (folder / "site").chmod(0o777)


@needs_root
@pytest.mark.parametrize("given_away", [the_folder, a_site, the_settings, a_link, for_all_to_write])
def test_one_that_lies_in_the_working_folder_has_to_be_ones_own(
    working_folder: Path, given_away: Callable[[Path], None]
) -> None:
    given_away(working_folder / "my_plants")
    with pytest.raises(ConfigError) as caught:
        find_plants_folder(None, {})
    assert caught.value.key == "my_plants"
    assert find_plants_folder(Path("my_plants"), {}) == working_folder / "my_plants"  # it is named, and so trusted


@pytest.mark.parametrize(
    ("text", "state_dir"),
    [("state_dir: ../state", "state"), ("state_dir: here", "my_plants/here"), ("state_dir: /far", "/far"), ("", None)],
)
def test_the_state_folder_counts_from_the_plants_folder(working_folder: Path, text: str, state_dir: str | None) -> None:
    folder = working_folder / "my_plants"
    (folder / "ess_ray.yaml").write_text(text)
    assert state_dir_of(folder) == (working_folder / state_dir if state_dir else None)


@pytest.mark.parametrize(
    ("state", "arguments", "looked_in"),
    [
        ("", [], "here"),
        ("named", [], "named"),
        ("named", ["--config-dir", "other"], "there"),
        ("", ["--config-dir=other", "-l"], "there"),
    ],
)
def test_psql_looks_where_the_job_does(
    working_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    state: str,
    arguments: list[str],
    looked_in: str,
) -> None:
    (working_folder / "my_plants/ess_ray.yaml").write_text("state_dir: ../here")
    (working_folder / "other/ess_ray.yaml").write_text("state_dir: ../there")
    monkeypatch.setenv("ESS_RAY_STATE", state)
    assert programs.main("psql", arguments) == 1
    assert f"no embedded database in {working_folder / looked_in}:" in capsys.readouterr().err
