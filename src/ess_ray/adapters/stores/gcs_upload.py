"""A resumable upload to Google Cloud Storage, one part in memory at a time. Used by `gcs`.

The protocol (https://cloud.google.com/storage/docs/performing-resumable-uploads): parts are PUT to a session; 308 says
with its Range what the store has, which may be less than was sent; 200 or 201 brings the finished object. After an
error it is unknown what arrived, so the store is queried (`bytes */*`) before anything is sent again. The last part
carries the CRC32C of the complete object: an object that differs is never made.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any

from google.api_core.exceptions import ServiceUnavailable, from_http_response
from google.api_core.retry import Retry

from ess_ray.adapters.stores.checksum import crc32c
from ess_ray.core.errors import EssRayError, StoreUnavailable
from ess_ray.core.exporting.store import StoredObject

PART = 8 << 20  # a multiple of 256 KiB, as the protocol wants
CANCEL_TIMEOUT_S = (2.0, 5.0)  # to connect; to get the reply. The store drops sessions after a week anyway
DONE, GO_ON, GONE = (200, 201), 308, (404, 410)

Request = Callable[..., Any]  # (method, url, data=, headers=, timeout=) -> requests.Response


class ResumableUpload:
    """An object that is being uploaded; see `core.exporting.store.ObjectUpload`.

    Of the `size` bytes that were written the store has the first `_arrived`; the bytes behind them are in `_unsent`,
    as long as `_unsure` is false. It is true from sending a part until its reply: the store may have some of it.
    `_address` is empty until the session is open, `resource` until the object is finished.
    """

    def __init__(
        self,
        begin: Callable[[Mapping[str, str]], str],
        request: Request,
        retry: Retry,
        translated: Callable[[], AbstractContextManager[None]],
        where: str,
        metadata: dict[str, str],
    ) -> None:
        """`begin` opens a session for an object with that metadata and gives its address; `where` names the object.

        `retry` repeats a request; in a `with` of `translated` the library's errors become those of a store.
        """
        self._begin, self._request, self._retry, self._translated = begin, request, retry, translated
        self._where = where
        self._address = ""
        self._unsent = bytearray()
        self._arrived = 0
        self._unsure = False
        self._stored: StoredObject | None = None
        self.metadata = metadata
        self.size = 0
        self.crc32c = 0
        self.resource: dict[str, Any] = {}  # the finished object, as the store describes it

    def write(self, block: bytes) -> None:
        """Append the block; sends parts of 8 MiB as soon as there is more than one, and blocks meanwhile.

        Raises the errors of a store.
        """
        self.size += len(block)
        self.crc32c = crc32c(block, self.crc32c)
        self._unsent += block
        while len(self._unsent) > PART:
            self._send(PART, last=False)

    def finish(self) -> None:
        """Send the last part; then `resource` describes the finished object. Raises the errors of a store."""
        self._send(len(self._unsent), last=True)

    def cancel(self) -> None:
        """Give the session up, so that no object is made; one that is finished stays. A store's errors are ignored."""
        self._unsent.clear()
        if self._address and not self.resource:
            with suppress(EssRayError), self._translated():
                self._request("DELETE", self._address, timeout=CANCEL_TIMEOUT_S)

    @property
    def stored(self) -> StoredObject:
        """The finished object; only once the `with` of `Bucket.write` is left."""
        assert self._stored is not None, "the object is not finished yet"
        return self._stored

    @stored.setter
    def stored(self, stored: StoredObject) -> None:
        self._stored = stored

    def _send(self, size: int, *, last: bool) -> None:
        """Send the next `size` bytes, in several requests if the store takes fewer than it is sent."""
        end = self._arrived + size
        with self._translated():
            self._address = self._address or self._begin(self.metadata)
            while self._arrived < end or (last and not self.resource):
                self._retry(self._try)(end, last)

    def _try(self, end: int, last: bool) -> None:
        if self._unsure:
            self._on_reply(self._put(b"", "bytes */*"), end, last)
            self._unsure = False
            if self.resource or (self._arrived >= end and not last):
                return
        part = bytes(memoryview(self._unsent)[: end - self._arrived])
        sent_range = f"{self._arrived}-{end - 1}" if part else "*"
        before, self._unsure = self._arrived, True
        self._on_reply(self._put(part, f"bytes {sent_range}/{end if last else '*'}"), end, last)
        self._unsure = False
        if not self.resource and (last or self._arrived == before):
            raise ServiceUnavailable("the store did not take all that it was sent")

    def _put(self, part: bytes, content_range: str) -> Any:
        headers = {"content-range": content_range}
        if content_range.endswith(f"/{self.size}"):
            headers["x-goog-hash"] = f"crc32c={b64encode(self.crc32c.to_bytes(4, 'big')).decode()}"
        return self._request("PUT", self._address, data=part, headers=headers)

    def _on_reply(self, reply: Any, end: int, last: bool) -> None:
        if reply.status_code in DONE and last:
            self.resource = reply.json()
            self._set_arrived(end)
        elif reply.status_code == GO_ON:
            match = re.fullmatch(r"bytes=0-(\d+)", reply.headers.get("range", ""))
            self._set_arrived(int(match[1]) + 1 if match else 0)
        elif reply.status_code in GONE:
            raise StoreUnavailable(f"{self._where}: the store has no such upload any more: it has to begin again")
        else:
            raise from_http_response(reply)

    def _set_arrived(self, end: int) -> None:
        if not self._arrived <= end <= self._arrived + len(self._unsent):
            raise StoreUnavailable(
                f"{self._where}: the upload got out of step with the store and is begun again (the store has {end} "
                f"bytes, had {self._arrived} before and was sent up to {self._arrived + len(self._unsent)})"
            )
        del self._unsent[: end - self._arrived]
        self._arrived = end
