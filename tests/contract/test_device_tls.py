"""Devices behind TLS (Modbus/TCP Security): read as without it, or a reason that says what is wrong. Real sockets."""

from __future__ import annotations

import random
import select
import shutil
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from ess_ray.adapters.modbus.loop import ModbusLoop, now
from ess_ray.adapters.modbus.readiness import READ, WRITE
from ess_ray.adapters.modbus.tls import client_context
from ess_ray.adapters.modbus.tls_stream import TlsStream
from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.reasons import Reason, bare_reason
from ess_ray.core.samples import Event, Sample, Status
from ess_ray.core.settings import DeviceSettings, TlsSettings
from tests import torture
from tests.certificates import Authority, Files, server_context
from tests.contract.test_modbus import GOOD, MISBEHAVIOUR, PERIOD_US, collect, settings
from tests.peers import pymodbus_server
from tests.relay import relay

APPLICATION_DATA = 23  # the type of a record, RFC 5246, 6.2.1


@dataclass(frozen=True)
class Certificates:
    """An authority that is trusted, one that is not, and what they have signed."""

    ours: Authority
    other: Authority
    device: Files
    expired: Files
    future: Files
    elsewhere: Files  # for another name
    foreign: Files  # of the other authority
    small: Files  # with a key of RSA
    client: Files
    stranger: Files  # a client's, of the other authority


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    ours, other = Authority(folder), Authority(folder, "other")
    return Certificates(
        ours,
        other,
        ours.sign("device"),
        ours.sign("expired", days=(-9, -1)),
        ours.sign("future", days=(1, 9)),
        ours.sign("elsewhere", ("pcs.plant",)),
        other.sign("foreign"),
        ours.sign("small", rsa_key=True),
        ours.sign("client", ("collector",)),
        other.sign("stranger", ("collector",)),
    )


def over_tls(device: DeviceSettings, tls: TlsSettings) -> DeviceSettings:
    """A device that has a second for what takes a plain one a tenth: the machine may be busy with certificates."""
    times: dict[str, Any] = {"connect_timeout_us": 900_000, "poll_limit_us": 1_500_000}
    return replace(device, framing="tls", tls=tls, **times)


def read(port: int, tls: TlsSettings, ticks: int = 1, **changes: Any) -> list[Sample]:
    return collect([replace(over_tls(settings(port), tls), **changes)], ticks)


def trusting(certificates: Certificates, **others: Any) -> TlsSettings:
    return TlsSettings(certificates.ours.certificate, **others)


def bare(sample: Sample) -> str | None:
    return sample.reason and bare_reason(sample.reason)


def showing(files: Files) -> dict[str, Path]:
    return {"certificate_file": files.certificate, "key_file": files.key}


@pytest.mark.parametrize(("behaviour", "status", "reason", "missing"), MISBEHAVIOUR.values(), ids=MISBEHAVIOUR)
def test_what_a_device_does_is_the_same_in_tls(
    behaviour: torture.Behaviour, status: Status, reason: str | None, missing: str | None, certificates: Certificates
) -> None:
    with torture.device(behaviour, tls=server_context(certificates.device)) as port:
        (sample,) = read(port, trusting(certificates))
    assert (sample.status, bare(sample), sample.missing_text) == (status, reason, missing)
    assert sample.image == {Status.STORED: GOOD, Status.PARTIAL: GOOD[:8] + bytes(4), Status.FAILED: b""}[status]


# What the device shows and demands, what is trusted and shown here, and the sample's reason.
Case = tuple[Callable[[Certificates], ssl.SSLContext], Callable[[Certificates], TlsSettings], Reason | None]
CASES: dict[str, Case] = {
    "good": (lambda c: server_context(c.device), trusting, None),
    "its own certificate is trusted": (
        lambda c: server_context(c.foreign), lambda c: TlsSettings(c.foreign.certificate), None,
    ),
    "of an authority that is not trusted": (lambda c: server_context(c.foreign), trusting, Reason.CERTIFICATE),
    "of an authority that the machine does not know": (
        lambda c: server_context(c.device), lambda _: TlsSettings(), Reason.CERTIFICATE,
    ),
    "expired": (lambda c: server_context(c.expired), trusting, Reason.CERTIFICATE),
    "not valid yet": (lambda c: server_context(c.future), trusting, Reason.CERTIFICATE),
    "for another name": (lambda c: server_context(c.elsewhere), trusting, Reason.CERTIFICATE),
    "for a name that is given": (
        lambda c: server_context(c.elsewhere), lambda c: trusting(c, server_name="pcs.plant"), None,
    ),
    "not for the name that is given": (
        lambda c: server_context(c.device), lambda c: trusting(c, server_name="pcs.plant"), Reason.CERTIFICATE,
    ),
    "demands a certificate and gets it": (
        lambda c: server_context(c.device, c.ours.certificate), lambda c: trusting(c, **showing(c.client)), None,
    ),
    "demands a certificate and gets none": (
        lambda c: server_context(c.device, c.ours.certificate), trusting, Reason.TLS,
    ),
    "demands a certificate and gets another's": (
        lambda c: server_context(c.device, c.ours.certificate), lambda c: trusting(c, **showing(c.stranger)),
        Reason.TLS,
    ),
    "TLS 1.1 only": (lambda c: server_context(c.device, old=True), trusting, Reason.TLS),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_both_sides_know_each_other_or_nothing_is_read(case: str, certificates: Certificates) -> None:
    shown, trusted, reason = CASES[case]
    with torture.device(torture.good, tls=shown(certificates)) as port:
        (sample,) = read(port, trusted(certificates))
    assert (bare(sample), sample.image) == (reason, b"" if reason else GOOD)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("demands", [False, True])
def test_each_version_is_read_and_refuses_in_its_way(
    version: ssl.TLSVersion, demands: bool, certificates: Certificates
) -> None:
    context = server_context(certificates.device, certificates.ours.certificate if demands else None)
    context.minimum_version = context.maximum_version = version
    with torture.device(torture.good, tls=context) as port:
        (sample,) = read(port, trusting(certificates))
    assert bare(sample) == (Reason.TLS if demands else None)


def test_a_device_without_forward_secrecy_is_read(certificates: Certificates) -> None:
    context = server_context(certificates.small)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA")
    with torture.device(torture.good, tls=context) as port:
        (sample,) = read(port, trusting(certificates))
    assert sample.image == GOOD


def test_no_tls_at_the_port_has_a_reason(certificates: Certificates) -> None:
    with pymodbus_server([1, 2, 3]) as port:
        (plain,) = read(port, trusting(certificates))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (stalled,) = read(silent.getsockname()[1], trusting(certificates), connect_timeout_us=300_000)
    assert bare(plain) == Reason.TLS
    assert stalled.reason == "tls: the device took the connection and said nothing"


def test_a_device_that_stalls_in_the_handshake_keeps_no_other_waiting(certificates: Certificates) -> None:
    trusted = trusting(certificates)
    context = server_context(certificates.device)
    with socket.create_server(("127.0.0.1", 0)) as silent, torture.device(torture.good, tls=context) as port:
        stalled = replace(settings(silent.getsockname()[1]), framing="tls", tls=trusted, connect_timeout_us=900_000)
        samples = collect([stalled, over_tls(settings(port), trusted)], 4)
    good = [sample for sample in samples if sample.device.device == f"d{port}"]
    assert [sample.status for sample in good] == [Status.STORED] * 4


def test_records_may_come_in_pieces(certificates: Certificates) -> None:
    def one_by_one(data: bytes) -> Iterator[bytes]:
        return (data[i : i + 1] for i in range(len(data)))

    context = server_context(certificates.device)
    with torture.device(torture.good, tls=context) as port, relay(port, one_by_one) as cut:
        (sample,) = read(cut, trusting(certificates))
    assert sample.image == GOOD


def test_a_record_that_is_cut_off_is_no_value(certificates: Certificates) -> None:
    def cut_off(data: bytes) -> Iterator[bytes]:
        yield data if data[0] != APPLICATION_DATA else data[: len(data) // 2]
        if data[0] == APPLICATION_DATA:
            yield b""

    context = server_context(certificates.device)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # in 1.3 the handshake looks like data
    with torture.device(torture.good, tls=context) as port, relay(port, cut_off) as cut:
        (sample,) = read(cut, trusting(certificates), retries=0)
    assert (sample.status, sample.reason, sample.image) == (Status.FAILED, Reason.CLOSED, b"")


def test_all_replies_in_one_record_are_read(certificates: Certificates) -> None:
    """Nothing of a record stays in OpenSSL, where epoll does not see it: not even of 16 of the longest replies."""
    requests = tuple(Request(4, 125 * n, 125, tuple((125 * n + a, 1) for a in range(125)), 250 * n) for n in range(16))
    replies: list[bytes] = []

    def behave(_: int, reply: bytes) -> torture.Pieces:
        replies.append(reply)
        return [(0, b"".join(replies))] if len(replies) == len(requests) else []

    with torture.device(behave, tls=server_context(certificates.device)) as port:
        plan = Plan(requests, 250 * 16, "large")
        (sample,) = read(port, trusting(certificates), requests_at_once=16, plan=plan, timeout_us=500_000)
    assert (sample.status, sample.retries) == (Status.STORED, 0)
    assert sample.image == struct.pack(">2000H", *range(2000))


def test_the_device_is_told_of_the_end(certificates: Certificates) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ends: list[bytes] = []

        def serve() -> None:
            with server_context(certificates.device).wrap_socket(server.accept()[0], server_side=True) as device:
                device.recv(1)
                device.settimeout(5)
                while data := device.recv(100):
                    ends.append(data)
                ends.append(b"")

        thread = threading.Thread(target=serve)
        thread.start()
        read(server.getsockname()[1], trusting(certificates), retries=0)
        thread.join(5)
    assert ends[-1] == b""  # a connection that only breaks off raises, since that is how an attacker cuts it


@pytest.mark.parametrize("broken_first", [True, False])
def test_a_renewed_file_counts_from_the_next_connection(
    broken_first: bool, certificates: Certificates, tmp_path: Path
) -> None:
    trusted = tmp_path / "ca.crt"
    shutil.copy(certificates.other.certificate, trusted)
    samples: Queue[Sample | Event] = Queue()
    with torture.device(torture.good, tls=server_context(certificates.device)) as port:
        loop, first_us = ModbusLoop(samples.put), -(-now().wall_us // PERIOD_US) * PERIOD_US + PERIOD_US
        device = replace(over_tls(settings(port), TlsSettings(trusted)), keep_connection=False, backoff_max_us=0)
        loop.poll([device], first_us, first_us + 100 * PERIOD_US)
        seen = [bare(next_sample(samples))]
        if broken_first:
            trusted.write_text("half of a certif")
            seen.append(bare(next_sample(samples)))
        shutil.copy(certificates.ours.certificate, trusted)
        while (sample := next_sample(samples)).reason:
            seen.append(bare(sample))
        loop.stop(0)
        loop.join(5)
    assert set(seen) == {Reason.CERTIFICATE}  # what was read last counts while a file cannot be read
    assert sample.image == GOOD


def next_sample(items: Queue[Sample | Event]) -> Sample:
    while not isinstance(item := items.get(timeout=5), Sample):
        pass
    return item


def test_a_device_without_its_files_is_not_read_and_its_neighbours_are(
    certificates: Certificates, tmp_path: Path
) -> None:
    context = server_context(certificates.device)
    with torture.device(torture.good, tls=context) as port, torture.device(torture.good, tls=context) as other:
        devices = [
            over_tls(settings(port), TlsSettings(tmp_path / "nowhere")),
            over_tls(settings(other), trusting(certificates)),
        ]
        samples = collect(devices, 1)
    assert {sample.device.device: bare(sample) for sample in samples} == {f"d{port}": Reason.TLS, f"d{other}": None}


def test_what_the_socket_does_not_take_is_sent_later(certificates: Certificates) -> None:
    context = server_context(certificates.device)
    near, far = socket.socketpair()
    received: list[bytes] = []

    def serve() -> None:
        with context.wrap_socket(far, server_side=True) as device:
            time.sleep(0.2)
            while data := device.recv(1 << 16):
                received.append(data)

    thread = threading.Thread(target=serve)
    thread.start()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    with client_context(trusting(certificates)).wrap_socket(near, server_hostname="127.0.0.1") as connection:
        connection.setblocking(False)
        events = [READ]
        stream = TlsStream(connection, events.append)
        sent = random.Random(1).randbytes(1_000_000)
        for start in range(0, len(sent), 1000):
            stream.send(sent[start : start + 1000])
        assert events[-1] == READ | WRITE
        while events[-1] != READ:
            assert select.select([], [connection], [], 5)[1]
            with pytest.raises(BlockingIOError):
                stream.receive(512)
        stream.close()
    thread.join(5)
    assert b"".join(received) == sent


def test_a_loop_that_reads_another_file_connects_anew(certificates: Certificates) -> None:
    samples: Queue[Sample | Event] = Queue()
    with torture.device(torture.good, tls=server_context(certificates.device)) as port:
        loop, first_us = ModbusLoop(samples.put), -(-now().wall_us // PERIOD_US) * PERIOD_US + PERIOD_US
        device = over_tls(settings(port), trusting(certificates))
        loop.poll([device], first_us, first_us + 5 * PERIOD_US)
        assert next_sample(samples).reason is None
        changed = replace(device, tls=TlsSettings(certificates.other.certificate))
        loop.poll([changed], now().wall_us, first_us + 5 * PERIOD_US)
        loop.join(5)
    rest = [sample for sample in samples.queue if isinstance(sample, Sample)]
    assert len(rest) == 4
    assert Reason.CERTIFICATE in map(bare, rest)
