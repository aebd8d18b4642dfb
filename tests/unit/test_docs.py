"""The pages for people name files and headings that exist, have an index, and are short enough to be read."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from ess_ray.config.device_schema import DeviceConfig
from ess_ray.config.jobs import JOBS
from ess_ray.core.reasons import Reason, Whose
from ess_ray.core.running.metrics import SERIES
from ess_ray.core.samples import EventKind

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page.relative_to(ROOT).as_posix() for pattern in ("*.md", "docs/*.md", "docs/*/*.md") for page in ROOT.glob(pattern)
)
NAMED = re.compile(r'(docs/[\w-]+\.md)(?:, "?([A-Z][\w ]+))?')
UNBOUNDED = {"CHANGELOG.md", "docs/settings.md", "docs/data-standard.md", "docs/metrics.md"}
MOST_WORDS = {"README.md": 700}
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
# In backticks: a file or folder of the repository, or of the package.
PATH = re.compile(
    r"`((?:src|tests|docs|conf|deploy|scripts|benchmarks|examples|core|adapters|actors|cluster|config|app|jobs|generate"
    r"|simulator|page)/[\w./-]*)`"
)


def headings(page: Path) -> set[str]:
    """The anchors of a page, as they are made from its headings."""
    lines = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for target, anchor in LINK.findall((ROOT / page).read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), f"{page} links to {target}"
        assert not anchor or anchor in headings(path), f"{page} links to {target}#{anchor}"


@pytest.mark.parametrize("folder", ["src", "conf", "deploy", "scripts"])
def test_every_page_that_a_message_or_a_comment_names_exists(folder: str) -> None:
    """`docs/logs.md`, or `docs/outages.md, A database that was replaced` with the heading."""
    for file in (ROOT / folder).rglob("*"):
        if file.is_dir() or file.suffix == ".pyc":
            continue
        for page, heading in NAMED.findall(file.read_text(encoding="utf-8")):
            assert (ROOT / page).exists(), f"{file} names {page}"
            anchor = heading.lower().replace(" ", "-")
            assert not heading or anchor in headings(ROOT / page), f"{file} names {page}, {heading}"


def test_a_page_is_short() -> None:
    """Pages that are made from the code are as long as what they list; the README is one page."""
    words = {page: len((ROOT / page).read_text(encoding="utf-8").split()) for page in PAGES if page not in UNBOUNDED}
    assert {page: number for page, number in words.items() if number > MOST_WORDS.get(page, 2500)} == {}


def test_the_index_lists_every_page_once() -> None:
    listed = [target for target, _ in LINK.findall((ROOT / "docs/README.md").read_text(encoding="utf-8"))]
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert sorted(target for target in listed if "/" not in target) == sorted(pages)


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_is_named_exists(page: str) -> None:
    for path in PATH.findall((ROOT / page).read_text(encoding="utf-8")):
        assert (ROOT / path).exists() or (ROOT / "src/ess_ray" / path).exists(), f"{page} names {path}"


def test_every_library_that_is_installed_is_named_with_its_licence() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    libraries = {re.split(r"[<>=]", dependency)[0] for dependency in project["dependencies"]}
    rows = re.findall(
        r"^\| ([\w\[\]-]+).* \| .+ \| .+ \|$", (ROOT / "docs/install.md").read_text("utf-8"), re.MULTILINE
    )
    assert libraries - set(rows) == set()


def test_the_page_of_jobs_has_a_row_for_each() -> None:
    page = (ROOT / "docs/jobs.md").read_text(encoding="utf-8")
    assert [job for job in JOBS if job != "collect" and f"| `job={job}` |" not in page] == []


def test_the_page_of_devices_knows_all_that_may_be_said_of_one() -> None:
    """Each reason that is a device's or its network's, each of a device's events, and no setting that there is not."""
    page = (ROOT / "docs/devices.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([^`]+)`", page))
    reasons = {reason for reason in Reason if reason.whose in (Whose.NETWORK, Whose.DEVICE)} - {Reason.EXCEPTION}
    events = {kind for kind in EventKind if not kind.startswith("clock")}
    lacking = {word for word in reasons | events if not any(name.partition(":")[0] == word for name in named)}
    assert lacking == set()
    keys = {match for name in named for match in re.findall(r"^([a-z]+_[a-z_]+)(?:: .*)?$", name)}
    known = {field.name for field in fields(DeviceConfig)} | set(SERIES)
    assert keys <= known, keys - known
