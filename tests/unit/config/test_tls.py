"""The files of TLS are read before anything starts; what is wrong with them is one line that names device and key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from ess_ray.core.errors import ConfigError
from ess_ray.core.settings import Settings, TlsSettings
from tests.certificates import Authority
from tests.make import make_settings

DEVICE = "sites.hill.devices.pcs"
SITE = """\
# @package sites.hill
timezone: Asia/Seoul
devices:
  pcs: {{map: sionyu, host: 127.0.0.1, framing: tls, tls: &tls {{{tls}}}}}
  other: {{map: sionyu, host: 127.0.0.2, framing: tls, tls: *tls}}
"""


class Plant:
    """A folder of a user with a site in TLS, and its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        authority = Authority(folder)
        self.ca, self.own, self.stranger = authority.certificate, authority.sign("own"), authority.sign("stranger")
        (folder / "site").mkdir()

    def settings(self, *words: str, **tls: object) -> Settings:
        text = ", ".join(f"{key}: {value}" for key, value in tls.items())
        (self.folder / "site/hill.yaml").write_text(SITE.format(tls=text))
        return make_settings.__wrapped__("site=hill", "source=plant", *words, folder=self.folder)


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant(tmp_path)


def test_the_port_is_that_of_the_framing_unless_it_is_given(plant: Plant) -> None:
    assert [device.port for device in plant.settings().devices] == [802, 802]
    assert plant.settings(f"{DEVICE}.port=1802").devices[0].port == 1802
    assert plant.settings(f"{DEVICE}.framing=tcp", f"{DEVICE}.tls={{}}").devices[0].port == 502


def test_a_device_has_the_files_that_are_given(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(plant.folder)
    files = {"ca_file": "authority.crt", "certificate_file": "own.crt", "key_file": plant.own.key}
    settings = plant.settings(server_name="pcs.plant", **files)
    assert settings.devices[0].tls == TlsSettings(plant.ca, *plant.own, "pcs.plant")
    assert settings.devices[0].tls == settings.devices[1].tls


def encrypted(plant: Plant) -> dict[str, Path]:
    key = load_pem_private_key(plant.own.key.read_bytes(), None)
    plant.own.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim")))
    return {"certificate_file": plant.own.certificate, "key_file": plant.own.key}


def readable(plant: Plant) -> dict[str, Path]:
    plant.own.key.chmod(0o640)
    return {"certificate_file": plant.own.certificate, "key_file": plant.own.key}


MISTAKES: dict[str, tuple[Callable[[Plant], dict[str, Path]], str, str]] = {
    "no such authority": (lambda p: {"ca_file": p.folder / "none"}, "ca_file", "No such file"),
    "no certificate": (lambda p: {"ca_file": p.own.key}, "ca_file", "no certificate"),
    "a folder": (lambda p: {"ca_file": p.folder}, "ca_file", "directory"),
    "no key given": (lambda p: {"certificate_file": p.own.certificate}, "key_file", "certificate_file"),
    "no certificate given": (lambda p: {"key_file": p.own.key}, "certificate_file", "key_file"),
    "no such key": (
        lambda p: {"certificate_file": p.own.certificate, "key_file": p.folder / "none"}, "key_file", "No such file",
    ),
    "no key": (
        lambda p: {"certificate_file": p.own.certificate, "key_file": p.own.certificate}, "key_file", "chmod 600",
    ),
    "another's key": (
        lambda p: {"certificate_file": p.own.certificate, "key_file": p.stranger.key}, "key_file", "not the key of",
    ),
    "a key for the certificate": (
        lambda p: {"certificate_file": p.own.key, "key_file": p.own.key}, "certificate_file", "no certificate",
    ),
    "a key that others may read": (readable, "key_file", "chmod 600"),
    "a key with a password": (encrypted, "key_file", "password"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_file_that_cannot_be_used_is_refused_by_name(mistake: str, plant: Plant) -> None:
    files, key, problem = MISTAKES[mistake]
    with pytest.raises(ConfigError, match=problem) as refused:
        plant.settings(**files(plant))
    assert refused.value.key == f"{DEVICE}.tls.{key}"
    assert "BEGIN" not in str(refused.value)


def test_devices_of_one_connection_agree(plant: Plant) -> None:
    with pytest.raises(ConfigError, match="is behind the same host") as refused:
        plant.settings("sites.hill.devices.other.host=127.0.0.1", f"{DEVICE}.tls.server_name=pcs.plant")
    assert refused.value.key == "sites.hill.devices.other.tls"


def test_files_without_tls_and_names_that_are_none_are_refused(plant: Plant) -> None:
    with pytest.raises(ConfigError, match="framing=tls"):
        plant.settings(f"{DEVICE}.framing=tcp", ca_file=plant.ca)
    with pytest.raises(ConfigError, match=r"tls.server_name: .* no name or address"):
        plant.settings(server_name="'a b'")


def test_files_are_looked_for_where_the_devices_are_polled(plant: Plant) -> None:
    nowhere = {"ca_file": plant.folder / "none"}
    plant.settings("job=report", **nowhere)
    cluster = ("cluster.address=auto", "storage=timescale", "storage.dsn=host=localhost")
    assert plant.settings(*cluster, **nowhere).devices[0].tls
