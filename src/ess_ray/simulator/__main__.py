"""Simulated devices from the command line, for trying Modbus clients: python -m ess_ray.simulator map=sionyu port=1502

Exit codes: 0 after Ctrl-C or SIGTERM, 2 for words that cannot be understood or a port that cannot be had.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.app.exit_codes import OK, UNUSABLE
from ess_ray.config.device_schema import DeviceConfig
from ess_ray.config.maps import DeviceMaps
from ess_ray.config.paths import conf_folder
from ess_ray.config.standards import own_standards
from ess_ray.config.yaml_source import plain_tree
from ess_ray.core.errors import ConfigError, Terminal
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.reuse import included_names
from ess_ray.simulator.certificate import throw_away
from ess_ray.simulator.fleet import run_fleet
from ess_ray.simulator.plant import Plant
from ess_ray.simulator.server import CONNECTIONS, listen

USAGE = (
    "python -m ess_ray.simulator map=sionyu port=1502 [host=127.0.0.1] [seed=1] [unit=1] [framing=tcp] "
    "[variant=…] [ids.rack_id=…] [parameters.NAME=…]"
)
HANDED = ("ids", "parameters")  # what a device hands to its map
DEFAULTS = {"host": "127.0.0.1", "seed": "1", "unit": "1", "framing": "tcp"}
RANGES = {"port": (0, 65535), "seed": (0, 2**32 - 1), "unit": (0, 255)}


def main(arguments: list[str]) -> int:
    """Serve until Ctrl-C or SIGTERM; returns the exit code. Errors become a line on standard error.

    `arguments`: the words name=value of USAGE for one plant, or only `--fleet` for those of `simulator.fleet`.
    """
    try:
        asyncio.run(run_fleet() if arguments == ["--fleet"] else run_plant(parse(arguments)))
    except KeyboardInterrupt:
        return OK
    except (Terminal, OSError) as error:
        print(f"ess_ray.simulator: {error}", file=sys.stderr)
        return UNUSABLE
    return OK


def parse(arguments: list[str]) -> dict[str, str]:
    """Values by name, from words name=value and DEFAULTS; the values themselves are not checked.

    Raises ConfigError for a word that is not understood, and if map or port is missing.
    """
    words = dict(DEFAULTS)
    for argument in arguments:
        name, equals, word = argument.partition("=")
        if not equals or (name not in {"map", "port", "variant", *DEFAULTS} and name.partition(".")[0] not in HANDED):
            raise ConfigError(argument, f"not understood; expected {USAGE}")
        words[name] = word
    for name in ("map", "port"):
        if not words.get(name):
            raise ConfigError(name, f"missing; expected {USAGE}")
    return words


async def run_plant(words: Mapping[str, str]) -> None:
    """Serve one plant until SIGTERM, after a line on standard output that says where; `words` as `parse` gives them.

    With framing=tls the certificate, of this run only, follows the line.

    Called in the main thread. Raises ConfigError for a value that cannot be used, OSError if the port cannot be had.
    """
    numbers = {name: _number(name, words[name]) for name in RANGES}
    if words["framing"] not in CONNECTIONS:
        raise ConfigError("framing", f"expected {' or '.join(CONNECTIONS)}, got {words['framing']!r}")
    register_map = read_map(words["map"], words)
    units = {numbers["unit"]: Plant(register_map, numbers["seed"])}
    tls, certificate = throw_away() if words["framing"] == "tls" else (None, "")
    server, port = await listen(units, words["host"], numbers["port"], framing=words["framing"], tls=tls)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    print(
        f"{register_map.name} listens on {words['host']}:{port}, unit {numbers['unit']}: "
        f"{len(register_map.values)} values, every {register_map.period_s:g} s",
        *certificate.splitlines(),
        sep="\n",
        flush=True,
    )
    async with server:
        await ended.wait()


def read_map(name: str, words: Mapping[str, str] = DEFAULTS) -> RegisterMap:
    """A shipped map by its name, or one by the path of its file, which ends in .yaml or .yml; `words` as of `parse`.

    What it includes is looked for beside it, then among the shipped ones; what it leaves open the words say. If it is
    `FOLDER/map/NAME.yaml` the files of `FOLDER/standard` extend the standard, as for the collector. Raises ConfigError
    if there is none, or if it cannot be used.
    """
    shipped = conf_folder() / "map"
    path = Path(name) if name.endswith((".yaml", ".yml")) else shipped / f"{name}.yaml"
    if not path.is_file():
        names = ", ".join(sorted(file.stem for file in shipped.glob("*.yaml")))
        raise ConfigError("map", f"{name}: no such map; shipped are {names}; or give the path of a YAML file")
    trees: dict[str, Mapping[str, object]] = {}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file.stem not in trees and file.is_file():
            trees[file.stem] = _read(file)
            others = included_names(trees[file.stem])
            waiting += [folder / f"{other}.yaml" for other in others for folder in (shipped, path.parent)]
    standard = yaml.safe_load((conf_folder() / "standard" / "ess.yaml").read_text(encoding="utf-8"))
    folder = path.resolve().parent
    standards = own_standards(folder.parent, "ess") if folder.name == "map" and folder != shipped else {}
    maps = DeviceMaps(trees, standard, [path.parent, shipped], standards)
    handed: dict[str, dict[str, Any]] = {key: {} for key in HANDED}
    for word, value in words.items():
        group, dot, key = word.partition(".")
        if dot:
            handed[group][key] = yaml.safe_load(value)
    device = DeviceConfig(
        path.stem, variant=words.get("variant"), ids=handed["ids"], parameters=handed["parameters"],
        unit_id=_number("unit", words["unit"]),
    )  # fmt: skip
    return maps.of("simulator", "", device)


def _read(file: Path) -> Mapping[str, object]:
    text = file.read_text(encoding="utf-8")
    line_finder(text)  # tells the line of what is no YAML
    tree = plain_tree(file)
    if tree is None:
        raise ConfigError(str(file), "expected the keys of a map, and neither defaults nor @package nor ${…}")
    return tree


def _number(name: str, word: str) -> int:
    low, high = RANGES[name]
    with contextlib.suppress(ValueError):
        if low <= int(word) <= high:
            return int(word)
    raise ConfigError(name, f"expected a whole number from {low} to {high}, got {word!r}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
