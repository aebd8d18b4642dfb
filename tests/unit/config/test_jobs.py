"""Every command stands in one table: it can be started, is shown by --help, and an unknown one is refused by name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ess_ray.config.arguments import arguments
from ess_ray.config.jobs import ALL, JOBS, Job, find_job
from ess_ray.core.errors import ConfigError

SOURCE = Path(__file__).parents[3] / "src"


@pytest.mark.parametrize("job", ALL, ids=lambda job: job.name)
def test_a_job_has_a_module_that_runs_it(job: Job) -> None:
    file = SOURCE / f"{job.module.replace('.', '/')}.py"  # not imported: this takes Ray
    functions = [node for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
    parameters = [len(function.args.args) for function in functions if function.name == "run"]
    assert parameters == [2 if job.read_again else 1]


def test_help_shows_every_job() -> None:
    shown = arguments().format_help()
    assert len(JOBS) == len(ALL)
    for job in ALL:
        assert all(words in shown for words, _ in job.examples)
        assert job.examples


def test_an_unknown_job_is_refused_with_all_there_are() -> None:
    with pytest.raises(ConfigError, match=f"'collct' is none of {', '.join(JOBS)}"):
        find_job("collct")
