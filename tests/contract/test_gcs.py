"""Trouble on the way to Google Cloud Storage: what it costs, and the message that a person gets."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ess_ray.adapters.stores import gcs
from ess_ray.adapters.stores.gcs import Bucket
from ess_ray.core.errors import StoreConflict, StoreRefused, StoreUnavailable
from tests.puts import LONG, NAME, SHORT, got, put
from tests.stores import BUCKET, FakeStore, Fault, Harm, Step


def test_a_bucket_keeps_the_metadata_of_an_object(bucket: Bucket) -> None:
    for data in (SHORT, LONG):
        stored = put(bucket, data)
        reported = bucket.stat(NAME)
        assert reported == stored
        assert reported.metadata == {"version": "1", "rows": "7"}
        bucket.delete(NAME, stored.generation)


WRITING = (Step.BEGIN, Step.PART, Step.LAST)
HARMS = [
    *(Fault(step, Harm.STATUS, status) for step in WRITING for status in (408, 429, 500, 503)),
    *(Fault(step, Harm.CUT) for step in WRITING),
    *(Fault(step, Harm.LOST) for step in WRITING),
    *(Fault(step, Harm.PARTLY) for step in (Step.PART, Step.LAST)),
    Fault(Step.PART, Harm.SLOW, seconds=0.3),
    Fault(Step.LAST, Harm.FORGOTTEN),
    Fault(Step.PART, Harm.STATUS, 503, times=4),
    Fault(Step.PART, Harm.CUT, times=4),
]


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: f"{harm.step}-{harm.harm}-{harm.status}-{harm.times}")
def test_trouble_that_passes_costs_a_pause(fake: FakeStore, bucket: Bucket, harm: Fault) -> None:
    fake.faults.append(Fault(harm.step, harm.harm, harm.status, harm.times, harm.seconds))
    stored = put(bucket, LONG)
    assert got(bucket) == LONG
    assert fake.made == [(NAME, stored.generation)]  # once
    assert not fake.faults[0].times


@pytest.mark.parametrize("step", [Step.STAT, Step.READ])
@pytest.mark.parametrize("harm", [Harm.STATUS, Harm.CUT, Harm.LOST])
def test_looking_and_reading_are_repeated_too(fake: FakeStore, bucket: Bucket, step: Step, harm: Harm) -> None:
    stored = put(bucket, LONG)
    fake.faults.append(Fault(step, harm, times=2))
    assert bucket.stat(NAME) == stored
    assert got(bucket) == LONG
    assert not fake.faults[0].times


@pytest.mark.parametrize("step", [*WRITING, Step.STAT])
@pytest.mark.parametrize("harm", [Harm.STATUS, Harm.CUT])
def test_lasting_trouble_is_reported_after_a_while_and_leaves_nothing(fake: FakeStore, step: Step, harm: Harm) -> None:
    bucket = Bucket(BUCKET, endpoint=fake.endpoint, patience_s=0.3)
    fake.faults.append(Fault(step, harm, times=1000))
    with pytest.raises(StoreUnavailable, match=f"gs://{BUCKET}: every attempt within 0.3 s failed"):
        put(bucket, LONG) if step is not Step.STAT else bucket.stat(NAME)
    fake.faults.clear()
    assert bucket.stat(NAME) is None
    assert put(bucket, LONG) == bucket.stat(NAME)


def test_a_store_that_never_replies_is_given_up(fake: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcs, "TIMEOUT_S", (0.2, 0.2))
    fake.faults += [Fault(step, Harm.SLOW, times=1000, seconds=1.0) for step in (Step.PART, Step.QUERY)]
    with pytest.raises(StoreUnavailable):
        put(Bucket(BUCKET, endpoint=fake.endpoint, patience_s=0.5), LONG)


def test_an_upload_that_the_store_forgot_is_begun_anew_by_the_next_run(fake: FakeStore, bucket: Bucket) -> None:
    fake.faults.append(Fault(Step.PART, Harm.FORGOTTEN))
    with pytest.raises(StoreUnavailable, match="no such upload any more"):
        put(bucket, LONG)
    assert bucket.stat(NAME) is None
    put(bucket, LONG)
    assert len(fake.made) == 1


def test_a_killed_server_costs_one_upload(fake: FakeStore, bucket: Bucket) -> None:
    def write_while_it_dies() -> None:
        with bucket.write(NAME, generation=0, metadata={}, content_type="text/csv") as upload:
            upload.write(LONG)
            fake.kill()
            threading.Timer(0.3, fake.start).start()

    with pytest.raises(StoreUnavailable):
        write_while_it_dies()
    assert bucket.stat(NAME) is None
    put(bucket, LONG)
    assert len(fake.made) == 1


@pytest.mark.parametrize("step", WRITING)
@pytest.mark.parametrize(
    ("status", "expected", "text"),
    [
        (401, StoreRefused, "export.credentials_file"),
        (403, StoreRefused, "roles/storage.objectUser"),
        (412, StoreConflict, "somebody else"),
        (400, StoreRefused, "400"),
    ],
)
def test_a_refusal_says_what_to_do(
    fake: FakeStore, bucket: Bucket, step: Step, status: int, expected: type[Exception], text: str
) -> None:
    fake.faults.append(Fault(step, Harm.STATUS, status))
    with pytest.raises(expected, match=text):
        put(bucket, LONG)
    assert bucket.stat(NAME) is None
    assert [requested for requested, _ in fake.steps].count(step) == 1


def test_a_bucket_that_is_not_there_is_no_missing_object(fake: FakeStore) -> None:
    nowhere = Bucket("nowhere", endpoint=fake.endpoint, patience_s=1)
    with pytest.raises(StoreRefused, match="no such bucket"):
        put(nowhere, SHORT)
    with pytest.raises(StoreRefused, match=r"no such bucket: make it, or set export\.bucket"):
        nowhere.stat(NAME)


def service_account(folder: Path, token_uri: str) -> Path:
    key = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    about = {"type": "service_account", "client_email": "ess@example.com", "token_uri": token_uri, "project_id": "p"}
    file = folder / "key.json"
    file.write_text(json.dumps(about | {"private_key": key.decode(), "private_key_id": "1", "client_id": "1"}))
    return file


@pytest.mark.parametrize("content", [None, "", "{}", '{"type": "authorized_user"}'])
def test_credentials_that_cannot_be_read_say_what_is_expected(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "key.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(StoreRefused, match=r"set export\.credentials_file to a service account's JSON file"):
        Bucket(BUCKET, file).stat(NAME)


def test_missing_credentials_say_where_they_may_come_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"NO_GCE_CHECK": "true", "CLOUDSDK_CONFIG": str(tmp_path), "PATH": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(StoreRefused, match=r"export\.credentials_file .*gcloud auth.*workload identity"):
        put(Bucket(BUCKET), SHORT)


def test_revoked_credentials_are_distinguished_from_a_service_that_is_away(fake: FakeStore, tmp_path: Path) -> None:
    revoked = service_account(tmp_path, f"{fake.endpoint}/token")  # nothing there: 404
    with pytest.raises(StoreRefused, match=r"not accepted.*export\.credentials_file"):
        Bucket(BUCKET, revoked).stat(NAME)
    away = service_account(tmp_path, "http://127.0.0.1:9/token")
    with pytest.raises(StoreUnavailable, match=r"every attempt within 0\.2 s failed"):
        Bucket(BUCKET, away, patience_s=0.2).stat(NAME)
