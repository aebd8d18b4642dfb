"""`job=import from=sunspec`: a device is read over a real socket, its map made, and what is polled with it is right."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from ess_ray.adapters.modbus.loop import ModbusLoop, now
from ess_ray.app.exit_codes import FAILED, OK
from ess_ray.core.samples import Event, Sample, Status
from ess_ray.main import main
from tests.make import S, make_device, make_settings
from tests.peers import pymodbus_server
from tests.sunspec_device import as_registers, make_chain
from tests.sunspec_maps import cells_by_address, stored, stored_of

UNKNOWN, END = [64204, 2, 7, 7], [0xFFFF, 0]


def imported(folder: Path, port: int, *words: str) -> int:
    return main(
        [
            "--config-dir",
            str(folder),
            "job=import",
            "from=sunspec",
            f"device=127.0.0.1:{port}",
            "probe.rate=1000",
            *words,
        ]
    )


def poll(port: int, plan: object) -> Sample:
    """One sample with all requests of the plan."""
    delivered: list[Sample | Event] = []
    loop = ModbusLoop(delivered.append)
    device = make_device(host="127.0.0.1", port=port, plan=plan, period_us=S)
    first_us = -(-(now().wall_us + 20_000) // S) * S
    loop.poll([device], first_us, first_us + S)
    while loop.busy:
        time.sleep(0.001)
    loop.join(5)
    (sample,) = [one for one in delivered if isinstance(one, Sample)]
    return sample


def test_a_device_is_found_its_map_made_and_every_polled_value_is_what_the_device_means(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = make_chain(1, 103, 160, 705, 803)
    with pymodbus_server(as_registers(models, *UNKNOWN, *END, *[0] * 200)) as port:
        assert imported(tmp_path, port, "name=roof") == OK
        said = capsys.readouterr().out
        assert f"127.0.0.1:{port}, unit 1: SunSpec at 40000, 6 models" in said
        assert "103 Inverter (Three Phase) (40070 to 40121): inverter" in said
        assert "note: model 64204 at " in said
        assert f"devices: {{roof: {{map: roof, host: 127.0.0.1, port: {port}}}}}" in said
        (tmp_path / "site").mkdir()
        (tmp_path / "site" / "mine.yaml").write_text(
            "# @package sites.mine\ntimezone: Asia/Seoul\n"
            f"devices: {{roof: {{map: roof, host: 127.0.0.1, port: {port}}}}}\n"
        )
        settings = make_settings("job=check", "site=mine", "source=plant", folder=tmp_path)
        plan = settings.devices[0].plan
        sample = poll(port, plan.at_each_tick())
    assert (sample.status, sample.reason) == (Status.STORED, None)
    found = stored_of(settings.maps["roof"], plan, replace(sample, tick_us=0))
    wanted = cells_by_address(models)
    assert found.keys() == wanted.keys()
    for value in settings.maps["roof"].values:
        assert found[value.address] == stored(wanted[value.address], value.unit, value.column_type), value
    length = models[2].registers[1]
    models[2].registers.append(0)  # an update has made model 160 longer
    models[2].registers[1] += 1
    with pymodbus_server(as_registers(models, *END, *[0] * 200)) as port:
        sample = poll(port, plan.at_each_tick())
    assert sample.status is Status.PARTIAL
    assert sample.reason
    assert sample.reason.startswith(f"unexpected: 40123 holds {length + 1}, not {length}")
    assert sample.missing_text
    assert "3:40070" not in sample.missing_text


def test_a_device_without_sunspec_is_told_what_was_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pymodbus_server([0] * 100) as port:
        assert imported(tmp_path, port) == FAILED
    said = capsys.readouterr().err
    assert f"127.0.0.1:{port}, unit 1: no SunSpec registers" in said
    assert "40000: exception 2" in said
    assert "  0: holds 00 00 00 00" in said
    assert not (tmp_path / "map").exists()
