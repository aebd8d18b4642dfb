"""Certificates of an authority of the tests' own, and what a device needs to speak TLS with them."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HERE = ("127.0.0.1",)
VALID = (-1, 30)  # days from now


class Files(NamedTuple):
    """A certificate and its key, PEM."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; `certificate` is its own, `own` with its key. The files are in `folder`."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder, self._name = folder, _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.own = Files(folder / f"{name}.crt", folder / f"{name}.key")
        self.certificate = self.own.certificate
        builder = _builder(self._name, self._key, VALID).issuer_name(self._name)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        _write(self.own, builder.sign(self._key, SHA256()), self._key)

    def sign(
        self, name: str, names: Sequence[str] = HERE, days: tuple[int, int] = VALID, rsa_key: bool = False
    ) -> Files:
        """A certificate for these names and addresses, valid between two moments in days from now."""
        key = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
        builder = _builder(_name(name), key, days).issuer_name(self._name).add_extension(alternatives, critical=False)
        files = Files(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        _write(files, builder.sign(self._key, SHA256()), key)
        return files


def server_context(files: Files, clients: Path | None = None, old: bool = False) -> ssl.SSLContext:
    """What a device shows; `clients`: the authority of certificates that it demands; `old`: TLS 1.1 alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    if old:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def _write(files: Files, certificate: x509.Certificate, key: Key) -> None:
    files.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    files.key.touch(0o600)
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _builder(subject: x509.Name, key: Key, days: tuple[int, int]) -> x509.CertificateBuilder:
    first, last = (datetime.now(UTC) + timedelta(days=day) for day in days)
    builder = x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
    return builder.serial_number(x509.random_serial_number()).not_valid_before(first).not_valid_after(last)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
