"""The names of objects, read: which objects of a site a store has, from a list of its names and the template."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from string import Formatter

from ess_ray.core.exporting.formats import CSV, ObjectFormat

SHAPES = {"table": "[a-z][a-z0-9_]*", "yyyy": r"\d{4}", "mm": r"\d\d", "dd": r"\d\d", "yyyymmdd": r"\d{8}"}


@dataclass(frozen=True, slots=True)
class NamedObject:
    """An object as its name describes it: a table of a site on a day, in a format."""

    name: str
    table: str
    day: date
    format: ObjectFormat


def name_prefix(template: str, site: str) -> str:
    """The text with which the names of all objects of a site begin; may be empty."""
    prefix = ""
    for text, field, _, _ in Formatter().parse(template):
        prefix += text
        if field not in (None, "site"):
            return prefix
        prefix += site if field else ""
    return prefix


def named_objects(
    template: str, site: str, formats: Collection[ObjectFormat], names: Iterable[str]
) -> Iterator[NamedObject]:
    """The objects of a site among the names of a store, in the order of `names`; others are left out.

    `template`: checked by `objects.check_template`. A date that no calendar has is no object's.
    """
    by_suffix = {each.suffix: each for each in formats}
    pattern = re.compile(_pattern(template, site) + f"(?P<suffix>{'|'.join(map(re.escape, by_suffix))})")
    for name in names:
        if not (parts := pattern.fullmatch(name)):
            continue
        fields = parts.groupdict()
        digits = fields.get("yyyymmdd") or fields["yyyy"] + fields["mm"] + fields["dd"]
        try:
            day = date.fromisoformat(digits)
        except ValueError:
            continue
        yield NamedObject(name, fields["table"], day, by_suffix[fields["suffix"]])


def _pattern(template: str, site: str) -> str:
    """A regular expression for the site's names without their suffix; a field that comes again has to be the same."""
    pattern, groups = "", set[str]()
    for text, field, _, _ in Formatter().parse(template.removesuffix(CSV.suffix)):
        pattern += re.escape(text)
        if field == "site":
            pattern += re.escape(site)
        elif field:
            pattern += f"(?P={field})" if field in groups else f"(?P<{field}>{SHAPES[field]})"
            groups.add(field)
    return pattern
