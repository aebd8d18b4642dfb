"""What the readers of trees (TOML, YAML) share: numbers as they are written, keys with their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ess_ray.core.importing.item import ItemError
from ess_ray.core.maps.numbering import LAST_ADDRESS

Path = tuple[str | int, ...]
LineOf = Callable[[Path], int | None]
Tree = Mapping[str, Any]


def number(value: object, what: str) -> Decimal:
    """A number as it is written. Raises ItemError that names `what`."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ItemError(f"{what} is {value!r}, which is no number")
    try:
        decimal = Decimal(str(value).strip())
    except InvalidOperation:
        raise ItemError(f"{what} is {value!r}, which is no number") from None
    if not decimal.is_finite():
        raise ItemError(f"{what} is {value!r}, which is no finite number")
    return decimal


def whole(value: object, what: str) -> int:
    """A whole number, also as text in hexadecimal digits (0x1F). Raises ItemError that names `what`."""
    if isinstance(value, str) and value.strip().lower().startswith("0x"):
        try:
            return int(value.strip(), 16)
        except ValueError:
            raise ItemError(f"{what} is {value!r}, which is no whole number") from None
    decimal = number(value, what)
    if decimal != decimal.to_integral_value():
        raise ItemError(f"{what} is {value!r}, which is no whole number")
    return int(decimal)


def address(value: object) -> int:
    """An address as sent. Raises ItemError for one that there is not."""
    register = whole(value, "its address")
    if not 0 <= register <= LAST_ADDRESS:
        raise ItemError(f"its address {register} is not within 0 to {LAST_ADDRESS}")
    return register


def listed(tree: Tree, key: str) -> list[Any]:
    """The list at a key; a single thing is a list of one, nothing an empty one."""
    listing = tree.get(key)
    return [] if listing is None else listing if isinstance(listing, list) else [listing]


def mappings(tree: Tree, key: str) -> Iterator[tuple[int, Tree]]:
    """The mappings of the list at a key, each with its index; what is no mapping is passed over."""
    for index, child in enumerate(listed(tree, key)):
        if isinstance(child, Mapping):
            yield index, child
