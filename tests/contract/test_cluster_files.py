"""The files that bring a cluster up, tried with the programs that read them: Ray, systemd, OpenSSL; without a cloud."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def validated(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a cluster with Ray's defaults. Raises what Ray says against it."""
    from ray.autoscaler._private.util import prepare_config, validate_config  # takes a second

    prepared: dict[str, Any] = prepare_config(config)
    validate_config(prepared)
    return prepared


@pytest.fixture(scope="module")
def prepared() -> dict[str, Any]:
    return validated(yaml.safe_load((ROOT / "ray-cluster.yaml").read_text()))


def test_ray_takes_the_configuration(prepared: dict[str, Any]) -> None:
    assert prepared["available_node_types"]["head"]["node_config"]["machineType"] == "e2-standard-8"
    with pytest.raises(Exception, match="Additional properties are not allowed"):
        validated(prepared | {"surprise": 1})


def test_nodes_have_private_addresses_accounts_of_their_own_and_disks_that_stay(prepared: dict[str, Any]) -> None:
    assert prepared["provider"]["use_internal_ips"]
    for role, kind in prepared["available_node_types"].items():
        node = kind["node_config"]
        assert all("accessConfigs" not in interface for interface in node["networkInterfaces"])
        assert [disk["autoDelete"] for disk in node["disks"]] == [True, False]
        assert [account["email"].partition("@")[0] for account in node["serviceAccounts"]] == [f"ess-ray-{role}"]


def test_every_node_starts_ray_with_token_and_tls_and_the_dashboard_on_loopback(prepared: dict[str, Any]) -> None:
    for role in ("head", "worker"):
        start = prepared[f"{role}_start_ray_commands"][-1]
        assert ". /etc/ess_ray/ray.env" in start
    assert "--dashboard-host=127.0.0.1" in prepared["head_start_ray_commands"][-1]
    assert "RAY_enable_autoscaler_v2=0" in prepared["head_start_ray_commands"][-1]  # or it would delete nodes
    environment = dict(
        line.split("=", 1) for line in (ROOT / "deploy" / "ray.env").read_text().splitlines() if line[:1] != "#"
    )
    assert environment["RAY_AUTH_MODE"] == "token"
    assert environment["RAY_USE_TLS"] == "1"


@pytest.mark.parametrize(
    "unit", ["ess_ray.service", "ess_ray-cluster.service", "ray-head.service", "ray-worker.service"]
)
def test_systemd_takes_the_units(unit: str, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze on this machine")
    text = (ROOT / "deploy" / unit).read_text()
    (tmp_path / unit).write_text(
        text.replace("/opt/ess_ray/.venv/bin/ray", "/bin/true").replace("/opt/ess_ray/", "/bin/")
    )
    assert "KillMode=mixed" in text
    assert "Restart=" in text
    problems = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit)], check=False, capture_output=True, text=True
    ).stderr
    assert [line for line in problems.splitlines() if unit in line and "is not executable" not in line] == []


def test_a_certificate_is_for_this_node_and_of_the_clusters_authority(tmp_path: Path) -> None:
    script, secrets = str(ROOT / "deploy" / "ray-certificate"), tmp_path / "secrets"
    subprocess.run([script, "new", str(secrets)], check=True)
    subprocess.run([script, str(secrets), str(tmp_path)], check=True)
    files = [str(tmp_path / name) for name in ("ray_ca.crt", "ray.crt")]
    verify = ["openssl", "verify", "-verify_ip", "127.0.0.1", "-CAfile", *files]
    assert subprocess.run(verify, check=False, capture_output=True).returncode == 0
    assert [file.name for file in (*secrets.iterdir(), *tmp_path.glob("*.*")) if file.stat().st_mode & 0o077] == []
    assert not (tmp_path / "ray_ca.key").exists()
