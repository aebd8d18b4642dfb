"""Writes the dashboards of a data standard into a folder; takes the words of the command line that name settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ess_ray.app.exit_codes import OK, UNUSABLE
from ess_ray.config.arguments import arguments
from ess_ray.config.compose import compose_config
from ess_ray.config.load import load_settings
from ess_ray.config.paths import plants_folder
from ess_ray.core.errors import ConfigError
from ess_ray.generate.dashboards.files import files


def main(words: Sequence[str] | None = None) -> int:
    """Write the files of all dashboards into `--folder`, which is made if it is missing; returns the exit code.

    Files of the same names are replaced. UNUSABLE, after a line on stderr: settings or folder cannot be used. `words`:
    those of the command line behind the program's name; None: `sys.argv`'s.
    """
    parser = arguments()
    parser.add_argument("--folder", type=Path, required=True, help="where the dashboards are written")
    given = parser.parse_intermixed_args(words)
    try:
        folder = plants_folder(given.config_dir, os.environ)
        composed = compose_config(["job=report", *given.settings], folder)  # which needs no hosts
        made = files(load_settings(composed, {}).standard)
        given.folder.mkdir(parents=True, exist_ok=True)
        for name, text in made.items():
            (given.folder / name).write_text(text, "utf-8")
    except (ConfigError, OSError) as error:
        print(f"ess_ray: {error}", file=sys.stderr)
        return UNUSABLE
    return OK


if __name__ == "__main__":
    sys.exit(main())
