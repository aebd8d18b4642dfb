"""The entry: `python -m ess_ray.main site=all`. Composes the configuration, then runs the job.

Exit codes are those of `ess_ray.app.exit_codes`: 0 done; 1 the run or a check failed, `run.require_complete` was not
met or an object is missing; 2 the configuration cannot be used; 130 stopped at once by Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from ess_ray.app.exit_codes import FAILED, OK, UNUSABLE
from ess_ray.config.arguments import arguments
from ess_ray.core.errors import ConfigError, EssRayError


def main(words: Sequence[str] | None = None) -> int:
    """Run the job that the words describe, or those of the command line if `words` is None; returns the exit code.

    An EssRayError becomes a line on standard error and a code; --help, --version and options that are unknown raise
    SystemExit. Takes the DSN out of the environment of this process.
    """
    given = arguments().parse_intermixed_args(words)
    # These imports take half a second: --help and --version have answered by now.
    from ess_ray.app.output import print_line
    from ess_ray.app.state_folder import check_state_folder
    from ess_ray.config.compose import compose_config
    from ess_ray.config.jobs import NEW, find_job
    from ess_ray.config.load import load_settings
    from ess_ray.config.paths import plants_folder
    from ess_ray.config.storage import read_environment

    variables = read_environment()
    try:
        folder = plants_folder(given.config_dir, variables, new=NEW in given.settings)
        composed = compose_config(given.settings, folder)
        if given.cfg:
            _print_pipeable(composed.to_yaml())
            return OK
        settings = load_settings(composed, variables)
        job = find_job(settings.job)
        check_state_folder(settings.state_dir)
        if settings.unchosen_sites and job.devices == "all":
            print_line(f"ess_ray: {settings.unchosen_sites}", error=True)
        if job.read_again and job.devices == "all":
            print("ess_ray: starting …", flush=True)  # the database and Ray take seconds
        return job.start(settings, lambda: load_settings(compose_config(given.settings, folder), variables))
    except ConfigError as error:  # also one that shows in the database only: still before anything is polled
        print(f"ess_ray: {error}", file=sys.stderr)
        return UNUSABLE
    except EssRayError as error:
        print(f"ess_ray: {error}", file=sys.stderr)
        return FAILED


def _print_pipeable(text: str) -> None:
    """Print, and end silently if the reader of a pipe ends before (`… | head`)."""
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    print(text, end="", flush=True)
    signal.signal(signal.SIGPIPE, before)


def _leave_working_folder() -> None:
    """Import nothing more from the folder in which this was called, neither here nor in a process started from here.

    It may be another user's, with a `yaml.py` or `hydra_plugins` of his. `python -m` has put it first in `sys.path`;
    what was imported by now is kept from it by `python -P` only, or the variable, as `scripts/run` sets it.
    """
    os.environ["PYTHONSAFEPATH"] = "1"
    if not sys.flags.safe_path:
        del sys.path[0]


if __name__ == "__main__":
    _leave_working_folder()
    sys.exit(main())
