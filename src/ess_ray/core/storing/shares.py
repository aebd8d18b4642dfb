"""One bound for many journals: what each of those on one disk may take, so that all together keep `journal.max_mb`."""

from __future__ import annotations

from collections.abc import Sequence

STEPS = 16  # so many parts of an equal share: a journal may grow by one of them before it is given its next bound


def journal_shares(capacity_bytes: int, used_bytes: Sequence[int]) -> list[int]:
    """The bound of each journal, in bytes, in the order of `used_bytes`, which is what they have now.

    The sum is never above `capacity_bytes`. Each keeps what it has and may grow while there is room for all; when there
    is not, the biggest give way first (max-min fairness), so that a new or small one has room to grow.
    """
    if not used_bytes:
        return []
    step = capacity_bytes // (STEPS * len(used_bytes))
    shares, left = [0] * len(used_bytes), capacity_bytes
    for rank, number in enumerate(sorted(range(len(used_bytes)), key=used_bytes.__getitem__)):
        shares[number] = min(used_bytes[number] + step, left // (len(used_bytes) - rank))
        left -= shares[number]
    return [share + left // len(used_bytes) for share in shares]
