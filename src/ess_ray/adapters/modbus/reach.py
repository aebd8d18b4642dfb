"""Steps on the way to a device, each tried: its name, a TCP connection, TLS, one poll as the collector does it.

Called by `job=check`, which gets findings of what goes wrong; `job=probe` calls `resolve` and `try_tls`. Only these
raise OSError.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import replace
from queue import Empty, Queue
from typing import Any

from ess_ray.adapters.modbus.loop import ModbusLoop, now
from ess_ray.adapters.modbus.tls import HUNG_UP, Failure, TlsError, failure_of, secure
from ess_ray.core.checking.findings import Finding, Verdict
from ess_ray.core.samples import Event, Sample
from ess_ray.core.settings import DeviceSettings, ProbeSettings

RESOLVE_LIMIT_S = 5.0
PARALLEL = 32
CONNECT_US = 300_000  # so long before its tick the poll is told of, for the loop to start and to connect
SPACING_US = 100_000  # one tick of this grid, so that nobody waits for the next whole minute
PAUSE_S = 0.3  # a gateway that takes one connection needs a moment to notice that the last one has ended
REFUSAL_S = 0.3  # how long a device is listened to that may refuse the certificate
HOST_ADVICE = "check host in the site's file, and the name server"


def reach_all(devices: Sequence[DeviceSettings]) -> dict[tuple[str, int], list[Finding]]:
    """Findings "name", "tcp" and perhaps "tls" for each (host, port) of the devices; the subject is the first there.

    PARALLEL are tried side by side; waits for all. Each takes RESOLVE_LIMIT_S and the device's `connect_timeout_us` at
    most, with TLS three times that. Connections are closed at once. Raises nothing.
    """
    first = {device.endpoint: device for device in reversed(devices)}
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="reach") as pool:
        return dict(zip(first, pool.map(_reach, first.values()), strict=True))


def _reach(device: DeviceSettings) -> list[Finding]:
    name, (host, port) = str(device.device), device.endpoint
    begun_s = time.monotonic()
    try:
        addresses = resolve(host, port)
    except OSError as error:
        text = f"{host}: {error.strerror or error}"
        return [Finding(name, "name", Verdict.FAIL, text, HOST_ADVICE), _skipped(name, "tcp", "no address")]
    named = "an address, no name" if _is_address(host) else f"{host} is {addresses[0]} ({_ms(begun_s)})"
    begun_s = time.monotonic()
    try:
        connection = socket.create_connection((addresses[0], port), device.connect_timeout_us / 1e6)
    except OSError as error:
        wrong = f"no answer within {device.connect_timeout_us / 1e6:g} s" if isinstance(error, TimeoutError) else ""
        refused = isinstance(error, ConnectionRefusedError)
        advice = "check port, and whether Modbus TCP is switched on" if refused else "check cabling, routes, firewalls"
        tcp = Finding(name, "tcp", Verdict.FAIL, f"{host}:{port}: {wrong or error.strerror or error}", advice)
        return [Finding(name, "name", Verdict.PASS, named), tcp]
    tcp = Finding(name, "tcp", Verdict.PASS, f"{host}:{port} takes connections ({_ms(begun_s)})")
    return [Finding(name, "name", Verdict.PASS, named), tcp, *_tls(device, connection)]


def _tls(device: DeviceSettings, connection: socket.socket) -> list[Finding]:
    """No finding of a device without TLS."""
    with connection:
        if device.tls is None:
            return []
        tried = try_tls(device, connection)
    if isinstance(tried, Failure):
        return [Finding(str(device.device), "tls", Verdict.FAIL, tried.reason, tried.advice)]
    return [Finding(str(device.device), "tls", Verdict.PASS, tried)]


def try_tls(device: DeviceSettings | ProbeSettings, connection: socket.socket | None = None) -> Failure | str:
    """Why there is no TLS with a device whose settings have `tls`, or in words what there is.

    `connection`: to the device; None: one is made, and the OSError raised if there is none. Waits the device's
    `connect_timeout_us` for each of a connection, the handshake and, if the name is wrong, another handshake.
    """
    assert device.tls
    begun_s = time.monotonic()
    try:
        with secure(connection or _connected(device), device.tls, device.host) as secured:
            took, version, certificate = _ms(begun_s), secured.version(), secured.getpeercert() or {}
            secured.settimeout(REFUSAL_S)
            try:
                if not secured.recv(1):  # in TLS 1.3 a device refuses when the handshake is over here
                    return HUNG_UP
            except TimeoutError:
                pass
            except ssl.SSLError as error:
                return failure_of(error)
    except TlsError as error:
        if error.other_name and (names := _names(device)):
            return error.failure._replace(advice=f"it is for {names}: give one of these as tls.server_name")
        return error.failure
    return f"{version}, the device's certificate is valid until {certificate.get('notAfter')} ({took})"


def _names(device: DeviceSettings | ProbeSettings) -> str:
    """The names and addresses that the device's certificate is for; empty if it shows none this time."""
    assert device.tls
    try:
        with secure(_connected(device), device.tls, device.host, any_name=True) as secured:
            certificate: Any = secured.getpeercert()
    except OSError:
        return ""
    return ", ".join(name for _, name in certificate.get("subjectAltName", ()))


def _connected(device: DeviceSettings | ProbeSettings) -> socket.socket:
    return socket.create_connection((device.host, device.port), device.connect_timeout_us / 1e6)


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host as text, IPv4 and IPv6, the best first; `host` may be an address itself.

    Waits RESOLVE_LIMIT_S at most. Raises OSError if there is none, if `host` is no host name, and if the name server
    stays silent.
    """
    pool = ThreadPoolExecutor(1)  # the resolver knows no limit of its own
    try:
        addresses = pool.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(RESOLVE_LIMIT_S)
    except FutureTimeout:
        raise OSError(f"the name server did not answer within {RESOLVE_LIMIT_S:g} s") from None
    except UnicodeError as error:
        raise OSError("this is no host name") from error
    finally:
        pool.shutdown(wait=False)
    return [str(address[4][0]) for address in addresses]


def poll_once(devices: Sequence[DeviceSettings]) -> Mapping[str, Sample]:
    """One sample of each device, by "site/device", polled as the collector does it, whatever the sample's status.

    `read_ms` of a sample is the device's own time: of devices behind one endpoint, which are read one after the other,
    it begins when the one before was over, and the poll's limit holds for each alone. A connection that is kept stands
    before. Blocks with a period of their own are read too. Waits until all have a sample, 1.3 s and one and a half
    times the longest limit at most; a device without one by then is left out. Stores nothing. Raises nothing for a
    device that cannot be read.
    """
    if not devices:
        return {}
    time.sleep(PAUSE_S)
    delivered: Queue[Sample | Event] = Queue()
    loop = ModbusLoop(delivered.put)
    first_us = -(-(now().wall_us + CONNECT_US) // SPACING_US) * SPACING_US
    behind = Counter(device.endpoint for device in devices)
    polled = [
        replace(
            device,
            period_us=SPACING_US,
            phase_us=0,
            poll_limit_us=device.poll_limit_us * behind[device.endpoint],
            plan=device.plan.at_each_tick(),
        )
        for device in devices
    ]
    loop.poll(polled, first_us, first_us + 1, connect_ahead=True)
    end_s = time.monotonic() + 1.0 + max(device.poll_limit_us for device in polled) / 1e6 * 1.5
    samples: list[Sample] = []
    while len(samples) < len(devices) and (left_s := end_s - time.monotonic()) > 0:
        try:
            item = delivered.get(timeout=left_s)
        except Empty:
            break
        if isinstance(item, Sample):
            samples.append(item)
    loop.stop(first_us)
    return _own_times(samples, {str(device.device): device.endpoint for device in devices})


def _own_times(samples: Iterable[Sample], endpoints: Mapping[str, tuple[str, int]]) -> dict[str, Sample]:
    """The samples of one tick by device, each with its own time alone."""
    over_ms: dict[tuple[str, int], float] = {}  # when the poll before was over, by endpoint
    own: dict[str, Sample] = {}
    for sample in sorted(samples, key=lambda sample: sample.read_ms):
        name = str(sample.device)
        own[name] = replace(sample, read_ms=sample.read_ms - over_ms.get(endpoints[name], 0.0))
        over_ms[endpoints[name]] = sample.read_ms
    return own


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _skipped(subject: str, what: str, why: str) -> Finding:
    return Finding(subject, what, Verdict.SKIPPED, why)


def _ms(begun_s: float) -> str:
    return f"{1000 * (time.monotonic() - begun_s):.0f} ms"
