"""The block of a device's settings is YAML that says the same, whatever its texts are."""

from __future__ import annotations

import pytest
import yaml

from ess_ray.core.checking.settings_block import settings_block


@pytest.mark.parametrize(
    "value",
    [502, 0.25, True, None, "10.0.0.7", "gw-1.plant.example", "::1", "yes", "no", "a: b", "# c", "", "12", "1e3", "ü\t",
     ["unit_id", "length"], [], {"ca_file": "/etc/ca.pem", "server_name": "gw"}],
)  # fmt: skip
def test_a_value_is_read_back_as_it_was(value: object) -> None:
    block = settings_block("gateway", {"map": "hilltop", "key": value}, {})
    assert yaml.safe_load(block) == {"devices": {"gateway": {"map": "hilltop", "key": value}}}


def test_what_is_to_be_changed_has_a_comment_with_what_it_was() -> None:
    block = settings_block("gateway", {"map": "hilltop", "unit_id": 3}, {"unit_id": 1, "framing": "rtu"})
    assert block.splitlines()[3:] == ["    unit_id: 1 # was 3", "    framing: rtu # new"]
