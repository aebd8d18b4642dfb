"""What `job=import` says: what it read and how, what it left out, what has to be asked, what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ess_ray.app.output import print_line
from ess_ray.core.importing.choices import Question
from ess_ray.core.importing.item import Import, LeftOut
from ess_ray.core.importing.map_of import MadeMap
from ess_ray.core.settings import ImportSettings

SHOWN = 10  # lines of one kind; the map has them all
MAPS_SHOWN = 5
PROGRAM = "python -m ess_ray.main"


def print_questions(file: Path, questions: Sequence[Question]) -> None:
    """Say what the file leaves open, and how to answer all of it at once, on standard error."""
    print_line(f"ess_ray: {file} leaves open what only you can say; nothing was written", error=True)
    for question in questions:
        print_line(f"  {question}", error=True)
    words = " ".join(f"{question.word}={question.values[0]}" for question in questions)
    print_line(f"say it, for example: job=import from={file} {words}", error=True)


def print_made(
    importing: ImportSettings, imported: Import, made: Sequence[tuple[Path, MadeMap]], next_steps: bool
) -> None:
    """Say what was read, taken, left out and written, and which commands come next."""
    count = sum(len(one.entries) for _, one in made)
    left_out = [*imported.left_out, *(left for _, one in made for left in one.left_out)]
    print_line(
        f"{importing.file}: {imported.form}, {count + len(left_out)} values, {count} imported, {len(left_out)} not"
    )
    _some("taken", imported.taken)
    _some("not part of a map", imported.unused)
    _left_out(left_out)
    for path, one in made[:MAPS_SHOWN]:
        tables = ", ".join(dict.fromkeys(entry.table for entry in one.entries))
        print_line(f"written: {path}: {len(one.entries)} columns into {tables}")
    if len(made) > MAPS_SHOWN:
        print_line(f"written: {len(made) - MAPS_SHOWN} maps more in {made[0][0].parent}")
    if next_steps:
        _next_steps(importing, *made[0])


def _some(what: str, lines: Sequence[str]) -> None:
    for line in lines[:SHOWN]:
        print_line(f"  {what}: {line}")
    if len(lines) > SHOWN:
        print_line(f"  {what}: {len(lines) - SHOWN} more")


def _left_out(left_out: Sequence[LeftOut]) -> None:
    """By reason, with the first place of each."""
    reasons = Counter(one.reason for one in left_out)
    lines = []
    for reason, number in reasons.most_common():
        first = next(one for one in left_out if one.reason == reason)
        more = f" and {number - 1} more" if number > 1 else ""
        lines.append(f"{first.name or '?'} ({first.where}){more}: {reason}")
    _some("not imported", lines)
    if left_out:
        print_line("  all of them stand at the end of the map")


def _next_steps(importing: ImportSettings, path: Path, made: MadeMap) -> None:
    unit = f", unit_id: {made.unit_id}" if made.unit_id not in (None, 0, 1) else ""
    print_next_steps(importing.folder, path.stem, unit, known=False)


def print_next_steps(folder: Path, name: str, device: str, known: bool) -> None:
    """The site file that plays the map, and the commands that try it.

    `device`: what is said of the device behind its map; `known`: its host is among that.
    """
    command = f"{PROGRAM} --config-dir {folder}"
    print_line("next:")
    print_line(f"  1. write {folder}/site/my_plant.yaml, if you have none:")
    print_line("       # @package sites.my_plant")
    print_line("       timezone: Asia/Seoul")
    print_line(f"       devices: {{{name}: {{map: {name}{device}}}}}")
    print_line("  2. play it with simulated values:")
    print_line(f"       {command} site=my_plant run.duration_s=30")
    add = "" if known else ", with `host: ADDRESS` in its braces of the site file"
    print_line(f"  3. hold the map against the device{add}:")
    print_line(f"       {command} job=probe source=plant device=my_plant/{name} site=my_plant")
