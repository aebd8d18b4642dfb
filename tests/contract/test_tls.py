"""A database behind TLS: what the DSN asks to be verified is verified, by job=check and by the start alike."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from ess_ray.adapters.postgres.database_check import database_findings
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.checking.findings import Verdict
from ess_ray.core.errors import DatabaseUnavailable
from tests.flushes import STANDARD
from tests.ports import unused_port

DAY = timedelta(days=1)
NAMES = {"right": "IP:127.0.0.1", "other": "DNS:database.example"}  # of the certificates: where the server is, or not


def make_certificate(folder: Path, name: str, subject: str) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine")
    words = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext"]
    files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.crt")]
    subprocess.run(["openssl", "req", *words, f"subjectAltName={subject}", *files], check=True, capture_output=True)
    (folder / f"{name}.key").chmod(0o600)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    for name, subject in NAMES.items():
        make_certificate(folder, name, subject)
    return folder


@pytest.fixture(scope="module", params=NAMES)
def served(
    request: pytest.FixtureRequest,
    certificates: Path,
    timescale_bin_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, str]]:
    """Which certificate a server has, and its address. The embedded one has no TLS, and needs none: it has no TCP."""
    port, name = unused_port(), request.param
    settings = {
        "listen_addresses": "127.0.0.1", "port": str(port), "fsync": "off", "ssl": "on",
        "ssl_cert_file": str(certificates / f"{name}.crt"), "ssl_key_file": str(certificates / f"{name}.key"),
    }  # fmt: skip
    with EmbeddedPostgres(tmp_path_factory.mktemp("tls") / "pg", timescale_bin_dir, settings):
        yield name, f"host=127.0.0.1 port={port} dbname=postgres user=postgres"


def test_only_the_server_that_was_meant_is_talked_to(served: tuple[str, str], certificates: Path) -> None:
    name, address = served
    for trusted in NAMES:
        dsn = f"{address} sslmode=verify-full sslrootcert={certificates / trusted}.crt"
        findings = database_findings(dsn, STANDARD, DAY, DAY, 1000.0, {})
        if trusted == name == "right":
            assert all(finding.verdict is not Verdict.FAIL for finding in findings), findings
            assert prepare(dsn, STANDARD).identity
            with psycopg.connect(dsn) as connection:
                assert connection.pgconn.ssl_in_use
            continue
        expected = "does not match host name" if trusted == name else "certificate verify failed"
        assert [finding.verdict for finding in findings] == [Verdict.FAIL]
        assert expected in findings[0].text
        with pytest.raises(DatabaseUnavailable, match=expected):
            prepare(dsn, STANDARD)
