"""Configurations of Telegraf and Home Assistant: fifty fields each, and the rows are what another decoder says."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from ess_ray.adapters.importing.trees import read_toml, read_yaml
from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.core.importing.home_assistant import read_home_assistant
from ess_ray.core.importing.item import Import
from ess_ray.core.importing.telegraf import read_telegraf
from tests.imported import Memory, decoded, made

FORMATS = {"INT16": "h", "UINT16": "H", "INT32": "i", "UINT32": "I", "INT64": "q", "UINT64": "Q", "FLOAT32": "f",
           "FLOAT64": "d"}  # fmt: skip
SCALES = ("1", "0.1", "0.001", "10", "-0.01")
ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
FIELDS = 50


def telegraf(text: str) -> Import:
    return read_telegraf(read_toml(text, "telegraf.conf"), text.splitlines())


def home_assistant(text: str) -> Import:
    return read_home_assistant(read_yaml(text, "modbus.yaml"), line_finder(text))


class Field:
    """A field of a configuration and the bytes of its registers; it decodes them itself, by `struct`."""

    def __init__(self, number: int, chance: random.Random) -> None:
        self.name = f"field_{number}"
        self.type = [*FORMATS][number % len(FORMATS)]
        self.order = ORDERS[number // len(FORMATS) % len(ORDERS)]
        self.scale = SCALES[number % len(SCALES)]
        self.function = 3 + number % 2
        self.registers = struct.calcsize(FORMATS[self.type]) // 2
        self.address = 10 + 4 * number
        data = bytes(chance.randrange(256) for _ in range(2 * self.registers))
        if self.type.startswith("FLOAT"):
            data = self.arranged(struct.pack(f">{FORMATS[self.type]}", chance.randrange(-9999, 9999) / 8))
        self.data = data

    def arranged(self, data: bytes) -> bytes:
        """The bytes of the registers as the order has them, or back."""
        words = [data[at : at + 2] for at in range(0, len(data), 2)]
        if self.order in ("CDAB", "DCBA"):
            words.reverse()
        return b"".join(word[::-1] if self.order in ("BADC", "DCBA") else word for word in words)

    @property
    def value(self) -> float | int:
        (raw,) = struct.unpack(f">{FORMATS[self.type]}", self.arranged(self.data))
        exact = Decimal(raw) * Decimal(self.scale)
        return int(exact) if self.scale == "1" and self.type not in ("UINT64", "FLOAT32", "FLOAT64") else float(exact)

    def memory(self) -> Memory:
        return {
            (self.function, self.address + number): int.from_bytes(self.data[2 * number : 2 * number + 2])
            for number in range(self.registers)
        }


@pytest.fixture(scope="module")
def fields() -> list[Field]:
    chance = random.Random(18)
    return [Field(number, chance) for number in range(FIELDS)]


def compare(found: Import, fields: list[Field]) -> None:
    assert found.left_out == []
    memory: Memory = {}
    for field in fields:
        memory |= field.memory()
    (row,) = decoded(made(found).text, memory)["imported"]
    assert row == {field.name: field.value for field in fields}


# --- Telegraf -------------------------------------------------------------------------------------------------------


def register_style(fields: list[Field]) -> Iterator[str]:
    yield "[[inputs.modbus]]\nslave_id = 1"
    for function, key in ((3, "holding_registers"), (4, "input_registers")):
        yield f"{key} = ["
        for field in (field for field in fields if field.function == function):
            kind = f"{field.type}-IEEE" if field.type.startswith("FLOAT") else field.type
            names = {"ABCD": "ABCDEFGH", "CDAB": "GHEFCDAB", "BADC": "BADCFEHG", "DCBA": "HGFEDCBA"}
            short = {"ABCD": "AB", "CDAB": "AB", "BADC": "BA", "DCBA": "BA"}
            order = {1: short, 4: names}.get(field.registers, {}).get(field.order, field.order)
            addresses = list(range(field.address, field.address + field.registers))
            yield f'  {{ name = "{field.name}", byte_order = "{order}", data_type = "{kind}", scale = {field.scale}, '
            yield f"    address = {addresses} }},".strip()
        yield "]"


def request_style(fields: list[Field]) -> Iterator[str]:
    yield '[[inputs.modbus]]\nconfiguration_type = "request"'
    for function, register in ((3, "holding"), (4, "input")):
        for order in ORDERS:
            yield f'[[inputs.modbus.request]]\nslave_id = 1\nbyte_order = "{order}"'
            yield f'register = "{register}"\nfields = ['
            for field in (field for field in fields if (field.function, field.order) == (function, order)):
                yield f'  {{ address={field.address}, name="{field.name}", type="{field.type}", scale={field.scale} }},'
            yield '  { address=9, name="hole", type="INT16", omit=true },\n]'


def metric_style(fields: list[Field]) -> Iterator[str]:
    yield '[[inputs.modbus]]\nconfiguration_type = "metric"'
    for order in ORDERS:
        yield f'[[inputs.modbus.metric]]\nslave_id = 1\nbyte_order = "{order}"\nfields = ['
        for field in (field for field in fields if field.order == order):
            register = "" if field.function == 3 else 'register="input", '
            described = f'name="{field.name}", type="{field.type}", scale={field.scale}'
            yield f"  {{ {register}address={field.address}, {described} }},"
        yield "]"


@pytest.mark.parametrize("style", [register_style, request_style, metric_style])
def test_fifty_fields_of_telegraf_give_the_rows_of_another_decoder(style: Any, fields: list[Field]) -> None:
    text = "\n".join(style(fields)).replace(", \n", ", ")
    compare(telegraf(text), fields)


def test_telegrafs_bits_texts_and_fixed_numbers_are_imported() -> None:
    found = telegraf("""
[agent]
interval = "10s"
[[inputs.modbus]]
name = "plc"
slave_id = 3
controller = "tcp://192.0.2.1:502"
coils = [ { name = "run", address = [7] } ]
holding_registers = [
  { name = "flag", data_type = "BIT", bit = 4, byte_order = "AB", address = [0] },
  { name = "high", data_type = "UINT8H", scale = 0.5, byte_order = "AB", address = [1] },
  { name = "energy", data_type = "FIXED", scale = 0.01, byte_order = "CDAB", address = [2, 3] },
  { name = "firmware", data_type = "STRING", byte_order = "AB", address = [4, 5] },
  { name = "half", data_type = "FLOAT16-IEEE", byte_order = "AB", address = [6] },
  { name = "apart", data_type = "INT32", byte_order = "ABCD", address = [8, 10] },
  { name = "short", data_type = "INT32", byte_order = "ABCD", address = [9] },
]
""")
    memory = {(1, 7): 1, (3, 0): 0x10, (3, 1): 0x3344, (3, 2): 0xFFFE, (3, 3): 0xFFFF, (3, 4): 0x6131, (3, 5): 0x2E30}
    one = made(found)
    assert decoded(one.text, memory)["imported"] == [
        {"run": True, "flag": True, "high": 25.5, "energy": -0.02, "firmware": "a1.0"}
    ]
    assert (one.period_s, one.unit_id) == (Decimal(10), 3)
    assert [(one.name, one.where, one.reason) for one in found.left_out] == [
        ("half", "line 14", "type FLOAT16-IEEE is not among those of register maps"),
        ("apart", "line 15", "its addresses [8, 10] do not follow each other"),
        ("short", "line 16", "type INT32 takes 2 registers, and it names 1"),
    ]
    assert found.unused == [
        "controller = 'tcp://192.0.2.1:502' belongs into the site's file: host and port of the device"
    ]


def test_each_slave_is_a_map() -> None:
    found = telegraf("""
[[inputs.modbus]]
configuration_type = "request"
[[inputs.modbus.request]]
slave_id = 1
register = "input"
fields = [ { address=0, name="a", type="INT16" } ]
[[inputs.modbus.request]]
slave_id = 2
register = "input"
fields = [ { address=0, name="a", type="INT16" } ]
""")
    assert [(device.name, device.unit_id) for device in found.devices] == [("slave 1", 1), ("slave 2", 2)]


# --- Home Assistant -------------------------------------------------------------------------------------------------


def sensors(fields: list[Field]) -> Iterator[str]:
    swaps = {"ABCD": "none", "CDAB": "word", "BADC": "byte", "DCBA": "word_byte"}
    yield "modbus:\n  - name: hub\n    type: tcp\n    host: !secret host\n    sensors:"
    for field in fields:
        kind = "holding" if field.function == 3 else "input"
        yield f"      - {{name: {field.name}, address: {field.address}, input_type: {kind}, slave: 1, "
        yield f"data_type: {field.type.lower()}, swap: {swaps[field.order]}, scale: {field.scale}}}"


def test_fifty_sensors_of_home_assistant_give_the_rows_of_another_decoder(fields: list[Field]) -> None:
    compare(home_assistant("\n".join(sensors(fields)).replace(", \n", ", ")), fields)


def test_home_assistants_other_sensors_are_imported() -> None:
    text = """
modbus:
  - name: hub
    host: 192.0.2.1
    delay: 2
    sensors:
      - {name: Serial, address: 10, data_type: string, count: 2, slave: 1}
      - {name: Power, address: 20, offset: -5, scale: 0.5, unit_of_measurement: W, nan_value: 0x7FFF, slave: 1}
      - {name: Cell, address: 30, data_type: uint16, virtual_count: 1, slave: 1}
      - {name: Parts, address: 40, data_type: custom, structure: ">hxxI", slave: 1}
      - {name: Half, address: 50, data_type: float16, slave: 1}
      - {name: Old, address: 60, data_type: int, count: 2, min_value: 0, max_value: 70000, slave: 1}
    binary_sensors:
      - {name: Coil, address: 1, slave: 1}
      - {name: Bits, address: 70, input_type: holding, slave_count: 1, slave: 1}
    switches: [{name: s, address: 1}]
"""
    found = home_assistant(text)
    memory = {(3, 10): 0x6162, (3, 20): 0x7FFF, (3, 30): 3, (3, 31): 4, (3, 40): 0xFFFF, (3, 42): 1, (3, 43): 2,
              (3, 60): 1, (3, 61): 1, (1, 1): 1, (3, 70): 2}  # fmt: skip
    assert decoded(made(found).text, memory)["imported"] == [
        {"serial": "ab", "power": None, "cell_1": 3, "cell_2": 4, "parts_1": -1, "parts_4": 65538, "old": 65537,
         "coil": True, "bits_1": False, "bits_2": True}
    ]  # fmt: skip
    assert [(one.name, one.where, one.reason) for one in found.left_out] == [
        ("Half", "line 11", "type float16 is not among those of register maps")
    ]
    assert len(found.unused) == 3


def test_a_file_that_is_included_is_the_list_of_hubs_itself() -> None:
    found = home_assistant(
        "- name: hub\n  sensors:\n    - {name: a, address: 1}\n    - {name: b, address: 2, slave: 7}\n"
    )
    assert [(device.name, [item.where for item in device.items]) for device in found.devices] == [
        ("slave 0", ["line 3"]),
        ("slave 7", ["line 4"]),
    ]
