"""What a cluster wants of the configuration, said before anything starts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ess_ray.core.errors import ConfigError
from ess_ray.core.settings import Settings
from tests.make import SMALL, make_settings

PLANT = ("source=plant", "storage=timescale", "site=sionyu", "sites.sionyu.devices.gateway.host=10.0.0.7")


def settings(*words: str, config_dir: Path = SMALL) -> Settings:
    return make_settings(*words, folder=config_dir, variables=(("ESS_RAY_DSN", "postgresql://u@h/d"),))


def test_a_cluster_takes_neither_the_embedded_database_nor_simulated_devices(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.touch()
    group = ("cluster=gcp", f"cluster.token_file={token}")
    with pytest.raises(ConfigError, match=r"cluster\.address: the embedded database serves one machine only"):
        settings(*group, "source=plant", "site=sionyu", "sites.sionyu.devices.gateway.host=10.0.0.7")
    with pytest.raises(ConfigError, match=r"cluster\.address: simulated devices listen on this machine only"):
        settings(*group, "storage=timescale", "storage.allow_simulated=true", "site=sionyu")
    cluster = settings(*group, *PLANT).cluster
    assert (cluster.address, cluster.token_file, cluster.normalisers) == ("auto", token, 2)


def test_a_token_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(ConfigError, match=r"cluster\.token_file: there is no file /nowhere/token"):
        settings(*PLANT, "cluster.address=auto", "cluster.token_file=/nowhere/token")


def two(folder: Path, site: str, first: str, second: str) -> Settings:
    """Two devices behind one gateway, with these placements."""
    shutil.copytree(SMALL, folder, dirs_exist_ok=True)
    (folder / "site").mkdir()
    (folder / "site" / "two.yaml").write_text(
        f"# @package sites.two\ntimezone: UTC\nplacement: {site}\ndevices:\n"
        f"  a: {{map: sionyu, host: h, placement: {first}}}\n"
        f"  b: {{map: sionyu, host: h, unit_id: 2, placement: {second}}}\n"
    )
    return settings("source=plant", "storage=timescale", "site=two", config_dir=folder)


def test_a_device_needs_what_its_site_says_and_what_it_says_itself(tmp_path: Path) -> None:
    devices = two(tmp_path, "{korea: 1}", "{north: 1}", "{north: 1}").devices
    assert [device.placement for device in devices] == [{"korea", "north"}] * 2


@pytest.mark.parametrize(
    ("placement", "told"),
    [("{CPU: 1}", "'CPU' is no valid name"), ("{north: 2}", "north: expected 1, not 2"), ("{a b: 1}", "no valid name")],
)
def test_a_placement_is_names_of_what_a_node_offers(tmp_path: Path, placement: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        two(tmp_path, "{}", placement, placement)


def test_devices_behind_one_gateway_are_polled_by_one_node(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sites\.two\.devices\.b\.placement: differs from that of two/a"):
        two(tmp_path, "{}", "{north: 1}", "{}")
