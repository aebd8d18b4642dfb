"""A page of the settings: `python -m ess_ray.generate.settings_page`; `scripts/standard` writes docs/settings.md so.

Made from `config.schema`; a test holds the page in docs/ against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from ess_ray.config.device_schema import DeviceConfig, FleetConfig, TlsConfig
from ess_ray.config.messages import TYPES
from ess_ray.config.rules import REQUIRED, Rule, rule_of
from ess_ray.config.schema import Config, SiteConfig
from ess_ray.config.values import unit_of

INTRODUCTION = """\
# Settings

Made by `./scripts/standard` from `src/ess_ray/config/schema.py`: change that, not this page.

A setting is a word `key=value` of the command line, or a line `key: value` of `ess_ray.yaml` in your own folder
([plants.md](plants.md)); the word wins. Sites and devices have files of their own there. `--cfg job` prints what is
set. A key or value that cannot be used is one line that names it, and exit code 2.

null means that nothing is set. A text with spaces, commas or brackets stands in quotes: `run.summary='a b'`."""
UNBOUNDED = 1e9  # a bound that nobody reaches is not shown
HEADS = "| setting | value | default | meaning |\n|---|---|---|---|"
GROUPS = {name: kind for name, kind in get_type_hints(Config).items() if isinstance(kind, type) and is_dataclass(kind)}


def page() -> Iterator[str]:
    """The page in Markdown, to be joined by line ends: texts of one or more lines, without the last line's end."""
    yield INTRODUCTION
    yield from _section("The job", "", Config, "Which job runs, where, and on which days.")
    for name, kind in GROUPS.items():
        if kind is not FleetConfig:
            yield from _section(name, f"{name}.", kind)
    yield from _section("A site", "sites.SITE.", SiteConfig, "One plant, in `site/SITE.yaml`: [plants.md](plants.md).")
    yield from _section("A device", "sites.SITE.devices.DEVICE.", DeviceConfig)
    yield from _section("TLS of a device", "sites.SITE.devices.DEVICE.tls.", TlsConfig)
    yield from _section("A fleet", "fleet.", FleetConfig)


def _section(title: str, prefix: str, kind: type, text: str = "") -> Iterator[str]:
    yield f"\n## {title}\n"
    yield f"{text or kind.__doc__}\n"
    if len(prefix.split(".")) > 2:
        yield f"Each key below stands behind `{prefix}`.\n"
        prefix = ""
    yield HEADS
    inherited = {field.name for base in kind.__bases__ if is_dataclass(base) for field in fields(base)}
    own = {*kind.__annotations__}
    for field in fields(kind):
        if "rule" in field.metadata and (field.name in own or field.name not in inherited):
            yield _row(f"{prefix}{field.name}", get_type_hints(kind)[field.name], field)


def _row(key: str, kind: Any, field: Field[Any]) -> str:
    rule = rule_of(field)
    cells = [f"`{key}`", _value(key, kind, rule), _default(field), rule.meaning]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _value(key: str, kind: Any, rule: Rule) -> str:
    """The values that are allowed: `a number, 0 to 10 s`; `full or normal`; or just the type."""
    if rule.choices:
        several = get_origin(kind) is list
        choices = f" {'and' if several else 'or'} ".join(filter(None, [", ".join(rule.choices[:-1]), rule.choices[-1]]))
        return f"a list, of {choices}" if several else choices
    if get_origin(kind) in {list, dict}:
        return "a list of texts" if get_origin(kind) is list else "names with their values"
    plain = next((part for part in get_args(kind) if part is not NoneType), kind)
    if rule.least is None or rule.most is None:
        return TYPES[plain]
    bounds = f"{rule.least:.3g} to {rule.most:.10g}" if rule.most < UNBOUNDED else f"from {rule.least:.3g}"
    return f"{TYPES[plain]}, {bounds}{unit_of(key)}"


def _default(field: Field[Any]) -> str:
    default = field.default_factory() if field.default_factory is not MISSING else field.default
    if default == REQUIRED:
        return "by its group" if field.name == "kind" else "has to be given"
    if default is None or isinstance(default, bool):
        return "null" if default is None else str(default).lower()
    if isinstance(default, list):
        return f"`[{', '.join(default)}]`"
    if default in ("", {}):
        return ""
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


if __name__ == "__main__":
    print("\n".join(page()))
