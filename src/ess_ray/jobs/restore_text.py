"""The lines of `job=restore`: what came back, or would."""

from __future__ import annotations

from collections.abc import Iterator

from ess_ray.core.exporting.restoring import HourCount, RestoreEnd, RestoreOutcome, StoredDay


def day_lines(stored_day: StoredDay, outcome: RestoreOutcome) -> Iterator[str]:
    """A line for the day and, if the database lacks rows of it afterwards, one that says which and why."""
    if outcome.end is RestoreEnd.REFUSED:
        yield f"{stored_day}: refused, nothing was restored: {outcome.problem}"
        return
    if outcome.end is RestoreEnd.BROKEN_OFF:
        yield f"{stored_day}: broken off, {outcome.problem}; earlier hours are restored, the same command does the rest"
        return
    count = outcome.count
    tables = ", ".join(f"{table} {of.new} of {of.rows}" for table, of in count.tables.items())
    entered = f"; {outcome.entered} objects taken over into the ledger" if outcome.entered else ""
    yield f"{stored_day}: {outcome.end}, {_ticks(count)}; new rows: {tables or 'none'}{entered}"
    if count.lacking:
        lacking = ", ".join(f"{table} {of.lacking}" for table, of in count.tables.items() if of.lacking)
        yield (
            f"{stored_day}: the database keeps what it has, and lacks these rows of the objects: {lacking}: at their "
            "ticks it has other samples, or none (restore the table sample too)"
        )


def sum_lines(days: int, location: str, count: HourCount, *, run: bool) -> Iterator[str]:
    """The sum of all days."""
    new, rows = (sum(getattr(of, name) for of in count.tables.values()) for name in ("new", "rows"))
    done = "restored" if run else "would be restored"
    yield f"{days} site-days from {location}: {new} of {rows} rows {done}; {_ticks(count)}"


def _ticks(count: HourCount) -> str:
    if not (count.ticks_new or count.ticks_present):
        return "no ticks"
    other = f" ({count.ticks_other} of them with another sample, which stays)" if count.ticks_other else ""
    return f"{count.ticks_new} ticks new, {count.ticks_present} present{other}"
