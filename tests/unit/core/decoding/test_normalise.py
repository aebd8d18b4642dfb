"""Decoding agrees with an oracle that takes one value at a time (struct, decimal); flushes say what they hold."""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from decimal import Decimal, localcontext
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ess_ray.actors.normaliser import Normaliser
from ess_ray.core.batch import FAILED_LAYOUT, batch_of, pack
from ess_ray.core.decoding.normalise import Decoder, normalise
from ess_ray.core.errors import MapError
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.plan import make_plan
from ess_ray.core.maps.raw_types import TYPES
from ess_ray.core.maps.recipe import make_recipe
from ess_ray.core.maps.registers import RegisterMap, Value
from ess_ray.core.maps.standard import Standard, Table, load_standard
from ess_ray.core.samples import Device, Sample, Status
from tests.decoded import dicts

FORMATS = {
    "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q", "float32": "f",
    "float64": "d",
}  # fmt: skip
TICK_US = 1_700_000_000_000_000
STANDARD = Standard({"one": Table("one", (), {}), "many": Table("many", ("part",), {})})
COLUMN_BITS = {"int2": 16, "int4": 32, "int8": 64}


def _map(*values: Value) -> RegisterMap:
    return RegisterMap("m", 1.0, values, frozenset(), "hash")


def _sample(image: bytes, status: Status = Status.STORED, tick_us: int = TICK_US, device: str = "d") -> Sample:
    return Sample(Device("s", device), "layout", tick_us, status, None, (), None, 1.5, 1, 0, image)


def _oracle(value: Value, words: list[int]) -> tuple[float | int | None, bool]:
    """(value, out of range) of one value out of its registers."""
    pairs = [struct.pack("<H" if value.order in ("BADC", "DCBA") else ">H", word) for word in words]
    data = b"".join(reversed(pairs) if value.order in ("CDAB", "DCBA") else pairs)
    (raw,) = struct.unpack(">" + FORMATS["uint16" if value.bits else value.raw_type], data)
    if value.bits:
        raw = raw >> value.bits[0] & ((1 << value.bits[1]) - 1)
    if raw in value.sentinels or math.isnan(raw):
        return None, False
    if value.invert == "swap01" and raw in (0, 1):
        raw = 1 - raw
    if value.invert == "nonzero":
        raw = int(raw == 0)
    with localcontext(prec=400):
        exact = Decimal(raw) * value.scale + value.offset
        out = (
            (value.minimum is not None and exact < value.minimum)
            or (value.maximum is not None and exact > value.maximum)
            or (bool(value.choices) and exact not in value.choices)
        )
    if value.column_type == "float8":
        return float(exact), out
    return int(exact), out


def _whole(chance: Random, digits: int) -> Decimal:
    return Decimal(chance.choice((1, -1)) * chance.randint(1, 10 ** chance.randint(0, digits)))


def _fits(column_type: str, raw_type: str, scale: Decimal, offset: Decimal) -> bool:
    """What the check of a map lets through: whole numbers that the column can hold."""
    if raw_type.startswith("float") or scale % 1 or offset % 1:
        return False
    bits = 16 if raw_type == "bits" else int(raw_type.strip("uint"))
    ends = (0, (1 << bits) - 1) if raw_type[0] in "ub" else (-(1 << bits - 1), (1 << bits - 1) - 1)
    half = 1 << COLUMN_BITS[column_type] - 1
    return all(-half <= end * scale + offset < half for end in ends)


def _value(chance: Random) -> Value:
    raw_type = chance.choice([*FORMATS, "bits"])
    bits = (chance.randint(0, 7), chance.randint(1, 9)) if raw_type == "bits" else None
    is_float = raw_type.startswith("float")
    power = chance.choice((0, 0, 0, *range(1, 7)))
    # A float64 with a factor is rounded more than once, as floats are; the rest is exact.
    scale = Decimal(1) if raw_type == "float64" or chance.random() < 0.25 else _whole(chance, 4).scaleb(-power)
    offset = Decimal(0) if is_float or chance.random() < 0.5 else _whole(chance, 5).scaleb(-power)
    column_types = ["float8", *(name for name in COLUMN_BITS if _fits(name, raw_type, scale, offset))]
    # Few have limits: quality is that of the row, and a value out of range hides the others.
    limits = None if chance.random() < 0.8 else sorted(_limit(chance, scale, offset, power) for _ in range(2))
    least = 0 if raw_type[0] == "u" or bits else -5
    return Value(
        "one", "x", None, (), 4, 0, TYPES[raw_type].registers if raw_type in TYPES else 1, raw_type, bits=bits,
        column_type=chance.choice(column_types),
        order=chance.choice(["ABCD", "CDAB", "BADC", "DCBA"]), scale=scale, offset=offset,
        minimum=limits[0] if limits else None, maximum=limits[1] if limits else None,
        invert=None if is_float else chance.choice([None, None, "swap01", "nonzero"]),
        sentinels=tuple(sorted({chance.randint(least, least + 20) for _ in range(chance.randint(0, 2))})),
        choices=() if is_float or limits or chance.random() < 0.8 else tuple(chance.sample(range(-9, 30), 4)),
    )  # fmt: skip


def _limit(chance: Random, scale: Decimal, offset: Decimal, power: int) -> Decimal:
    """One that a value may equal, or any."""
    return chance.randint(0, 2) * scale + offset if chance.random() < 0.5 else _whole(chance, 6).scaleb(-power)


def _words(chance: Random, number: int) -> list[int]:
    ends = (0, 0, 1, 2, 0x7FFF, 0x8000, 0xFFFF, 0x7FF0, 0x0100)
    return [chance.choice(ends) if chance.random() < 0.5 else chance.randrange(1 << 16) for _ in range(number)]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1 << 64))  # not each number by itself, which takes five times as long
def test_every_type_order_scale_and_range_agrees_with_the_oracle(seed: int) -> None:
    chance = Random(seed)
    values, address = [], 0
    for number in range(chance.randint(5, 8)):
        values.append(replace(_value(chance), column=f"x{number}", address=address))
        address += values[-1].width
    register_map = _map(*values)
    samples = range(chance.randint(1, 4))
    held = [_words(chance, address) for _ in samples]
    unread = [(chance.choice(samples), chance.randrange(address)) for _ in range(chance.randint(0, 2))]
    polled = [
        replace(
            _sample(struct.pack(f">{address}H", *words)),
            missing=tuple((2 * address, 2 * address + 2) for sample, address in unread if sample == number),
        )
        for number, words in enumerate(held)
    ]
    columns = Decoder(register_map, make_plan(register_map), STANDARD).decode(batch_of(polled))["one"]
    for number, (row, words) in enumerate(zip(dicts(columns), held, strict=True)):
        quality = 0
        for value in values:
            span = range(value.address, value.address + value.width)
            missing = any(sample == number and address in span for sample, address in unread)
            expected, out = (None, False) if missing else _oracle(value, [words[address] for address in span])
            assert (row[value.column], type(row[value.column])) == (expected, type(expected)), value
            quality |= 2 * missing | out
        assert row["quality"] == quality


@pytest.mark.parametrize(
    ("raw", "scale", "written"),
    [(3, "0.1", "0.3"), (65527, "0.1", "-0.9"), (7, "0.1", "0.7"), (0, "-0.1", "0.0"), (2205, "0.01", "22.05")],
)
def test_a_scaled_value_reads_as_the_decimal_that_is_meant(raw: int, scale: str, written: str) -> None:
    register_map = _map(Value("one", "x", None, (), 4, 0, 1, "int16", scale=Decimal(scale)))
    tables = Decoder(register_map, make_plan(register_map), STANDARD).decode(
        batch_of([_sample(struct.pack(">H", raw))])
    )
    assert repr(dicts(tables["one"])[0]["x"]) == written


TWO_TABLES = _map(
    Value("many", "x", None, (2,), 4, 0, 1, "int16"),
    Value("many", "x", None, (1,), 4, 1, 1, "int16"),
    Value("one", "x", None, (), 4, 2, 1, "int16", minimum=Decimal(0)),
)
SAMPLES = [
    _sample(struct.pack(">3h", 1, 2, 3), device="b"),
    _sample(b"", Status.FAILED, device="long name"),
    _sample(struct.pack(">3h", 4, 5, -1), tick_us=TICK_US - 10, device="a"),
]


def test_rows_are_by_sample_then_identity_and_failed_samples_have_none() -> None:
    tables = Decoder(TWO_TABLES, make_plan(TWO_TABLES), STANDARD).decode(batch_of(SAMPLES))
    many = [(row["device"], row["part"], row["x"]) for row in dicts(tables["many"])]
    assert many == [("b", 1, 2), ("b", 2, 1), ("a", 1, 5), ("a", 2, 4)]
    assert list(tables["one"]) == ["time", "site", "device", "quality", "x"]
    assert [row["time"] for row in dicts(tables["one"])] == [TICK_US, TICK_US - 10]


def test_a_batch_of_failed_samples_has_empty_tables_of_the_right_form() -> None:
    flush = normalise(Decoder(TWO_TABLES, make_plan(TWO_TABLES), STANDARD), batch_of([SAMPLES[1]]), 0, 0)
    assert [(table.table, table.data, table.rows) for table in flush.tables] == [
        ("many", b"", (0,)),
        ("one", b"", (0,)),
    ]


def test_a_flush_can_be_cut_by_sample_and_flags_what_is_late() -> None:
    flush = normalise(
        Decoder(TWO_TABLES, make_plan(TWO_TABLES), STANDARD), batch_of(SAMPLES), now_us=TICK_US + 5, late_us=10
    )
    assert list(flush.keys) == [(sample.device, sample.tick_us) for sample in SAMPLES]
    assert flush.samples.rows == (1, 1, 1)
    assert {table.table: table.rows for table in flush.tables} == {"many": (2, 0, 2), "one": (1, 0, 1)}
    many, one = flush.tables
    assert many.columns == ("time", "site", "device", "quality", "part", "x")
    assert many.ends[0] == many.ends[1] == len(many.data) // 2
    late_row = one.data[one.ends[1] : one.ends[2]]
    assert late_row == struct.pack(
        ">hiqi1si1sihid", 5, 8, TICK_US - 10 - 946_684_800_000_000, 1, b"s", 1, b"a", 2, 4 | 1, 8, -1.0
    )


def test_an_image_of_the_wrong_length_names_its_device() -> None:
    decoder = Decoder(TWO_TABLES, make_plan(TWO_TABLES), STANDARD)
    with pytest.raises(ValueError, match="s/d: 4 bytes for 1 samples, but their map requires 6 bytes each"):
        normalise(decoder, batch_of([_sample(b"1234")]), 0, 0)


TREE = {
    "period_s": 1,
    "function": 4,
    "blocks": [{"table": "pcs", "runs": [{"at": 0, "columns": ["power"]}]}],
}
PCS = {"tables": {"pcs": {"identity": [], "columns": {"power": {"type": "int2", "unit": "kW", "meaning": "Power"}}}}}

WITHOUT_POWER = {"tables": {"etc": {"columns": {"heat": {"type": "int2", "meaning": "Heat"}}}}}
WATTS = {"type": "int4", "unit": "W", "meaning": "Power"}
PCS_IN_WATTS = {"tables": {"pcs": {"identity": ["n"], "columns": {"power": WATTS}}}}


def test_samples_are_decoded_by_the_recipe_that_came_with_them() -> None:
    register_map = load_map("plant", TREE, load_standard(PCS))
    recipe, layout = make_recipe(register_map, TREE, 125, 2000), make_plan(register_map).layout
    flush = Normaliser(PCS).normalise(layout, recipe, [pack(batch_of([_sample(b"\0\7")]))], 0, 0)
    assert flush.tables[0].columns == ("time", "site", "device", "quality", "power")
    with pytest.raises(MapError, match="layout 77"):
        Normaliser(PCS).normalise("77", recipe, [pack(batch_of([_sample(b"\0\7")]))], 0, 0)


def test_samples_keep_the_columns_that_were_the_users_own_then() -> None:
    tree = TREE | {"new": {"pcs": {"power": {"unit": "kW", "meaning": "Power"}}}}
    register_map = load_map("plant", tree, load_standard(WITHOUT_POWER))
    recipe, layout = make_recipe(register_map, tree, 125, 2000), make_plan(register_map).layout
    data = [pack(batch_of([_sample(b"\0\7")]))]
    for today in (WITHOUT_POWER, PCS_IN_WATTS):  # the column has left the standard, or another meaning has come
        flush = Normaliser(today).normalise(layout, recipe, data, 0, 0)
        assert flush.tables[0].columns == ("time", "site", "device", "quality", "power")


def test_failed_samples_of_their_own_need_no_recipe() -> None:
    batch = batch_of([_sample(b"", Status.FAILED)])
    flush = Normaliser(PCS).normalise(FAILED_LAYOUT, "", [pack(batch)], 0, 0)
    decoded = normalise(Decoder(TWO_TABLES, make_plan(TWO_TABLES), STANDARD), batch, 0, 0)
    assert (flush.keys, flush.samples, flush.tables) == (decoded.keys, decoded.samples, ())
