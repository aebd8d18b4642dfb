"""Names of the texts that a whole number can be stored as: `format` of a register map."""

from __future__ import annotations

NIBBLES, BYTES, HEX, HHMM, EPOCH = "nibbles", "bytes", "hex", "hhmm", "epoch"
FORMATS = (NIBBLES, BYTES, HEX, HHMM, EPOCH)
