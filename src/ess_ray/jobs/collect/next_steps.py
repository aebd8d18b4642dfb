"""What a person may do after a run: a few lines at its end, for somebody who has just tried it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from ess_ray.core.settings import STATE_DIR, Settings


def next_steps(settings: Settings, dsn: str, page: str, rows: Mapping[str, Counter[str]]) -> list[str]:
    """The lines, each with a command, an address or a page of the documents.

    `dsn` is the database's, shown only of the embedded one: others may have passwords. `page`: its address while the
    job ran, empty if there was none. `rows` by site and table, as they were stored.
    """
    stored: Counter[str] = sum(rows.values(), Counter())
    if not stored:
        return ["nothing was stored: the same command with job=check says why"]
    sites = Counter(table for tables in rows.values() for table, count in tables.items() if count)
    table = min(sites, key=lambda name: (-sites[name], stored[name], name))  # of most sites, with few rows a tick
    query = f"-x -c 'SELECT * FROM {table} ORDER BY time DESC LIMIT 1'"
    lines = ["what next (docs/README.md lists all pages):"]
    if settings.storage.kind == "embedded":
        where = (
            ""
            if settings.state_dir == Path(STATE_DIR).absolute()
            else f"ESS_RAY_STATE={shlex.quote(str(settings.state_dir))} "
        )
        lines.append(f"  the newest values: {where}./scripts/psql {query}")
        lines.append(f"  in Python, while a job runs: psycopg.connect({dsn!r})")
    else:
        lines.append(f"  the newest values: psql DSN {query}; in Python: psycopg.connect(DSN)")
    if page.startswith("http"):
        lines.append(f"  in a browser, while a job runs: {page}")
    late_s = settings.storage.late_us / 1e6  # the report counts until then
    lines.append(f"  how complete it was, in {late_s:g} s: the same command with job=report day=today")
    lines.append(
        "  your own plant: docs/plants.md"
        if settings.simulated
        else "  run it as a service, and be told of trouble: docs/running.md, docs/alerts.md"
    )
    return lines
