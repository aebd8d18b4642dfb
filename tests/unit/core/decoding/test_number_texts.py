"""Texts that devices send as numbers: versions, hexadecimal digits, dates and times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ess_ray.core.decoding.normalise import MISSING, OUT_OF_RANGE
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.simulator.plant import Plant
from tests.few_values import decoded, made, one

CLOCK = "word: {type: datetime, parts: [year, month, day, hour, minute, second]}"
BYTES = "word: {type: datetime, parts: [year/month, day/hour, minute/second]}"
SEOUL = "word: {type: datetime, zone: Asia/Seoul, parts: [year, month, day, hour, minute]}"
BERLIN = "word: {type: datetime, zone: Europe/Berlin, parts: [year, month, day, hour, minute]}"


@pytest.mark.parametrize(
    ("columns", "words", "expected"),
    [
        ("word: {type: uint16, format: nibbles}", [0x1234], ("1.2.3.4", False)),
        ("word: {type: uint16, format: nibbles}", [0x0A0F], ("0.10.0.15", False)),
        ("word: {type: uint32, format: nibbles, order: CDAB}", [0x0034, 0x1200], ("1.2.0.0.0.0.3.4", False)),
        ("word: {bits: 4..11, format: nibbles}", [0x1234], ("2.3", False)),
        ("word: {type: uint16, format: bytes}", [0x020A], ("2.10", False)),
        ("word: {type: uint32, format: bytes}", [0xC0A8, 0x0001], ("192.168.0.1", False)),
        ("word: {type: uint16, format: hex}", [0x00FA], ("0x00FA", False)),
        ("word: {type: uint48, format: hex}", [0x0001, 0xABCD, 0xEF02], ("0x0001ABCDEF02", False)),
        ("word: {type: uint64, format: hex}", [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF], ("0xFFFFFFFFFFFFFFFF", False)),
        ("word: {type: uint16, format: hex, sentinel: 0xFFFF}", [0xFFFF], (None, False)),
        ("word: {type: bcd16, format: hex, sentinel: '0xFFFF'}", [0xFFFF], (None, False)),
        ("word: {type: uint32, words: [1, 0], format: hex}", [0x2222, 0x1111], ("0x11112222", False)),
        ("word: {type: uint16, format: hhmm}", [830], ("08:30", False)),
        ("word: {type: uint16, format: hhmm}", [2400], ("24:00", False)),
        ("word: {type: uint16, format: hhmm}", [2401], (None, True)),
        ("word: {type: uint16, format: hhmm}", [860], (None, True)),
        ("word: {type: bcd16, format: hhmm}", [0x2359], ("23:59", False)),
        ("word: {type: bcd16, format: hhmm}", [0x235A], (None, True)),
        ("word: {type: uint32, format: epoch}", [0x6553, 0xF100], ("2023-11-14T22:13:20+00:00", False)),
        ("word: {type: uint32, format: epoch, zone: Asia/Seoul}", [0, 0], ("1970-01-01T09:00:00+09:00", False)),
        ("word: {type: uint64, format: epoch}", [0xFFFF, 0, 0, 0], (None, True)),
        (CLOCK, [2026, 11, 27, 8, 45, 1], ("2026-11-27T08:45:01", False)),
        (CLOCK, [26, 2, 28, 23, 59, 59], ("2026-02-28T23:59:59", False)),
        (CLOCK, [2026, 2, 29, 0, 0, 0], (None, True)),
        (CLOCK, [2024, 2, 29, 24, 0, 0], (None, True)),
        (CLOCK, [0] * 6, (None, True)),
        (CLOCK, [0xFFFF] * 6, (None, True)),
        (BYTES, [0x1A0B, 0x1B08, 0x2D01], ("2026-11-27T08:45:01", False)),
        (BYTES.replace("parts", "order: BADC, parts"), [0x0B1A, 0x081B, 0x012D], ("2026-11-27T08:45:01", False)),
        ("word: {type: datetime, parts: [skip/hour, minute]}", [0xFF08, 5], ("08:05", False)),
        ("word: {type: datetime, parts: [day/month, skip, year]}", [0x1B0B, 9, 2026], ("2026-11-27", False)),
        (SEOUL, [2026, 11, 27, 8, 45], ("2026-11-27T08:45:00+09:00", False)),
        (BERLIN, [2026, 7, 1, 8, 45], ("2026-07-01T08:45:00+02:00", False)),
        (BERLIN, [2026, 3, 29, 2, 30], (None, True)),  # no clock shows it
        (BERLIN, [2026, 10, 25, 2, 30], ("2026-10-25T02:30:00+02:00", False)),  # the first of two
    ],
)
def test_a_number_is_this_text(columns: str, words: list[int], expected: object) -> None:
    assert one(columns, dict(enumerate(words)), "word") == expected


def test_texts_of_several_samples_and_what_was_not_read() -> None:
    rows = decoded(made("word: {type: uint16, format: hhmm}, x"), *({0: n, 1: n} for n in (830, 999, 7)))
    found = [(row["word"], row["quality"]) for row in rows]
    assert found == [("08:30", 0), (None, OUT_OF_RANGE), ("00:07", 0)]
    (row,) = decoded(made(f"{CLOCK}, x"), {}, missing=(3,))
    assert (row["word"], row["quality"], row["x"]) == (None, MISSING, 0.0)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ("x: {type: uint16, format: hex}", "go into a text column"),
        ("word: {type: int16, format: hex}", "a whole number without a sign"),
        ("word: {type: float32, format: hex}", "a whole number without a sign"),
        ("word: {type: uint16, format: hexa}", "did you mean hex"),
        ("word: {type: uint16, format: hex, scale: 2}", "scale does not apply"),
        ("word: {type: datetime}", "a datetime needs parts"),
        ("word: {type: datetime, parts: [year, month]}", "expected year, month, day, or hour"),
        ("word: {type: datetime, parts: [minute]}", "expected year, month, day, or hour"),
        ("word: {type: datetime, parts: [hour, minute, hour]}", "each once"),
        ("word: {type: datetime, parts: [skip]}", "expected year, month, day, or hour"),
        ("word: {type: datetime, parts: [hours]}", "did you mean hour"),
        ("word: {type: datetime, parts: [hour/minute/second]}", "two bytes"),
        ("word: {type: datetime, parts: [hour], zone: Mars/Olympus}", "expected a time zone"),
        ("word: {type: uint16, parts: [hour]}", "parts does not apply"),
    ],
)
def test_what_makes_no_sense_is_refused(columns: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        made(columns)


def test_a_map_is_another_one_with_another_text() -> None:
    maps = [f"word: {{type: uint32, format: {name}}}" for name in ("hex", "bytes", "epoch", "epoch, zone: Asia/Seoul")]
    maps += [CLOCK, BYTES, SEOUL, BERLIN, CLOCK.replace("month, day", "day, month")]
    assert len({made(columns).map_hash for columns in maps}) == len(maps)


@pytest.mark.parametrize("columns", [CLOCK, BYTES, BYTES.replace("parts", "order: DCBA, parts"), SEOUL])
def test_a_simulated_device_has_a_clock(columns: str) -> None:
    plant: RegisterMap = made(columns)
    now = datetime(2026, 11, 27, 8, 45, tzinfo=UTC)
    image = Plant(plant, 1, 3600).image(int(now.timestamp()) * 1_000_000)[3]
    words = [int.from_bytes(image[at : at + 2]) for at in range(0, len(image), 2)]
    text, _ = one(columns, dict(enumerate(words)), "word")
    local = now + timedelta(hours=1)
    assert text == ("2026-11-27T17:45:00+09:00" if columns == SEOUL else local.isoformat()[:19])
