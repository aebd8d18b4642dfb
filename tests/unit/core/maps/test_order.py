"""Byte orders: what a name means for numbers of every size, and what swapping makes of an order."""

from __future__ import annotations

import pytest

from ess_ray.core.maps.order import ORDERS, ByteOrder

# The bytes A to H of a number, A the most significant, as its registers carry them.
SENT = {
    "ABCD": ("AB", "ABCD", "ABCDEFGH"),
    "CDAB": ("AB", "CDAB", "GHEFCDAB"),
    "BADC": ("BA", "BADC", "BADCFEHG"),
    "DCBA": ("BA", "DCBA", "HGFEDCBA"),
    "EFGHABCD": ("AB", "ABCD", "EFGHABCD"),  # only the halves of 64 bits swapped
    "CDABGHEF": ("AB", "CDAB", "CDABGHEF"),
}


@pytest.mark.parametrize("name", SENT)
def test_a_number_is_sent_and_read_as_the_name_spells(name: str) -> None:
    order = ByteOrder(name)
    for sent in map(str.encode, SENT[name]):
        number = bytes(sorted(sent))
        assert order.encode(number) == sent
        assert order.decode(sent) == number
        words = [number[2 * word : 2 * word + 2] for word in order.words(len(number) // 2)]
        assert b"".join(word[::-1] if order.low_byte_first else word for word in words) == sent


def test_text_keeps_its_word_order() -> None:
    sent = {"ABCD": "Berlin", "CDAB": "Berlin", "BADC": "eBlrni", "DCBA": "eBlrni"}
    for name, text in sent.items():
        assert "".join(text[position] for position in ORDERS[name].text_positions(6)) == "Berlin"


def test_an_order_with_words_or_bytes_swapped_is_another_order() -> None:
    for name, words, bytes_ in [
        ("ABCD", "CDAB", "BADC"), ("CDAB", "ABCD", "DCBA"), ("BADC", "DCBA", "ABCD"), ("DCBA", "BADC", "CDAB"),
    ]:  # fmt: skip
        assert ORDERS[name].swapped(words=True) == ORDERS[words]
        assert ORDERS[name].swapped(bytes_=True) == ORDERS[bytes_]
    assert ORDERS["ABCD"].swapped(words=True, bytes_=True) == ORDERS["DCBA"]
    assert ByteOrder("EFGHABCD").swapped(words=True) is None


@pytest.mark.parametrize("name", ["", "AB", "ACBD", "abcd", "ABCDE", "AAAA", "HGFEDCAB"])
def test_a_name_that_is_no_order_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a byte order"):
        ByteOrder(name)
