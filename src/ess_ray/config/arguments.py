"""The words of the command line that are no settings: --help, --version, --config-dir and --cfg."""

from __future__ import annotations

import argparse
from pathlib import Path

from ess_ray import __version__
from ess_ray.config.jobs import usage

DESCRIPTION = f"""\
Collect every second of solar plants with battery storage into TimescaleDB.

{usage()}

Settings are words key=value, in any order; `--cfg job` prints them all, docs/settings.md says what each means."""


def arguments() -> argparse.ArgumentParser:
    """A parser whose result has `settings` (the words key=value), `config_dir` (a Path or None) and `cfg`.

    `cfg` is "job" or None. --help and --version print and end the program.
    """
    parser = argparse.ArgumentParser(
        prog="ess_ray", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config-dir", type=Path, metavar="FOLDER", help="your own ess_ray.yaml, site/ and map/ files")
    parser.add_argument("--cfg", choices=["job"], help="print the composed configuration, secrets masked, and stop")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings")
    return parser
