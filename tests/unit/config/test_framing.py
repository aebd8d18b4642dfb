"""The framing of a device and what it may get wrong: what does not go together is said before anything is polled."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from ess_ray.core.errors import ConfigError
from ess_ray.core.settings import DeviceSettings
from tests.make import SMALL, make_settings

GATEWAY = "sites.sionyu.devices.gateway"


def device(*words: str) -> DeviceSettings:
    """The device with these settings."""
    return make_settings("site=sionyu", *(f"{GATEWAY}.{word}" for word in words), folder=SMALL).devices[0]


@pytest.mark.parametrize(
    ("words", "tolerate"),
    [
        ((), set()),
        (("requests_at_once=2", "tolerate=[unit_id,length]"), {"unit_id", "length"}),
        (("tolerate=[unit_id,transaction_id,length]",), {"unit_id", "transaction_id", "length"}),
        (("framing=rtu",), set()),
        (("framing=rtu", "tolerate=[unit_id]"), {"unit_id"}),
    ],
)
def test_what_a_device_may_get_wrong_is_a_list_of_names(words: tuple[str, ...], tolerate: set[str]) -> None:
    assert device(*words).tolerate == tolerate


@pytest.mark.parametrize(
    ("words", "key", "problem"),
    [
        (("tolerate=[unit]",), "tolerate", "'unit' is none of unit_id, transaction_id, length"),
        (("framing=rtu", "requests_at_once=2"), "requests_at_once", "is above 1, but framing=rtu"),
        (("tolerate=[transaction_id]", "requests_at_once=2"), "requests_at_once", "but tolerate=transaction_id"),
        (("framing=rtu", "tolerate=[transaction_id]"), "tolerate", "transaction_id: replies with framing=rtu"),
        (("framing=rtu", "tolerate=[unit_id,length]"), "tolerate", "length: replies with framing=rtu have none"),
    ],
)
def test_what_does_not_go_together_is_refused(words: tuple[str, ...], key: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=f"{re.escape(f'{GATEWAY}.{key}')}: .*{problem}"):
        device(*words)


@pytest.mark.parametrize("different", ["framing: rtu", "tolerate: [unit_id]"])
def test_devices_on_one_connection_have_one_framing(tmp_path: Path, different: str) -> None:
    shutil.copytree(SMALL, tmp_path, dirs_exist_ok=True)
    (tmp_path / "site").mkdir(exist_ok=True)
    (tmp_path / "site" / "two.yaml").write_text(
        "# @package sites.two\ntimezone: UTC\ndevices:\n  a: {map: sionyu, host: h}\n"
        f"  b: {{map: sionyu, host: h, unit_id: 2, {different}}}\n"
    )
    name = different.partition(":")[0]
    with pytest.raises(ConfigError, match=rf"sites\.two\.devices\.b\.{name}: differs from that of two/a"):
        make_settings("source=plant", "site=two", folder=tmp_path)
