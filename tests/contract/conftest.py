"""Stores for the tests of the stores: Google's, played by a real fake-gcs-server, and a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ess_ray.adapters.stores import gcs, gcs_upload
from ess_ray.adapters.stores.folder import Folder
from ess_ray.adapters.stores.gcs import Bucket
from ess_ray.core.exporting.store import Store
from tests.puts import NAME, PART
from tests.stores import BUCKET, FakeStore, fake_store


@pytest.fixture(scope="module")
def store_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeStore]:
    with fake_store(tmp_path_factory.mktemp("gcs")) as store_server:
        yield store_server


@pytest.fixture
def fake(store_server: FakeStore, monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    """The fake store, empty and harmless again."""
    monkeypatch.setattr(gcs, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(gcs, "PART", PART)  # of what is read
    monkeypatch.setattr(gcs_upload, "PART", PART)
    bucket = Bucket(BUCKET, endpoint=store_server.endpoint)
    store_server.faults.clear()
    if stored := bucket.stat(NAME):
        bucket.delete(NAME, stored.generation)
    store_server.steps.clear()
    store_server.made.clear()
    return store_server


@pytest.fixture
def bucket(fake: FakeStore) -> Bucket:
    return Bucket(BUCKET, endpoint=fake.endpoint, patience_s=5)


@pytest.fixture(params=["folder", "gcs"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Folder(tmp_path / "export")
    bucket: Bucket = request.getfixturevalue("bucket")
    return bucket
