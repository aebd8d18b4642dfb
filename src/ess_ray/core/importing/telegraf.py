"""Telegraf's `inputs.modbus`, in all three styles (register, request, metric), as plain trees of its TOML.

Source: the plugin's README and `configuration_*.go` in influxdata/telegraf, `plugins/inputs/modbus`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ess_ray.core.importing.item import FoundDevice, Import, Item, ItemError, LeftOut, registers, width_of
from ess_ray.core.importing.trees import Tree, address, listed, mappings, number, whole
from ess_ray.core.maps.order import DEFAULT_ORDER
from ess_ray.core.maps.registers import BIT_FUNCTIONS

FUNCTIONS = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
STYLE_LISTS = {"coils": 1, "discrete_inputs": 2, "holding_registers": 3, "input_registers": 4}
ORDERS = {  # of the register style; the others know the names of four letters only
    "AB": "ABCD", "ABCDEFGH": "ABCD", "BADCFEHG": "BADC", "GHEFCDAB": "CDAB", "BA": "DCBA", "HGFEDCBA": "DCBA",
    "ABCD": "ABCD", "CDAB": "CDAB", "BADC": "BADC", "DCBA": "DCBA",
}  # fmt: skip
TYPES = {
    "INT16": "int16", "UINT16": "uint16", "INT32": "int32", "UINT32": "uint32", "INT64": "int64", "UINT64": "uint64",
    "FLOAT32": "float32", "FLOAT64": "float64", "FLOAT32-IEEE": "float32", "FLOAT64-IEEE": "float64",
    "STRING": "string",
}  # fmt: skip
BYTES = {"UINT8L": (0, False), "UINT8H": (8, False), "INT8L": (0, True), "INT8H": (8, True)}
FIXED = {"FIXED": "int", "UFIXED": "uint"}  # numbers that `scale` makes broken: the addresses say how wide
SETTINGS = {  # of the way to the device, and what they are here
    "controller": "host and port of the device",
    "timeout": "timeout_s of the device",
    "busy_retries": "the collector repeats by itself",
    "busy_retries_wait": "the collector repeats by itself",
    "transmission_mode": "framing of the device",
    "workarounds": "see docs/devices.md: pauses, request sizes",
}


def read_telegraf(tree: Tree, lines: list[str]) -> Import:
    """The values of every `[[inputs.modbus]]`; one device for each controller and slave.

    `tree`: the TOML, floats as Decimals. `lines`: its text, where the values' lines are looked up. Nothing is raised
    for a value that cannot be carried over: it is left out with its reason.
    """
    imported = Import("Telegraf inputs.modbus")
    plugins = [plugin for _, plugin in mappings(tree.get("inputs", {}), "modbus")]
    devices: dict[tuple[int, object], FoundDevice] = {}
    finder = _FieldLines(lines)
    for number_, plugin in enumerate(plugins):
        _unused(plugin, imported)
        for field in _fields(plugin):
            where = finder.where(field)
            try:
                if item := _item(field, where):
                    device = devices.setdefault((number_, field.slave), FoundDevice(period_s=_period(tree, plugin)))
                    device.items.append(item)
                    device.unit_id = int(field.slave)
            except ItemError as reason:
                imported.left_out.append(LeftOut(str(field.tree.get("name", "")), where, str(reason)))
    for (number_, slave), device in devices.items():
        if len(devices) > 1:
            plugin_name = str(plugins[number_].get("name", f"modbus_{number_ + 1}" if len(plugins) > 1 else ""))
            device.name = f"{plugin_name} slave {slave}".strip()
    imported.devices = list(devices.values())
    return imported


@dataclass(frozen=True, slots=True)
class _Field:
    tree: Tree
    function: int | None  # None: not one of the four kinds of register
    slave: int
    order: str
    measurement: str
    style: str


def _fields(plugin: Tree) -> Iterator[_Field]:
    slave = int(plugin.get("slave_id", 0))
    for key, function in STYLE_LISTS.items():
        for _, field in mappings(plugin, key):
            order = str(field.get("byte_order", DEFAULT_ORDER))
            yield _Field(field, function, slave, order, str(field.get("measurement", "")), "register")
    for style in ("request", "metric"):
        for _, group in mappings(plugin, style):
            order, slave = str(group.get("byte_order", DEFAULT_ORDER)), int(group.get("slave_id", 0))
            for _, field in mappings(group, "fields"):
                holder = group if style == "request" else field
                kind = FUNCTIONS.get(str(holder.get("register", "holding")))
                measurement = str(field.get("measurement", group.get("measurement", "")))
                yield _Field(field, kind, slave, order, measurement, style)


def _item(field: _Field, where: str) -> Item | None:
    """The field as an item; None for one that fills a hole (`omit`). Raises ItemError."""
    tree = field.tree
    if tree.get("omit"):
        return None
    if field.function is None:
        raise ItemError("its register is none of coil, discrete, holding, input")
    addresses = [address(value) for value in listed(tree, "address")]
    if not addresses:
        raise ItemError("it has no address")
    name = str(tree.get("name", f"reg_{addresses[0]}"))
    if field.function in BIT_FUNCTIONS:
        return Item(name, where, field.function, addresses[0], note=_measured(field))
    words = str(tree.get("data_type", tree.get("type", ""))).upper()
    order = ORDERS.get(field.order.upper())
    if order is None:
        raise ItemError(f"byte order {field.order!r} is unknown")
    type_, bits, signed = _type(words, addresses, tree)
    length = whole(tree.get("length", len(addresses)), "its length") if type_ == "string" else 1
    width = width_of(type_, length)
    if addresses != list(range(addresses[0], addresses[0] + len(addresses))):
        raise ItemError(f"its addresses {addresses} do not follow each other")
    if len(addresses) not in (1, width) or (field.style == "register" and len(addresses) != width):
        raise ItemError(f"type {words} takes {registers(width)}, and it names {len(addresses)}")
    return Item(
        name, where, field.function, addresses[0], type_, width, order=order, bits=bits, scale=_scale(tree, type_),
        words={"signed": True} if signed else {}, note=_measured(field),
    )  # fmt: skip


def _measured(field: _Field) -> str:
    return f"measurement {field.measurement}" if field.measurement else ""


def _type(words: str, addresses: list[int], tree: Tree) -> tuple[str, tuple[int, int] | None, bool]:
    """Type and bits of a field, and whether a byte is signed. Raises ItemError."""
    if words == "BIT":
        return "uint16", (whole(tree.get("bit", 0), "its bit"), 1), False
    if words in BYTES:
        lowest, signed = BYTES[words]
        return "uint16", (lowest, 8), signed
    if words in FIXED:
        return f"{FIXED[words]}{16 * len(addresses)}", None, False
    if words in TYPES:
        return TYPES[words], None, False
    raise ItemError(f"type {words or 'none'} is not among those of register maps")


def _scale(tree: Tree, type_: str) -> Decimal:
    scale = number(tree.get("scale", 1), "its scale")
    return Decimal(1) if type_ == "string" or not scale else scale


def _period(tree: Tree, plugin: Tree) -> Decimal | None:
    """The seconds of `interval = "10s"`, the plugin's or the agent's; None if neither says it."""
    agent = tree.get("agent", {})
    text = str(plugin.get("interval", agent.get("interval", "") if isinstance(agent, dict) else ""))
    for ending, seconds in (("ms", Decimal("0.001")), ("s", Decimal(1)), ("m", Decimal(60)), ("h", Decimal(3600))):
        if text.endswith(ending) and text.removesuffix(ending).strip().isdigit():
            return int(text.removesuffix(ending)) * seconds
    return None


def _unused(plugin: Tree, imported: Import) -> None:
    for key, here in SETTINGS.items():
        if key in plugin:
            imported.unused.append(f"{key} = {plugin[key]!r} belongs into the site's file: {here}")


class _FieldLines:
    """The lines of fields, by the name that each has: TOML's readers tell none."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._seen: dict[str, int] = {}

    def where(self, field: _Field) -> str:
        """`line 12` of the next line with the field's name; the name if there is none."""
        name = str(field.tree.get("name", ""))
        start = self._seen.get(name, 0)
        for index in range(start, len(self._lines)):
            line = self._lines[index].strip()
            if not line.startswith("#") and (f'"{name}"' in line or f"'{name}'" in line):
                self._seen[name] = index + 1
                return f"line {index + 1}"
        return f"field {name}" if name else "a field without a name"
