"""Home Assistant's `modbus:` integration, as plain trees of its YAML: sensors and binary sensors of every hub.

Source: the integration's documentation and `components/modbus` in home-assistant/core.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ess_ray.core.importing.item import FoundDevice, Import, Item, ItemError, LeftOut, width_of
from ess_ray.core.importing.trees import LineOf, Path, Tree, address, mappings, number, whole
from ess_ray.core.maps.order import DEFAULT_ORDER
from ess_ray.core.maps.raw_types import WIDTHS
from ess_ray.core.maps.registers import BIT_FUNCTIONS

FUNCTIONS = {"coil": 1, "discrete_input": 2, "holding": 3, "input": 4}
ORDERS = {"none": DEFAULT_ORDER, "word": "CDAB", "byte": "BADC", "word_byte": "DCBA"}
OLD_TYPES = {"int": "int", "uint": "uint", "float": "float"}  # with `count` registers
STRUCTURE = {"h": "int16", "H": "uint16", "i": "int32", "I": "uint32", "l": "int32", "L": "uint32", "q": "int64",
             "Q": "uint64", "f": "float32", "d": "float64"}  # fmt: skip
SLAVES = ("device_address", "slave")
COUNTS = ("virtual_count", "slave_count")  # values behind the first one
OTHERS = ("climates", "covers", "fans", "lights", "switches")  # to write with
SETTINGS = {
    "host": "host of the device", "port": "port of the device", "timeout": "timeout_s of the device",
    "delay": "pause after connecting: connect_pause_s of the device",
    "message_wait_milliseconds": "pause between requests, see docs/devices.md",
}  # fmt: skip


def read_home_assistant(tree: Tree, line_of: LineOf) -> Import:
    """The sensors of every hub below `modbus`; one device for each hub and slave.

    `tree`: the YAML, tags like `!secret` as texts. Nothing is raised for a value that cannot be carried over: it is
    left out with its reason.
    """
    imported = Import("Home Assistant modbus")
    devices: dict[tuple[int, str], FoundDevice] = {}
    hubs = list(mappings(tree, "modbus"))
    for number_, hub in hubs:
        _unused(hub, imported)
        for kind in ("sensors", "binary_sensors"):
            for index, entry in mappings(hub, kind):
                path: Path = ("modbus", number_, kind, index)
                line = line_of(path) or line_of(path[1:]) or line_of((path[0], *path[2:]))
                where = f"line {line}" if line else f"{kind} {index + 1}"
                slave = str(next((entry[key] for key in SLAVES if key in entry), 0))
                try:
                    items = list(_items(entry, kind, where))
                except ItemError as reason:
                    imported.left_out.append(LeftOut(str(entry.get("name", "")), where, str(reason)))
                else:
                    devices.setdefault((number_, slave), FoundDevice()).items += items
    for (number_, slave), device in devices.items():
        hub_name = str(hubs[number_][1].get("name", "")) if len(hubs) > 1 else ""
        device.unit_id = int(slave) if slave.isdigit() else None
        if len(devices) > 1:
            device.name = f"{hub_name} {_plain(slave)}".strip()
    imported.devices = list(devices.values())
    return imported


def _plain(slave: str) -> str:
    return f"slave {slave}" if slave.isdigit() else slave


def _items(entry: Tree, kind: str, where: str) -> Iterator[Item]:
    """The values of one sensor: with `virtual_count` several, with `structure` one for each letter."""
    default = "coil" if kind == "binary_sensors" else "holding"
    function = FUNCTIONS.get(str(entry.get("input_type", default)))
    if function is None:
        raise ItemError(f"its input_type {entry['input_type']!r} is none of {', '.join(FUNCTIONS)}")
    name, at = str(entry.get("name", "")), address(entry.get("address"))
    copies = next((whole(entry[key], key) for key in COUNTS if key in entry), 0) + 1
    if kind == "binary_sensors":
        for copy in range(copies):
            named = name if copies == 1 else f"{name} {copy + 1}"
            if function in BIT_FUNCTIONS:
                yield Item(named, where, function, at + copy)
            else:
                yield Item(named, where, function, at + copy // 16, bits=(copy % 16, 1))
        return
    base = Item(
        name, where, function, at, order=_order(entry), scale=number(entry.get("scale", 1), "its scale"),
        offset=number(entry.get("offset", 0), "its offset"), unit=str(entry.get("unit_of_measurement") or ""),
        minimum=_bound(entry, "min_value"), maximum=_bound(entry, "max_value"),
        period_s=_bound(entry, "scan_interval") or None,
    )  # fmt: skip
    parts = list(_parts(entry, name, at))
    step = sum(width for _, _, _, width in parts)
    for copy in range(copies):
        for part, type_, where_at, width in parts:
            yield _typed(
                base, entry, part if copies == 1 else f"{part} {copy + 1}", type_, where_at + copy * step, width
            )


def _typed(base: Item, entry: Tree, name: str, type_: str, at: int, width: int) -> Item:
    if base.function in BIT_FUNCTIONS:
        return replace(base, name=name, address=at, width=1)
    item = replace(base, name=name, type=type_, address=at, width=width)
    if type_ == "string":
        return replace(item, scale=Decimal(1), offset=Decimal(0), minimum=None, maximum=None)
    return replace(item, sentinels=_sentinels(entry, type_))


def _parts(entry: Tree, name: str, at: int) -> Iterator[tuple[str, str, int, int]]:
    """Name, type, address and registers of the values of a sensor. Raises ItemError."""
    words = str(entry.get("data_type", "int16")).lower()
    count = entry.get("count")
    if words == "custom":
        yield from _structure(str(entry.get("structure", "")), name, at)
    elif words == "string":
        length = whole(count if count is not None else 1, "its count")
        yield name, "string", at, length
    elif words in OLD_TYPES:
        default = 2 if words == "float" else 1
        bits = 16 * whole(count if count is not None else default, "its count")
        yield name, _known(f"{OLD_TYPES[words]}{bits}"), at, bits // 16
    else:
        yield name, _known(words), at, width_of(_known(words))


def _known(type_: str) -> str:
    if type_ not in WIDTHS:
        raise ItemError(f"type {type_} is not among those of register maps")
    return type_


def _structure(text: str, name: str, at: int) -> Iterator[tuple[str, str, int, int]]:
    """The numbers of Python's `struct`: one value for each letter that fills whole registers."""
    if not text.startswith((">", "!")):
        raise ItemError(f"structure {text!r} does not begin with >: only big-endian ones can be carried over")
    try:
        if struct.calcsize(text) % 2:
            raise ItemError(f"structure {text!r} ends within a register")
    except struct.error as error:
        raise ItemError(f"structure {text!r}: {error}") from None
    letters = [letter for count, letter in re.findall(r"(\d*)([a-zA-Z?])", text) for letter in letter * int(count or 1)]
    offset, kept = 0, [letter for letter in letters if letter in STRUCTURE]
    if any(letter not in STRUCTURE and letter != "x" for letter in letters):
        raise ItemError(f"structure {text!r} holds other than numbers of whole registers")
    for index, letter in enumerate(letters):
        size = struct.calcsize(f">{letter}")
        if letter in STRUCTURE:
            if offset % 2:
                raise ItemError(f"structure {text!r} has a number across two registers")
            yield name if len(kept) == 1 else f"{name} {index + 1}", STRUCTURE[letter], at + offset // 2, size // 2
        offset += size


def _order(entry: Tree) -> str:
    swap = str(entry.get("swap", "none") or "none").lower()
    if swap not in ORDERS:
        raise ItemError(f"its swap {swap!r} is none of {', '.join(ORDERS)}")
    return ORDERS[swap]


def _bound(entry: Tree, key: str) -> Decimal | None:
    return None if entry.get(key) is None else number(entry[key], key)


def _sentinels(entry: Tree, type_: str) -> tuple[int, ...]:
    """`nan_value` as a raw number; of a float it is a bit pattern, and NaN is NULL without a word."""
    if entry.get("nan_value") is None or type_.startswith("float"):
        return ()
    nothing = whole(entry["nan_value"], "its nan_value")
    bits = 16 * WIDTHS[type_]
    low = -(1 << (bits - 1)) if type_.startswith("int") else 0
    return (nothing,) if low <= nothing < 1 << bits else ()


def _unused(hub: Mapping[str, Any], imported: Import) -> None:
    name = hub.get("name", "modbus")
    imported.unused += [
        f"{name}: {key}: {hub[key]} belongs into the site's file: {here}"
        for key, here in SETTINGS.items()
        if key in hub
    ]
    for key in OTHERS:
        if key in hub:
            imported.unused.append(f"{name}: {key} are for writing, which ess_ray never does")
