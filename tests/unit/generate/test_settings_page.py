"""docs/settings.md is made from the schema: every setting stands there with its default."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from ess_ray.config.device_schema import DeviceConfig, TlsConfig
from ess_ray.config.schema import StorageConfig
from ess_ray.core.settings import DeviceSettings
from ess_ray.generate.settings_page import page
from tests.make import make_device

ROOT = Path(__file__).parents[3]


def test_the_page_in_docs_is_the_one_that_is_made() -> None:
    text = "\n".join(page()) + "\n"
    assert text == (ROOT / "docs/settings.md").read_text("utf-8"), "docs/settings.md is out of date: ./scripts/standard"


def test_every_setting_stands_there_with_bounds_default_and_meaning() -> None:
    lines = [*page()]
    for field in (*fields(DeviceConfig), *fields(TlsConfig)):
        assert field.name == "tls" or any(line.startswith(f"| `{field.name}` |") for line in lines)
    for field in fields(StorageConfig):
        assert any(line.startswith(f"| `storage.{field.name}` |") for line in lines)
    assert any(line.startswith("| `retries` | a whole number, 0 to 10 | `1` | how often") for line in lines)


def test_a_device_has_the_defaults_of_the_schema_in_microseconds() -> None:
    device, config = make_device(), DeviceConfig()
    assert device.timeout_us == config.timeout_s * 1e6
    assert device.retries == config.retries
    made_of_others = {"device", "map_name", "plan", "recipe"}
    keys = {field.name for field in fields(DeviceConfig)}
    for name in {field.name for field in fields(DeviceSettings)} - made_of_others:
        assert keys & {name, name.removesuffix("_us") + "_s"}
