"""Texts out of registers: nothing of what a device sends is lost, whatever it is and whatever is said of it."""

from __future__ import annotations

from encodings.aliases import aliases

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ess_ray.core.decoding.texts import read_text
from ess_ray.core.maps.encodings import is_encoding

ENCODINGS = sorted({name for name in aliases.values() if is_encoding(name)})


@pytest.mark.parametrize("padding", [b"", b"\0\0\0", b"   ", b"\xff\xff\xff", b" \xff \0A", b"\0\xff"])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [("인버터", "utf-8"), ("인버터", "cp949"), ("인버터", "euc_kr"), ("逆变器", "gbk"), ("インバータ", "shift_jis"),
     ("Größe 3 °C", "latin-1"), ("A1 B2", "cp037")],
)  # fmt: skip
def test_padding_is_no_part_of_a_text(text: str, encoding: str, padding: bytes) -> None:
    space = " ".encode(encoding)
    assert read_text(text.encode(encoding) + padding.replace(b" ", space), encoding) == (text, True)


@pytest.mark.parametrize("padding", [b"", b"\0\0", b"\0\x20", b"\xff\xff\xff\xff", b"\0\0\0A"])
def test_of_utf_16_whole_characters_are_padding(padding: bytes) -> None:
    assert read_text("A 가".encode("utf-16-be") + padding, "utf-16-be") == ("A 가", True)


@pytest.mark.parametrize("data", [b"", b"\0\0", b"  ", b"\xff\xff\xff\xff", b"  \xff\xff", b"\0AB"])
def test_nothing_but_padding_is_the_empty_text(data: bytes) -> None:
    assert read_text(data, "utf-8") == ("", True)


@pytest.mark.parametrize(
    ("data", "encoding", "digits"),
    [
        (b"\xb0\xa1", "utf-8", "0xB0A1"),
        (b"\xb0\xa1 \0", "ascii", "0xB0A1"),
        (b"A\x81", "shift_jis", "0x4181"),
        (b"\xd8\0\xd8\0", "utf-16-be", "0xD800D800"),
        (b"+2AA-", "utf-7", "0x2B3241412D"),  # a lone surrogate, which PostgreSQL does not take
    ],
)
def test_what_is_no_text_is_given_as_hexadecimal_digits(data: bytes, encoding: str, digits: str) -> None:
    assert read_text(data, encoding) == (digits, False)


@pytest.mark.parametrize("name", ["hex", "zlib", "rot13", "undefined", "unicode_escape", "idna", "", "klingon", "a\0b"])
def test_an_encoding_that_is_none_of_texts_is_refused(name: str) -> None:
    assert not is_encoding(name)


@example(b"\xd8\0", "utf_16_be")
@given(st.binary(max_size=20), st.sampled_from(ENCODINGS))
def test_whatever_comes_is_a_text_that_postgresql_takes(data: bytes, encoding: str) -> None:
    text, _ = read_text(data, encoding)
    assert "\0" not in text
    text.encode()
