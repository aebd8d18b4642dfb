"""`job=check` and `job=probe` say what is wrong with a device's TLS, and read one whose TLS is right. Real sockets."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ess_ray.main import main
from tests import torture
from tests.certificates import Authority, Files, server_context
from tests.contract.test_probe import PLAIN, hilltop, registers
from tests.peers import pymodbus_server

DEVICE = "sites.hilltop.devices.gateway"


class Plant:
    """The plant of tests.contract.test_probe with its device in TLS, the authority that it trusts, and another."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.ours, self.other = Authority(folder), Authority(folder, "other")

    def run(self, job: str, port: int, own: Files | None, *words: str) -> tuple[int, str]:
        """The exit code, and what was printed; `own`: the certificate that is shown."""
        tls = {"ca_file": self.ours.certificate}
        tls |= {"certificate_file": own.certificate, "key_file": own.key} if own else {}
        words = (*words, *(f"{DEVICE}.tls.{key}={file}" for key, file in tls.items()), f"{DEVICE}.framing=tls")
        self._capsys.readouterr()
        code = main([*hilltop(self.folder, port), f"job={job}", "probe.rate=1000", *words])
        printed = self._capsys.readouterr()
        return code, " ".join((printed.out + printed.err).split())

    def check(self, port: int, own: Files | None = None, *words: str) -> dict[str, tuple[str, str]]:
        """Verdict and text with advice of each finding about the device, by what was checked."""
        _, text = self.run("check", port, own, "check.format=json", *words)
        found = [one for one in json.loads(text)["findings"] if one["subject"] == "hilltop/gateway"]
        return {one["what"]: (one["verdict"], f"{one['text']}: {one['advice']}") for one in found}


@pytest.fixture
def plant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Plant:
    return Plant(tmp_path, capsys)


def test_a_device_whose_tls_is_right_is_checked_and_probed(plant: Plant) -> None:
    context = server_context(plant.ours.sign("device"), plant.ours.certificate)
    with pymodbus_server(registers(*PLAIN), tls=context) as port:
        found = plant.check(port, own := plant.ours.sign("client"))
        code, printed = plant.run("probe", port, own)
    assert {found[what][0] for what in ("name", "tcp", "tls", "poll", "values")} == {"pass"}
    assert "TLSv1.3, the device's certificate is valid until" in found["tls"][1]
    assert code == 0
    assert "bank_power 12.345 kW" in printed


Served = Callable[[Plant], ssl.SSLContext]
TROUBLES: dict[str, tuple[Served, str, str]] = {
    "expired": (lambda p: server_context(p.ours.sign("d", days=(-9, -1))), "certificate: expired", "renew it"),
    "not valid yet": (lambda p: server_context(p.ours.sign("d", days=(2, 9))), "certificate: not valid yet", "clocks"),
    "of another authority": (
        lambda p: server_context(p.other.sign("d")), "certificate: of an authority that is not trusted", "tls.ca_file",
    ),
    "of nobody": (
        lambda p: server_context(p.other.own), "certificate: signed by itself, and not in tls.ca_file", "tls.ca_file",
    ),
    "of another name": (
        lambda p: server_context(p.ours.sign("d", ("pcs.plant", "10.0.0.7"))), "certificate: not for 127.0.0.1",
        "it is for pcs.plant, 10.0.0.7: give one of these as tls.server_name",
    ),
    "demanding": (
        lambda p: server_context(p.ours.sign("d"), p.ours.certificate), "tls: the device demands a certificate",
        "tls.certificate_file and tls.key_file",
    ),
    "old": (
        lambda p: server_context(p.ours.sign("d"), old=True), "tls: the device has no TLS 1.2 or newer", "firmware",
    ),
}  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_is_wrong_is_said_with_what_to_do(trouble: str, plant: Plant) -> None:
    served, reason, advice = TROUBLES[trouble]
    with torture.device(torture.good, tls=served(plant)) as port:
        found = plant.check(port)
        code, printed = plant.run("probe", port, None)
    assert (found["tcp"][0], found["tls"][0], found["poll"][0], code) == ("pass", "fail", "skipped", 1)
    for text in (found["tls"][1], printed):
        assert reason in text
        assert advice in text


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_certificate_that_the_device_refuses_is_said(version: ssl.TLSVersion, plant: Plant) -> None:
    context = server_context(plant.ours.sign("device"), plant.ours.certificate)
    context.maximum_version = version
    with torture.device(torture.good, tls=context) as port:
        verdict, text = plant.check(port, plant.other.sign("stranger"))["tls"]
    assert verdict == "fail"
    assert "the device does not trust the authority of tls.certificate_file" in text


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_device_that_hangs_up_may_demand_a_certificate(version: ssl.TLSVersion, plant: Plant) -> None:
    context = server_context(plant.ours.sign("device"), plant.ours.certificate)
    context.maximum_version = version
    with pymodbus_server(registers(*PLAIN), tls=context) as port:  # it says nothing before it does
        verdict, text = plant.check(port)["tls"]
    assert verdict == "fail"
    assert "closed the connection" in text
    assert "it may also demand a certificate" in text


@pytest.fixture(params=["modbus", "silent"])
def without_tls(request: pytest.FixtureRequest) -> Iterator[int]:
    with ExitStack() as stack:
        if request.param == "modbus":
            yield stack.enter_context(pymodbus_server(registers(*PLAIN)))
        else:
            yield stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]


def test_a_port_without_tls_is_said(without_tls: int, plant: Plant) -> None:
    verdict, text = plant.check(without_tls)["tls"]
    assert verdict == "fail"
    assert "without it set framing=tcp" in text


def test_simulated_devices_speak_tls_with_a_certificate_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = "sites.sionyu.devices.gateway"
    words = ["site=sionyu", f"state_dir={tmp_path}", f"{gateway}.framing=tls", f"{gateway}.tls.ca_file=/nowhere"]
    assert main([*words, "job=check", "check.format=json"]) == 0
    found = json.loads(capsys.readouterr().out)["findings"]
    assert {one["what"]: one["verdict"] for one in found if one["subject"] == "sionyu/gateway"}["tls"] == "pass"
    assert main([*words, "job=probe", "probe.rate=1000", "probe.most_requests=20"]) == 0
