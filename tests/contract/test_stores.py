"""The promises of a store to the export, kept by every kind of store."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from ess_ray.core.errors import StoreConflict
from ess_ray.core.exporting.store import Store, StoredObject
from tests.puts import LONG, NAME, PART, SHORT, got, put


@pytest.mark.parametrize("data", [b"", SHORT, LONG[:PART], LONG[: PART + 1], LONG], ids=len)
def test_what_is_written_is_read_back(store: Store, data: bytes) -> None:
    stored = put(store, data)
    assert store.stat(NAME) == stored
    assert got(store) == data


@pytest.mark.parametrize("name", ["a.csv", "시온/유 전/2026%2F?a=b&c#d+e.csv", "a/b/c/d/e.csv.gz"])
def test_a_name_is_kept_as_it_is(store: Store, name: str) -> None:
    stored = put(store, SHORT, name=name)
    assert (stored.name, store.stat(name), got(store, name)) == (name, stored, SHORT)
    store.delete(name, stored.generation)
    assert store.stat(name) is None


def test_an_object_is_made_only_where_none_is(store: Store) -> None:
    stored = put(store, LONG)
    with pytest.raises(StoreConflict):
        put(store, SHORT)
    assert (store.stat(NAME), got(store)) == (stored, LONG)


def test_an_object_is_replaced_only_by_who_has_seen_it(store: Store) -> None:
    first = put(store, SHORT)
    second = put(store, LONG, first.generation)
    assert second.generation not in (0, first.generation)
    for stale in (0, first.generation):
        with pytest.raises(StoreConflict):
            put(store, b"other", stale)
    assert (store.stat(NAME), got(store)) == (second, LONG)


def test_a_generation_never_comes_again(store: Store) -> None:
    seen = [0]
    for _ in range(8):
        seen.append(put(store, os.urandom(8), seen[-1]).generation)
    assert len(set(seen)) == len(seen)


def test_what_was_deleted_is_not_replaced(store: Store) -> None:
    stored = put(store, SHORT)
    store.delete(NAME, stored.generation)
    with pytest.raises(StoreConflict):
        put(store, LONG, stored.generation)
    assert store.stat(NAME) is None
    store.delete(NAME, stored.generation)


def test_only_what_was_seen_is_deleted(store: Store) -> None:
    first = put(store, SHORT)
    second = put(store, LONG, first.generation)
    with pytest.raises(StoreConflict):
        store.delete(NAME, first.generation)
    assert store.stat(NAME) == second


@pytest.mark.parametrize("data", [SHORT, LONG], ids=len)
def test_a_failure_in_the_middle_changes_nothing(store: Store, data: bytes) -> None:
    def fail(before: int) -> None:
        with store.write(NAME, generation=before, metadata={}, content_type="text/csv") as upload:
            upload.write(data)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail(0)
    assert store.stat(NAME) is None
    old = put(store, b"old")
    with pytest.raises(ZeroDivisionError):
        fail(old.generation)
    assert (store.stat(NAME), got(store)) == (old, b"old")


def test_of_two_writers_one_wins_and_the_other_gets_an_error(store: Store) -> None:
    fast: list[StoredObject] = []

    def write_slowly() -> None:
        with store.write(NAME, generation=0, metadata={}, content_type="text/csv") as slow:
            slow.write(LONG)
            fast.append(put(store, SHORT))

    with pytest.raises(StoreConflict):
        write_slowly()
    assert ([store.stat(NAME)], got(store)) == (fast, SHORT)


def test_of_two_writers_of_the_same_one_is_enough(store: Store) -> None:
    with store.write(NAME, generation=0, metadata={"version": "1"}, content_type="text/csv") as slow:
        slow.write(LONG)
        fast = put(store, LONG)
    assert slow.stored.generation == fast.generation


def test_many_writers_at_once_leave_one_whole_object(store: Store) -> None:
    def try_to_put(number: int) -> bytes | None:
        data = bytes([number]) * 300_000
        try:
            put(pickle.loads(pickle.dumps(store)), data)  # noqa: S301
        except StoreConflict:
            return None
        return data

    with ThreadPoolExecutor(8) as pool:
        winners = [data for data in pool.map(try_to_put, range(8)) if data]
    assert winners == [got(store)]


def test_what_is_not_there_cannot_be_read(store: Store) -> None:
    assert store.stat(NAME) is None
    with pytest.raises(StoreConflict):
        got(store)


def test_a_reader_gets_one_generation(store: Store) -> None:
    first = put(store, LONG)
    reader = store.read(NAME)
    begun = next(reader)
    put(store, bytes(len(LONG)), first.generation)
    with suppress(StoreConflict):  # or it gets this error
        assert begun + b"".join(reader) == LONG
