"""The entry: `python -m ess_ray.main site=all`. Composes the configuration, then runs the job.

Exit codes: 0 done; 1 the run or a check failed, `run.require_complete` was not met or an object is missing; 2 the
configuration cannot be used.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from ess_ray import __version__
from ess_ray.core.errors import ConfigError, EssRayError

USAGE = """\
Collect every second of solar plants with battery storage into TimescaleDB.

  python -m ess_ray.main site=all                    four simulated plants into a database of its own, until Ctrl-C
  python -m ess_ray.main site=sionyu run.duration_s=20 run.summary=summary.json
  python -m ess_ray.main site=[sionyu,panri]
  python -m ess_ray.main job=report day=yesterday    how complete was the day, and what is missing why
  python -m ess_ray.main job=export day=2026-11-22   a day's tables as files or objects; from=… to=… several days
  python -m ess_ray.main job=check site=sionyu       before going live: try every device, the database, export, disk
  python -m ess_ray.main job=probe device=sionyu/gateway    a new device: what it answers, read in every way
  python -m ess_ray.main job=status                  how the main job at work does, in one table
  python -m ess_ray.main job=reload                  the main job at work reads its configuration again
  python -m ess_ray.main --config-dir my_plants site=my_plant source=plant storage=timescale

Settings are words key=value, in any order; `--cfg job` prints them all. README.md explains them."""

OTHER_JOBS = {name: f"ess_ray.jobs.{name}" for name in ("report", "export", "check", "probe", "reload", "status")}


def arguments() -> argparse.ArgumentParser:
    """The words of the command line."""
    parser = argparse.ArgumentParser(
        prog="ess_ray", description=USAGE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config-dir", type=Path, metavar="FOLDER", help="your own site/ and map/ files")
    parser.add_argument("--cfg", choices=["job"], help="print the composed configuration, secrets masked, and stop")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings")
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Run the job that the words describe; gives the exit code."""
    given = arguments().parse_intermixed_args(words)
    # Imports wait until --help and --version have had their say.
    from ess_ray.config.compose import compose_config
    from ess_ray.config.load import environment, load_settings

    variables = environment()
    try:
        composed = compose_config(given.settings, given.config_dir)
        if given.cfg:
            before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # … | head
            print(composed.to_yaml(), end="", flush=True)
            signal.signal(signal.SIGPIPE, before)
            return 0
        settings = load_settings(composed, variables)
    except ConfigError as error:
        print(f"ess_ray: {error}", file=sys.stderr)
        return 2
    try:
        if module := OTHER_JOBS.get(settings.job):
            return int(import_module(module).run(settings))
        print("ess_ray: starting …", flush=True)  # the database and Ray take seconds
        from ess_ray.jobs.collect.run import run

        return run(settings, lambda: load_settings(compose_config(given.settings, given.config_dir), variables))
    except ConfigError as error:  # found late, in the database: still before anything is polled
        print(f"ess_ray: {error}", file=sys.stderr)
        return 2
    except EssRayError as error:
        print(f"ess_ray: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
