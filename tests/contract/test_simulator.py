"""The simulated device on the wire: another client reads what the plant says, and wrong requests get the right no."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from pymodbus import FramerType
from pymodbus.client import ModbusTcpClient

from ess_ray.config.paths import conf_folder
from ess_ray.core.errors import CannotStart
from ess_ray.core.maps.plan import make_plan
from ess_ray.core.maps.registers import RegisterMap, Value
from ess_ray.core.polling.rtu_framing import crc
from ess_ray.core.samples import Device
from ess_ray.core.settings import DeviceSettings
from ess_ray.simulator.__main__ import read_map
from ess_ray.simulator.certificate import throw_away
from ess_ray.simulator.launch import SimulatedFleet
from ess_ray.simulator.plant import Plant
from ess_ray.simulator.server import listen
from tests.make import make_device

NOON_US = (20_230 * 86_400 + 10_800) * 10**6


@contextmanager
def serving(units: dict[int, Plant], framing: str = "tcp", tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server in a thread, its clock standing still; gives its port."""
    loop = asyncio.new_event_loop()
    server, port = loop.run_until_complete(listen(units, now_us=lambda: NOON_US, framing=framing, tls=tls))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


@pytest.fixture(scope="module")
def sionyu() -> Iterator[tuple[Plant, int]]:
    plant = Plant(read_map("sionyu"), 5)
    with serving({1: plant, 2: Plant(read_map("sionyu"), 6, topology=plant.topology)}) as port:
        yield plant, port


def exchange(port: int, sent: list[bytes], length: int) -> bytes:
    """What comes back, up to `length` bytes or the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in sent:
            connection.sendall(piece)
            time.sleep(0.01 if len(sent) > 1 else 0)
        answer = b""
        with suppress(ConnectionResetError):
            while len(answer) < length and (piece := connection.recv(length - len(answer))):
                answer += piece
    return answer


def request(function: int, address: int, count: int, unit: int = 1, transaction: int = 9) -> bytes:
    return struct.pack(">HHHBBHH", transaction, 0, 6, unit, function, address, count)


@pytest.mark.parametrize("name", ["sionyu", "panri", "hwanggeum6", "seokhwan"])
def test_another_client_reads_every_register(name: str) -> None:
    register_map = read_map(name)
    plant = Plant(register_map, 5)
    image = plant.image(NOON_US)
    with serving({1: plant}) as port, ModbusTcpClient("127.0.0.1", port=port) as client:
        for each in make_plan(register_map).requests:
            answer = client.read_input_registers(each.address, count=each.count, device_id=1)
            expected = image[4][2 * each.address : 2 * (each.address + each.count)]
            assert struct.pack(f">{each.count}H", *answer.registers) == expected


def test_in_tls_it_says_the_same(sionyu: tuple[Plant, int]) -> None:
    shown, certificate = throw_away()
    trusting = ssl.create_default_context(cadata=certificate)
    with (
        serving({1: sionyu[0]}, "tls", shown) as port,
        socket.create_connection(("127.0.0.1", port), 5) as connection,
        trusting.wrap_socket(connection, server_hostname="localhost") as secured,
    ):
        secured.sendall(request(4, 0, 125))
        answer = secured.recv(300)
    assert answer == exchange(sionyu[1], [request(4, 0, 125)], 259)


def test_another_client_reads_it_as_rtu_over_tcp(sionyu: tuple[Plant, int]) -> None:
    plant, image = sionyu[0], sionyu[0].image(NOON_US)
    with (
        serving({1: plant}, "rtu") as port,
        ModbusTcpClient("127.0.0.1", port=port, framer=FramerType.RTU, retries=0, timeout=1) as client,
    ):
        for each in make_plan(read_map("sionyu")).requests:
            answer = client.read_input_registers(each.address, count=each.count, device_id=1)
            expected = image[4][2 * each.address : 2 * (each.address + each.count)]
            assert struct.pack(f">{each.count}H", *answer.registers) == expected
        assert client.read_input_registers(60000, count=1, device_id=1).exception_code == 2


@pytest.mark.parametrize("silent", [bytes.fromhex("02 04 0000 0001 31f9"), bytes.fromhex("01 04 0000 0001 0000")])
def test_on_a_serial_line_other_units_and_wrong_checksums_hear_nothing(
    sionyu: tuple[Plant, int], silent: bytes
) -> None:
    good = bytes.fromhex("01 04 ea60 0001")
    good += crc(good)
    with serving({1: sionyu[0]}, "rtu") as port:
        assert exchange(port, [silent, good[:3], good[3:]], 5) == bytes.fromhex("01 84 02 c2c1")


def test_another_client_reads_bits_and_holding_registers() -> None:
    coils = [Value("pcs", "st_run", None, (), 1, at, 1, "bit", column_type="bool") for at in (3, 4, 5, 6, 7, 8, 9, 12)]
    inputs = [Value("pcs", "st_run", None, (), 2, 0, 1, "bit", invert="swap01", column_type="bool")]
    registers = [Value("pcs", "ac_frequency", None, (), 3, 40, 2, "float32")]
    holes = frozenset({(1, 10), (1, 11)})
    plant = Plant(RegisterMap("made", 1.0, (*coils, *inputs, *registers), holes, ""), 1)
    with serving({1: plant}) as port, ModbusTcpClient("127.0.0.1", port=port) as client:
        bits = client.read_coils(3, count=10, device_id=1).bits[:10]
        assert bits == [True] * 7 + [False, False, True]
        assert client.read_discrete_inputs(0, count=1, device_id=1).bits[0] is False
        words = client.read_holding_registers(40, count=2, device_id=1).registers
        hertz = client.convert_from_registers(words, client.DATATYPE.FLOAT32)
        assert isinstance(hertz, float)
        assert 59.9 < hertz < 60.1


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (request(6, 0, 1), b"\x86\x01"),  # nothing is written
        (request(43, 0, 1), b"\xab\x01"),
        (request(4, 0, 0), b"\x84\x03"),
        (request(4, 0, 126), b"\x84\x03"),
        (request(1, 0, 2001), b"\x81\x03"),
        (request(4, 137, 2), b"\x84\x02"),  # beyond the racks
        (request(4, 604, 2), b"\x84\x02"),  # beyond the end
        (request(4, 65535, 2), b"\x84\x02"),
        (request(3, 0, 1), b"\x83\x02"),  # the map has no holding registers
        (request(4, 0, 1, unit=9), b"\x84\x0b"),  # no such unit
        (struct.pack(">HHHBB", 9, 0, 2, 1, 4), b"\x84\x03"),  # a request without address and count
    ],
)
def test_what_cannot_be_read_is_an_exception(sionyu: tuple[Plant, int], sent: bytes, answer: bytes) -> None:
    unit = sent[6]
    assert exchange(sionyu[1], [sent], 9) == struct.pack(">HHHB", 9, 0, 3, unit) + answer


def test_a_readable_hole_may_be_read_along(sionyu: tuple[Plant, int]) -> None:
    plant, port = sionyu
    assert exchange(port, [request(4, 600, 5)], 19)[9:] == plant.image(NOON_US)[4][1200:1210]


def test_units_behind_one_port_are_different_devices(sionyu: tuple[Plant, int]) -> None:
    assert (
        exchange(sionyu[1], [request(4, 0, 50)], 109)[9:] != exchange(sionyu[1], [request(4, 0, 50, unit=2)], 109)[9:]
    )


@pytest.mark.parametrize("step", [1, 5, 13, 1000])
def test_requests_in_pieces_and_many_at_once_are_answered_in_order(sionyu: tuple[Plant, int], step: int) -> None:
    plant, port = sionyu
    stream = b"".join(request(4, at, 2, transaction=at) for at in range(5))
    registers = plant.image(NOON_US)[4]
    expected = b"".join(struct.pack(">HHHBBB", at, 0, 7, 1, 4, 4) + registers[2 * at : 2 * at + 4] for at in range(5))
    assert exchange(port, [stream[i : i + step] for i in range(0, len(stream), step)], len(expected)) == expected


@pytest.mark.parametrize("header", [struct.pack(">HHHB", 1, 7, 6, 1), struct.pack(">HHHB", 1, 0, 1, 1), b"\xff" * 7])
def test_what_is_no_modbus_tcp_closes_the_connection(sionyu: tuple[Plant, int], header: bytes) -> None:
    assert exchange(sionyu[1], [header + b"\4\0\0\0\1"], 100) == b""


def trees() -> tuple[dict[str, object], dict[str, object]]:
    standard = yaml.safe_load((conf_folder() / "standard" / "ess.yaml").read_text(encoding="utf-8"))
    return standard, {"sionyu": yaml.safe_load((conf_folder() / "map" / "sionyu.yaml").read_text(encoding="utf-8"))}


def device(name: str, map_name: str = "sionyu") -> DeviceSettings:
    plan = make_plan(read_map("sionyu"))
    return make_device(Device("site", name), map_name=map_name, host="", plan=plan)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_fleet_listens_and_stops() -> None:
    with SimulatedFleet(*trees(), [device("a"), device("b"), replace(device("c"), framing="rtu")], seed=1) as fleet:
        ports = dict(fleet.ports)
        assert set(ports) == {"site/a", "site/b", "site/c"}
        adu = request(4, 0, 125)[6:]
        assert len(exchange(ports.pop("site/c"), [adu + crc(adu)], 255)) == 255
        answers = {exchange(port, [request(4, 0, 125)], 259) for port in ports.values()}
        assert {len(answer) for answer in answers} == {259}
        assert len(answers) == 2
        assert os.getsid(fleet.pid) == fleet.pid
    assert not alive(fleet.pid)
    fleet.stop()


def test_a_fleet_that_cannot_start_says_why() -> None:
    standard, maps = trees()
    maps["broken"] = {"period_s": 1, "blocks": [{"table": "bnak", "runs": []}]}
    with pytest.raises(CannotStart, match=r"map broken.*bnak"):
        SimulatedFleet(standard, maps, [replace(device("a"), map_name="broken")], seed=1)


OWNER = """
import sys
sys.path.insert(0, {here!r})
from test_simulator import SimulatedFleet, device, trees
fleet = SimulatedFleet(*trees(), [device("a")], seed=1)
print(fleet.pid, flush=True)
sys.stdin.read()
"""


def test_a_fleet_does_not_outlive_its_owner() -> None:
    script = OWNER.format(here=str(Path(__file__).parent))
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.send_signal(signal.SIGKILL)
    deadline_s = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert not alive(pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_program_serves_until_it_is_told_to_stop(number: signal.Signals) -> None:
    words = [sys.executable, "-m", "ess_ray.simulator", "map=sionyu", "port=0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        port = int(line.split(":")[1].split(",")[0])
        assert "sionyu" in line
        assert "493 values" in line
        assert len(exchange(port, [request(4, 0, 1)], 11)) == 11
        program.send_signal(number)
        rest, errors = program.communicate(timeout=10)
    assert (program.returncode, rest, errors) == (0, "", "")


def test_wrong_words_are_one_line_and_exit_code_2() -> None:
    words = [sys.executable, "-m", "ess_ray.simulator", "map=sionyo", "port=0"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "no such map; shipped are hwanggeum6, panri, seokhwan, sionyu" in done.stderr
