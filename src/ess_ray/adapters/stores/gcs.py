"""A bucket of Google Cloud Storage as a store of objects (see `core.exporting.store`).

Requests are repeated with growing pauses for `patience_s` after 408, 429, 5xx, a lost or a refused connection; then the
error is `StoreUnavailable`. 401, 403, credentials that are missing or wrong and a bucket that is not there are
`StoreRefused` and say what to do; 412 is `StoreConflict`. Class and status decide the error, never the text.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import google.auth
from google.api_core.exceptions import (
    Forbidden,
    GoogleAPICallError,
    PreconditionFailed,
    RetryError,
    ServerError,
    TooManyRequests,
    Unauthorized,
    from_http_response,
)
from google.api_core.exceptions import NotFound as GoogleNotFound
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import AuthorizedSession
from google.cloud.storage import Client
from google.cloud.storage.retry import DEFAULT_RETRY
from google.oauth2.service_account import Credentials as ServiceAccount

from ess_ray.adapters.stores.gcs_upload import PART, ResumableUpload
from ess_ray.core.errors import EssRayError, StoreConflict, StoreRefused, StoreUnavailable
from ess_ray.core.exporting.store import StoredObject, aside_name

PATIENCE_S = 120.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0
TIMEOUT_S = (20.0, 60.0)  # to connect or to send a piece; for the next piece of a reply
ENDPOINT = "https://storage.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
LOGIN = (
    "set export.credentials_file to a service account's JSON file, or run `gcloud auth application-default login`, "
    "or run on Google Cloud with a service account (workload identity)"
)
RIGHTS = (
    "give it roles/storage.objectUser on the bucket "
    "(or a role with storage.objects.create, .get, .list, .update and .delete)"
)


class Bucket:
    """The store in the bucket `name`."""

    on_one_node: ClassVar[bool] = False

    def __init__(
        self, name: str, credentials_file: Path | None = None, endpoint: str | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:  # fmt: skip
        """`endpoint`: another address of the service; one with http:// is an emulator and gets no credentials.

        `credentials_file`: a service account's JSON, None: the machine's own credentials; read at the first request.
        `patience_s`: seconds for which a request is repeated.
        """
        self.name, self.credentials_file, self.endpoint, self.patience_s = name, credentials_file, endpoint, patience_s

    def __reduce__(self) -> tuple[object, ...]:
        return Bucket, (self.name, self.credentials_file, self.endpoint, self.patience_s)

    @property
    def location(self) -> str:
        """gs://BUCKET."""
        return f"gs://{self.name}"

    def stat(self, name: str) -> StoredObject | None:
        """The object under the name, None if there is none. Raises StoreRefused if there is no such bucket."""
        with self._translated():
            blob = self._client.bucket(self.name).get_blob(name, **self._retry_options)
            if blob is None:
                # No object or no bucket: both are 404. Listing fails only without a bucket.
                list(self._client.list_blobs(self.name, prefix=name, max_results=1, **self._retry_options))
                return None
            return _as_stored(name, blob.generation, blob.size, blob.crc32c, blob.metadata)

    def names(self, prefix: str) -> Iterator[str]:
        """The names of all objects that begin so, asked for in pages. Raises StoreRefused if there is no bucket."""
        with self._translated():
            for blob in self._client.list_blobs(self.name, prefix=prefix, **self._retry_options):
                yield str(blob.name)

    @contextmanager
    def write(
        self, name: str, *, generation: int, metadata: Mapping[str, str], content_type: str
    ) -> Iterator[ResumableUpload]:
        """Make or replace an object, see `Store.write`; in memory there is one part of the upload at a time."""
        blob = self._blob(name)

        def begin(described: Mapping[str, str]) -> str:
            blob.metadata = dict(described)
            return str(
                blob.create_resumable_upload_session(
                    content_type, if_generation_match=generation, checksum=None, **self._retry_options
                )
            )

        where = f"{self.location}/{name}"
        upload = ResumableUpload(begin, self._request, self._retry, self._translated, where, dict(metadata))
        try:
            yield upload
            upload.stored = self._finish(upload, name, generation)
        except BaseException:
            upload.cancel()
            raise

    def read(self, name: str) -> Iterator[bytes]:
        """The object's bytes in blocks of 8 MiB, all of the generation that is there at the first block.

        Raises, with any block, StoreConflict if there is no such object, or it was replaced or deleted meanwhile;
        StoreUnavailable and StoreRefused as all requests do.
        """
        stored = self.stat(name)
        if stored is None:
            raise StoreConflict(f"{self.location}/{name} was deleted before it could be read")
        start, url = 0, f"{self.endpoint or ENDPOINT}/download/storage/v1/b/{self.name}/o/{quote(name, safe='')}"
        while start < stored.bytes:
            with self._translated(f"{name} was replaced or deleted while it was read"):
                block = self._retry(self._piece)(f"{url}?alt=media&generation={stored.generation}", start)
            start += len(block)
            yield block

    def _piece(self, url: str, start: int) -> bytes:
        reply = self._request("GET", url, headers={"range": f"bytes={start}-{start + PART - 1}"})
        if reply.status_code not in (200, 206) or not reply.content:
            raise from_http_response(reply)
        return bytes(reply.content)

    def delete(self, name: str, generation: int) -> None:
        """Delete exactly that generation, see `Store.delete`."""
        with self._translated():
            if self.stat(name) is not None:
                self._blob(name).delete(if_generation_match=generation, **self._retry_options)

    def put_aside(self, name: str, generation: int) -> str:
        """Copy that generation within the bucket, see `Store.put_aside`; a copy that is there already is kept."""
        aside = aside_name(name, generation)
        if self.stat(aside) is None:
            with self._translated(f"{name} was replaced or deleted by somebody else meanwhile"):
                source, token = self._blob(name), None
                while True:  # a big object takes several calls
                    token, _, _ = self._blob(aside).rewrite(
                        source, token, if_generation_match=0, if_source_generation_match=generation,
                        **self._retry_options,
                    )  # fmt: skip
                    if token is None:
                        break
        return aside

    def _finish(self, upload: ResumableUpload, name: str, generation: int) -> StoredObject:
        """End the upload. If the reply got lost but the store has an object with these bytes, that is success."""
        try:
            upload.finish()
        except (StoreUnavailable, StoreConflict):
            stored = self.stat(name)
            same = stored and (stored.bytes, stored.crc32c) == (upload.size, upload.crc32c)
            if stored is None or not same or stored.generation == generation:
                raise
        else:
            made = upload.resource
            stored = _as_stored(name, made["generation"], made["size"], made["crc32c"], made.get("metadata"))
        if (stored.bytes, stored.crc32c) != (upload.size, upload.crc32c):
            self.delete(name, stored.generation)
            raise StoreUnavailable(f"{self.location}/{name}: the store has other bytes than were sent; it was deleted")
        if stored.metadata != upload.metadata:
            stored = self._describe(stored, upload.metadata)
        return stored

    def _describe(self, stored: StoredObject, metadata: Mapping[str, str]) -> StoredObject:
        """Set the metadata that was added after the upload had begun."""
        with self._translated():
            blob = self._blob(stored.name)
            blob.metadata = dict(metadata)
            blob.patch(if_generation_match=stored.generation, **self._retry_options)
        return StoredObject(stored.name, stored.generation, stored.bytes, stored.crc32c, dict(metadata))

    def _blob(self, name: str) -> Any:
        return self._client.bucket(self.name).blob(name)

    @property
    def _retry(self) -> Retry:
        retry: Retry = DEFAULT_RETRY.with_delay(FIRST_PAUSE_S, LONGEST_PAUSE_S, 2.0).with_timeout(self.patience_s)
        return retry

    @property
    def _retry_options(self) -> dict[str, Any]:
        return {"retry": self._retry, "timeout": TIMEOUT_S}

    @cached_property
    def _credentials(self) -> Credentials:
        if self.endpoint and self.endpoint.startswith("http://"):
            return AnonymousCredentials()
        credentials: Credentials
        try:
            if self.credentials_file:
                credentials = ServiceAccount.from_service_account_file(str(self.credentials_file), scopes=[SCOPE])
            else:
                credentials = google.auth.default(scopes=[SCOPE])[0]
        except (GoogleAuthError, OSError, ValueError) as error:
            problem = str(error).rstrip(".")
            raise StoreRefused(f"{self.location}: there are no usable credentials: {problem}: {LOGIN}") from error
        return credentials

    @cached_property
    def _client(self) -> Client:
        with self._translated():
            options = {"api_endpoint": self.endpoint or ENDPOINT}
            return Client(project=None, credentials=self._credentials, client_options=options)

    @cached_property
    def _session(self) -> AuthorizedSession:
        return AuthorizedSession(self._credentials)

    def _request(self, method: str, url: str, **options: Any) -> Any:
        return self._session.request(method, url, **{"timeout": TIMEOUT_S, **options})

    @contextmanager
    def _translated(self, gone: str = "") -> Iterator[None]:
        """Raise the library's errors as those of a store. `gone`: the meaning of a 404, else "no such bucket"."""
        try:
            yield
        except RetryError as error:
            problem = f"every attempt within {self.patience_s:g} s failed: {error.cause}"
            raise StoreUnavailable(f"{self.location}: {problem}") from error
        except GoogleAPICallError as error:
            raise self._of_status(error, gone) from error
        except TransportError as error:
            raise StoreUnavailable(f"{self.location}: Google gave no token for the credentials: {error}") from error
        except GoogleAuthError as error:
            if error.retryable:
                raise StoreUnavailable(f"{self.location}: Google gave no token for the credentials: {error}") from error
            raise StoreRefused(f"{self.location}: the credentials are not accepted: {error}: {LOGIN}") from error
        except ValueError as error:  # a name that no bucket can have
            raise StoreRefused(f"{self.location}: {error}: check export.bucket") from error
        except OSError as error:  # requests' errors are such
            raise StoreUnavailable(f"{self.location}: {error}") from error

    def _of_status(self, error: GoogleAPICallError, gone: str) -> EssRayError:
        match error:
            case Unauthorized():
                return StoreRefused(f"{self.location}: the credentials are not accepted: {error.message}: {LOGIN}")
            case Forbidden():
                who = getattr(self._credentials, "service_account_email", None) or "this account"
                return StoreRefused(f"{self.location}: {who} is not allowed to: {error.message}: {RIGHTS}")
            case GoogleNotFound():
                missing = f"{self.location}: there is no such bucket: make it, or set export.bucket"
                return StoreConflict(f"{self.location}: {gone}") if gone else StoreRefused(missing)
            case PreconditionFailed():
                return StoreConflict(
                    f"{self.location}: the object was made, replaced or deleted by somebody else meanwhile"
                )
            case ServerError() | TooManyRequests():
                return StoreUnavailable(f"{self.location}: {error.message}")
            case _:
                return StoreRefused(f"{self.location}: {error}")


def _as_stored(
    name: str, generation: int | str, size: int | str, crc: str, metadata: Mapping[str, str] | None
) -> StoredObject:
    return StoredObject(name, int(generation), int(size), int.from_bytes(b64decode(crc), "big"), dict(metadata or {}))
