"""Byte orders: in which order a device's registers carry the bytes of a number.

A register is 16 bits, its high byte first on the wire ("MODBUS Application Protocol V1.1b3", section 4.2). Of numbers
wider than a register the protocol says nothing: some devices send the low word first, some swap the bytes of each
register too. ORDERS holds every order that a register map may name; whoever reads, guesses or simulates numbers in
registers takes them from here, so a new order is one more name there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class ByteOrder:
    """A byte order, named by the bytes of a number, A the most significant, in the order in which registers carry them.

    CDAB: the number 0x11223344 stands in two registers as 0x3344, 0x1122. An order is nothing but halves that are
    swapped or not: the bytes of a word, the words of a 32-bit number, the halves of a 64-bit number. A name of four
    letters swaps the halves of 64 bits as it swaps words (CDAB is GHEFCDAB there); a name of eight letters says itself
    whether they are (EFGHABCD). Raises ValueError for a name that is not such an order.
    """

    name: str

    def __post_init__(self) -> None:
        letters = "ABCDEFGH"[: len(self.name)]
        if len(letters) not in (4, 8) or self.encode(letters.encode()) != self.name.encode():
            raise ValueError(f"{self.name!r} is not a byte order: expected the letters {letters} with halves swapped")

    @property
    def low_byte_first(self) -> bool:
        """True if each register carries its low byte first."""
        return self.positions(2) == [1, 0]

    def positions(self, size: int) -> list[int]:
        """The positions of a number's bytes, most significant first, among the `size` (2, 4, 6 or 8) of its registers.

        CDAB and 4 bytes: [2, 3, 0, 1]. Of three registers the words stand the other way round if those of two do.
        """
        if size == 6:
            words = range(4, -1, -2) if self.positions(4)[0] >= 2 else range(0, 6, 2)
            return [word + byte for word in words for byte in self.positions(2)]
        # Halves that trade places flip one bit of an index: bit 0 for bytes, bit 1 for words, bit 2 for halves of 64
        # bits. The letter that comes first says which; bits beyond a name's letters are as its highest.
        first = ord(self.name[0]) - ord("A")
        if first >= len(self.name) // 2 and size > len(self.name):
            first |= len(self.name)
        return [rank ^ (first & (size - 1)) for rank in range(size)]

    def text_positions(self, size: int) -> list[int]:
        """The positions of a text's bytes, from its beginning on, among the `size` bytes of its registers.

        Text keeps its word order: a device that sends the low word of a number first still sends text from its
        beginning. Only the two characters of each register may be swapped.
        """
        return [index ^ self.low_byte_first for index in range(size)]

    def words(self, registers: int) -> list[int]:
        """For each of a number's 1 to 4 `registers`, in address order, the word it carries: 0 the most significant.

        CDAB and 2 registers: [1, 0].
        """
        return [position // 2 for position in self.positions(2 * registers)[::2]]

    def decode(self, data: bytes) -> bytes:
        """A number's bytes, most significant first, out of the bytes of its 1 to 4 registers as received.

        `data` has to be 2, 4, 6 or 8 bytes long. For numbers only: for text see `text_positions`.
        """
        return bytes(data[position] for position in self.positions(len(data)))

    def encode(self, number: bytes) -> bytes:
        """The bytes of 1 to 4 registers as sent, for a number's 2, 4, 6 or 8 bytes, most significant first."""
        return self.decode(number)  # halves that trade places twice are back where they were

    def swapped(self, *, words: bool = False, bytes_: bool = False) -> ByteOrder | None:
        """The order of ORDERS with the words of a number, the bytes of each register, or both the other way round.

        Compared over 8 bytes: `words` swaps the words of 32 bits and the halves of 64. None if ORDERS has no such one.
        """
        flipped = (6 if words else 0) + (1 if bytes_ else 0)  # of the three bits of an index among 8 bytes
        positions = [position ^ flipped for position in self.positions(8)]
        return next((order for order in ORDERS.values() if order.positions(8) == positions), None)


# Every order by its name, as register maps write it.
ORDERS: Mapping[str, ByteOrder] = MappingProxyType({name: ByteOrder(name) for name in ("ABCD", "CDAB", "BADC", "DCBA")})
DEFAULT_ORDER = "ABCD"
