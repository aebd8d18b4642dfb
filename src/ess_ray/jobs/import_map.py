"""`job=import`: a register map out of a register table (XLSX, CSV), Telegraf, Home Assistant or ha-solarman.

Nothing is overwritten, and nothing is polled. Exit code 2 if the file leaves open what only the user can say: it is
asked for by words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ess_ray.adapters.importing.csv_file import read_csv
from ess_ray.adapters.importing.map_file import check_map, write_new
from ess_ray.adapters.importing.text_file import read_text
from ess_ray.adapters.importing.trees import read_toml, read_yaml
from ess_ray.adapters.importing.xlsx import read_xlsx
from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.app.exit_codes import OK, UNUSABLE
from ess_ray.core.errors import ConfigError
from ess_ray.core.importing.choices import Question
from ess_ray.core.importing.home_assistant import read_home_assistant
from ess_ray.core.importing.item import FoundDevice, Import
from ess_ray.core.importing.map_of import MadeMap, make_map
from ess_ray.core.importing.names import UniqueNames, plain_name
from ess_ray.core.importing.solarman import is_solarman, read_solarman
from ess_ray.core.importing.table import read_table
from ess_ray.core.importing.telegraf import read_telegraf
from ess_ray.core.maps.standard import Standard
from ess_ray.core.settings import ImportSettings, Settings, SunSpecSettings
from ess_ray.jobs import import_sunspec
from ess_ray.jobs.import_text import print_made, print_questions

WORKBOOKS = {".xlsx", ".xlsm"}
TREES = {".yaml", ".yml"}
TABLES = {".toml", ".conf"}


def run(settings: Settings, *, next_steps: bool = True) -> int:
    """Read the file, write a map for each device in it, print what became of it, return the exit code: OK or UNUSABLE.

    `settings.importing` has to be there, as for `job=import` it is. Raises ConfigError for a file that cannot be read
    or holds nothing, and for a map that is there already. `next_steps`: say how to go on.
    """
    importing = settings.importing
    if isinstance(importing, SunSpecSettings):
        return import_sunspec.run(importing, settings.standard)
    assert importing is not None
    imported, questions = read_file(importing)
    if questions:
        print_questions(importing.file, questions)
        return UNUSABLE
    files = [importing.folder / "map" / f"{name}.yaml" for name in _names(importing, imported.devices)]
    if there := next((file for file in files if file.exists()), None):
        raise ConfigError("name", f"{there} is there already, and nothing is overwritten: say name=… for another map")
    maps = [
        _made(imported, device, file, importing, settings.standard)
        for device, file in zip(imported.devices, files, strict=True)
    ]
    for made, file in zip(maps, files, strict=True):
        write_new(file, made.text)
    print_made(importing, imported, list(zip(files, maps, strict=True)), next_steps)
    return OK


def read_file(importing: ImportSettings) -> tuple[Import, Sequence[Question]]:
    """What the file holds, by its ending and what is in it, and what has to be asked.

    Raises ConfigError for a file that cannot be read or in which there is nothing to import.
    """
    file, kind = importing.file, importing.file.suffix.lower()
    questions: Sequence[Question] = ()
    if kind in WORKBOOKS:
        imported, questions = read_table(read_xlsx(file), importing.choices)
    elif kind == ".xls":
        raise ConfigError("from", f"{file} is of the old form XLS: save it as XLSX or CSV")
    elif kind in TREES or kind in TABLES:
        text, _ = read_text(file, importing.encoding)
        imported = _tree(text, file)
    else:
        sheet, how = read_csv(file, importing.encoding)
        imported, questions = read_table([sheet], importing.choices)
        imported.taken.insert(0, how)
    if not imported.devices and not questions:
        reasons = "; ".join(f"{one.name} ({one.where}): {one.reason}" for one in imported.left_out[:3])
        raise ConfigError("from", f"{file} has nothing that can be imported" + (f": {reasons}" if reasons else ""))
    return imported, questions


def _tree(text: str, file: Path) -> Import:
    if file.suffix.lower() in TABLES:
        return read_telegraf(read_toml(text, file.name), text.splitlines())
    tree: Mapping[str, Any] = read_yaml(text, file.name)
    if is_solarman(tree):
        return read_solarman(tree, line_finder(text))
    if "modbus" in tree:
        return read_home_assistant(tree, line_finder(text))
    known = "Home Assistant's `modbus:` nor ha-solarman's `parameters:`"
    raise ConfigError("from", f"{file} has neither {known} at its top, but {', '.join(map(str, tree))[:100]}")


def _names(importing: ImportSettings, devices: Sequence[FoundDevice]) -> list[str]:
    """A name of a map for each device: the file's, of several with that of the device behind it."""
    if len(devices) == 1:
        return [importing.name]
    names = UniqueNames()
    return [names.take(plain_name(f"{importing.name} {device.name}", "device")) for device in devices]


def _made(imported: Import, device: FoundDevice, file: Path, importing: ImportSettings, standard: Standard) -> MadeMap:
    def check(text: str) -> tuple[int, str] | None:
        return check_map(file.stem, text, standard)

    table = importing.table or file.stem
    known = standard.tables.get(table)
    return make_map(imported, device, table, importing.file.name, check, known.identity if known else ())
