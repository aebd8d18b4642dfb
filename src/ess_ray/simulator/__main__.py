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

import yaml

from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.app.exit_codes import OK, UNUSABLE
from ess_ray.config.paths import conf_folder
from ess_ray.config.standards import extended, own_standards
from ess_ray.core.errors import ConfigError, Terminal
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import load_standard
from ess_ray.simulator.certificate import throw_away
from ess_ray.simulator.fleet import run_fleet
from ess_ray.simulator.plant import Plant
from ess_ray.simulator.server import CONNECTIONS, listen

USAGE = "python -m ess_ray.simulator map=sionyu port=1502 [host=127.0.0.1] [seed=1] [unit=1] [framing=tcp]"
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
        if not equals or name not in {"map", "port", *DEFAULTS}:
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
    register_map = read_map(words["map"])
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


def read_map(name: str) -> RegisterMap:
    """A shipped map by its name, or one by the path of its file, which ends in .yaml or .yml.

    If that is `FOLDER/map/NAME.yaml` the files of `FOLDER/standard` extend the standard, as for the collector. Raises
    ConfigError if there is none, or if it cannot be used.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else conf_folder() / "map" / f"{name}.yaml"
    if not path.is_file():
        shipped = ", ".join(sorted(file.stem for file in (conf_folder() / "map").glob("*.yaml")))
        raise ConfigError("map", f"{name}: no such map; shipped are {shipped}; or give the path of a YAML file")
    text = path.read_text(encoding="utf-8")
    line_of = line_finder(text)
    standard = load_standard(yaml.safe_load((conf_folder() / "standard" / "ess.yaml").read_text(encoding="utf-8")))
    folder = path.resolve().parent
    if folder.name == "map" and folder.parent != conf_folder():
        standard = extended(standard, own_standards(folder.parent, "ess").items())
    return load_map(path.stem, yaml.safe_load(text), standard, line_of)


def _number(name: str, word: str) -> int:
    low, high = RANGES[name]
    with contextlib.suppress(ValueError):
        if low <= int(word) <= high:
            return int(word)
    raise ConfigError(name, f"expected a whole number from {low} to {high}, got {word!r}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
