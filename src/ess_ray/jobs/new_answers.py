"""What `job=new` needs to know: said by words, asked for on a terminal, or by default."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ess_ray.adapters.local.machine import time_zone
from ess_ray.app.output import print_line
from ess_ray.core.errors import ConfigError
from ess_ray.core.settings import NewSettings

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")  # of sites and devices
NO_MAP = "none"


@dataclass(frozen=True, slots=True)
class Answers:
    """The device and its names. `map_name` None: a map is to be made."""

    site: str
    timezone: str
    device: str
    host: str
    port: int
    unit_id: int
    map_name: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A word of `new`, its question, the answer if none is given, and what is wrong with one (empty: nothing)."""

    word: str
    text: str
    usual: str
    wrong: Callable[[str], str]


def find_answers(new: NewSettings) -> Answers:
    """The answers: those that are said, else those of the terminal, else the usual ones.

    Raises ConfigError for a word that cannot be used, and for a host that is not said where nobody can be asked;
    EOFError and KeyboardInterrupt if whoever is asked ends it.
    """
    given = {question.word: _answer(question, new) for question in _questions(new)}
    map_name = given.get("map", NO_MAP)
    return Answers(
        given["site"],
        given["timezone"],
        given["device"],
        given["host"],
        int(given["port"]),
        int(given["unit_id"]),
        None if map_name == NO_MAP else map_name,
    )


def _questions(new: NewSettings) -> list[Asked]:
    def site_wrong(name: str) -> str:
        there = new.folder / f"site/{name}.yaml"
        return _name_wrong(name) or (
            f"{there} is there already, and nothing is overwritten: choose another name" if there.exists() else ""
        )

    def map_wrong(name: str) -> str:
        if name in (NO_MAP, *new.maps):
            return ""
        return f"there is no map {name!r}: one of {', '.join(new.maps)}, or {NO_MAP}"

    sites = ("my_plant", *(f"my_plant_{number}" for number in range(2, 1000)))
    site = next(name for name in sites if not (new.folder / f"site/{name}.yaml").exists())
    return [
        Asked("site", "name of the site", site, site_wrong),
        Asked("timezone", "its time zone", time_zone(), _timezone_wrong),
        Asked("device", "name of the device", "gateway", _name_wrong),
        Asked("host", "its host name or address", "127.0.0.1", _host_wrong),
        Asked("port", "its TCP port", "502", lambda text: _number_wrong(text, 1, 65535)),
        Asked("unit_id", "its unit id", "1", lambda text: _number_wrong(text, 0, 255)),
        *([] if new.table else [Asked("map", f"its register map ({NO_MAP}: make one)", NO_MAP, map_wrong)]),
    ]


def _answer(question: Asked, new: NewSettings) -> str:
    if (said := new.said.get(question.word)) is not None:
        if problem := question.wrong(said):
            raise ConfigError(f"new.{question.word}", problem)
        return said
    if not sys.stdin.isatty():
        if question.word == "host":
            raise ConfigError("new.host", "has to be said: there is no terminal to ask on")
        return question.usual
    while True:
        answer = input(f"{question.text} [{question.usual}]: ").strip() or question.usual
        if not (problem := question.wrong(answer)):
            return answer
        print_line(problem)


def _name_wrong(name: str) -> str:
    return "" if NAME.fullmatch(name) else f"{name!r}: a name holds only a-z, 0-9, _ and -"


def _timezone_wrong(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return f"there is no time zone {name!r}: for example Asia/Seoul"
    return ""


def _host_wrong(host: str) -> str:
    return "" if host.isprintable() and len(host.split()) == 1 else f"{host!r} is no name or address"


def _number_wrong(text: str, least: int, most: int) -> str:
    number = int(text) if text.isascii() and text.isdigit() else -1
    return "" if least <= number <= most else f"{text!r}: expected a number from {least} to {most}"
