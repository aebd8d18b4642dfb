"""`job=upgrade`: bring the embedded database to the PostgreSQL of this ess_ray, once an update has brought a new one.

The collector must not run; the start of one says that this job is needed. Exit code 0: done, or nothing to do; 1: not
done, and nothing has changed.
"""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from ess_ray.adapters.postgres.embedded.upgrade import upgrade
from ess_ray.app.exit_codes import OK
from ess_ray.app.output import print_line
from ess_ray.core.errors import CannotStart, ConfigError
from ess_ray.core.settings import Settings


def run(settings: Settings) -> int:
    """Upgrade, print what was done, return the exit code.

    Raises ConfigError for a database that is not embedded; CannotStart if it was not done, with the reason.
    """
    if settings.storage.kind != "embedded":
        raise ConfigError(
            "storage", "job=upgrade is for the embedded database; how to upgrade a server: docs/backup.md"
        )
    folder = settings.state_dir / "postgresql"
    if not folder.is_dir():
        raise CannotStart(f"there is no embedded database in {settings.state_dir}")
    console = Console(highlight=False)
    columns = (TextColumn("dumping and loading"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task("", total=None)
        upgraded = upgrade(
            folder, settings.old_programs, lambda done, size: bars.update(bar, completed=done, total=size)
        )
    if upgraded is None:
        print_line(f"the embedded database in {folder} is of this PostgreSQL already: there is nothing to do")
        return OK
    print_line(
        f"the embedded database in {folder} is of PostgreSQL {upgraded.after} now (it was {upgraded.before}): "
        f"{upgraded.tables} tables with {upgraded.rows:,} rows, as many as before"
    )
    print_line(f"the old files are in {upgraded.kept}: delete them once you are content, and start the collector")
    return OK
