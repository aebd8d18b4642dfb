"""`job=check` and `job=probe` find the way to a device that does not answer as it is asked. Real sockets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ess_ray.adapters.modbus.reach import poll_once
from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.samples import Device
from ess_ray.main import main
from tests import torture
from tests.contract.test_probe import hilltop
from tests.make import make_device

# Register r of the devices holds r: 50 %, 50.1 %, 50.2 V; states of 600 and more are nothing unusual without a range.
MAP = """\
period_s: 1
function: 3
blocks:
  - table: bank
    ids: {bank_id: 1}
    runs:
      - {at: 500, scale: 0.1, columns: [bank_soc, bank_soh, bank_dc_volt]}
      - {at: 600, columns: [reg_1031..1045]}
"""


def at_most(registers: int) -> torture.Behaviour:
    """Silent if more are requested at once."""
    return lambda n, reply: torture.good(n, reply) if torture.pdu_of(reply)[1] <= 2 * registers else []


WAYS: dict[str, tuple[torture.Behaviour, bool, dict[str, object]]] = {
    "RTU over TCP": (torture.good, True, {"framing": "rtu"}),
    "another unit id in the reply": (torture.from_unit(9), False, {"tolerate": ["unit_id"]}),
    "transaction ids of its own": (torture.own_ids(1), False, {"tolerate": ["transaction_id"]}),
    "a length that is one too long": (torture.length_off(1), False, {"tolerate": ["length"]}),
    "RTU with another unit id": (torture.from_unit(9), True, {"framing": "rtu", "tolerate": ["unit_id"]}),
    "silent above 8 registers": (at_most(8), False, {"max_registers": 8}),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_setting_that_a_device_needs_is_said_and_works(
    way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    behaviour, rtu, settings = WAYS[way]
    with torture.device(behaviour, rtu=rtu) as port:
        words = hilltop(tmp_path, port, MAP)
        assert main([*words, "job=check", "check.format=json"]) == 1
        findings = json.loads(capsys.readouterr().out)["findings"]
        assert main([*words, "job=probe", "probe.rate=1000"]) == 1
        block = capsys.readouterr().out.split("for the site's file:\n")[1]
        pasted = yaml.safe_load(block)["devices"]["gateway"]
        changes = [f"sites.hilltop.devices.gateway.{key}={json.dumps(value)}" for key, value in pasted.items()]
        assert main([*words, "job=check", *[change.replace('"', "") for change in changes]]) == 0
    (said,) = (finding for finding in findings if finding["what"] == "settings")
    assert all(str(key) in said["advice"] for key in settings)
    assert settings.items() <= pasted.items()


def test_a_device_is_told_its_own_time_and_not_its_neighbours() -> None:
    requests = (Request(3, 0, 2, ((0, 2),), 0),)
    with torture.device(lambda _, reply: [(0.1, reply)]) as port:
        devices = [
            make_device(
                Device("site", f"unit{unit}"), host="127.0.0.1", port=port, unit_id=unit, plan=Plan(requests, 4, "")
            )
            for unit in range(1, 5)
        ]
        own_ms = [sample.read_ms for sample in poll_once(devices).values()]
    assert len(own_ms) == 4
    assert all(90 < each < 250 for each in own_ms), own_ms
