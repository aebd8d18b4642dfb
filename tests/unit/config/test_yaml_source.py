"""What is read and added the quick way is what OmegaConf and Hydra make of the same files."""

from __future__ import annotations

import shutil
import tracemalloc
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from ess_ray.config.compose import compose_config
from ess_ray.config.paths import conf_folder
from ess_ray.config.yaml_source import YamlFiles, plain_tree
from ess_ray.core.errors import ConfigError
from tests.make import SMALL

AWKWARD = """\
# @package sites.awkward
numbers: [1e3, 1_000, 0x1f, 010, 1:30, .5, -.inf, 1.5e-3, +3]
words: [on, no, null, ~, 2026-11-22, "1", '${x}', 600..604, é충전]
merged: &m {a: 1, b: [&anchor {c: d}, *anchor]}
again: {<<: *m, a: 2}
1: a number for a key
text: |
  two
  lines
"""


@pytest.mark.parametrize(
    "file", sorted(conf_folder().rglob("*.yaml")), ids=lambda file: f"{file.parent.name}/{file.stem}"
)
def test_every_shipped_file_is_read_as_omegaconf_reads_it(file: Path) -> None:
    expected = OmegaConf.load(file)
    assert YamlFiles("main", f"libyaml://{file.parent}").load_config(file.stem).config == expected
    if file.parent.name in {"map", "standard"}:
        assert plain_tree(file) == OmegaConf.to_container(expected, resolve=True)


@pytest.mark.parametrize("text", [AWKWARD, "", "# nothing\n", "- a\n- 1\n"])
def test_a_file_is_read_as_omegaconf_reads_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "some.yaml").write_text(text, encoding="utf-8")
    found = YamlFiles("main", f"libyaml://{tmp_path}").load_config("some")
    assert repr(found.config) == repr(OmegaConf.load(tmp_path / "some.yaml"))  # 1 is not 1.0 there
    assert found.header == {"package": "sites.awkward" if text is AWKWARD else None}


@pytest.mark.parametrize(
    "text",
    [
        "period_s: ${run.duration_s}",
        "blocks: [{at: '${x}'}]",
        "# @package maps.other\nperiod_s: 1",
        "defaults: [sionyu]",
        "a: !!binary aGVsbG8=",
        "1: a number for a key",
        "- a list",
        "open: [",
        "twice: 1\ntwice: 2",
    ],
)
def test_what_hydra_has_to_compose_or_to_refuse_is_left_to_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "some.yaml").write_text(text)
    assert plain_tree(tmp_path / "some.yaml") is None
    assert plain_tree(tmp_path / "none.yaml") is None


def test_maps_and_standard_are_as_hydra_adds_them() -> None:
    same = ["maps.sionyu.period_s=1", "standard=ess"]  # as they are anyway; but Hydra adds what words are about
    quick, by_hydra = (compose_config(["site=sionyu", *words]) for words in ([], same))
    assert repr(by_hydra.config) == repr(quick.config)  # 1 is not 1.0 there


def test_a_map_may_be_made_of_another_and_be_overridden(tmp_path: Path) -> None:
    for folder in ("site", "map"):
        (tmp_path / folder).mkdir()
    site = "# @package sites.hilltop\ntimezone: Asia/Seoul\ndevices: {gateway: {map: slow}}\n"
    (tmp_path / "site/hilltop.yaml").write_text(site)
    (tmp_path / "map/slow.yaml").write_text("defaults: [sionyu, _self_]\nperiod_s: 5\n")
    maps = compose_config(["site=[hilltop,sionyu]", "maps.sionyu.period_s=5"], tmp_path).config.maps
    assert maps["slow"] == maps["sionyu"]
    assert maps["slow"]["period_s"] == 5


def test_a_sentinel_in_hexadecimal_digits_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "some.yaml").write_text("a: {sentinel: 0xFF7FFFFF}\nb: [{sentinel: [0x8000, 7]}, 0x10]\n")
    expected = {"a": {"sentinel": "0xFF7FFFFF"}, "b": [{"sentinel": ["0x8000", 7]}, 16]}
    assert plain_tree(tmp_path / "some.yaml") == expected
    assert YamlFiles("main", f"libyaml://{tmp_path}").load_config("some").config == expected


LAUGHS = "\n".join(["a0: &a0 [1, 2, 3]", *(f"a{n}: &a{n} [{', '.join(9 * [f'*a{n - 1}'])}]" for n in range(1, 8))])
TOO_MUCH = {
    "aliases": (LAUGHS, 6, "aliases multiply"),
    "merged keys": (LAUGHS.replace("[1, 2, 3]", "{x: 1}").replace(" [*", " {<<: [*").replace("]", "]}"), 6, "aliases"),
    "an alias of itself": ("a: &a\n  - 1\n  - *a\n", 3, r"\*a stands for a value that it is in"),
    "nesting": ("a: 1\nb: " + 100_000 * "[" + 100_000 * "]", 2, "nested more than 100 deep"),
}


@pytest.mark.parametrize("group", ["site", "map", "standard"])
@pytest.mark.parametrize("fault", TOO_MUCH)
def test_a_file_whose_aliases_or_nesting_exceed_their_bounds_is_refused_at_once(
    tmp_path: Path, group: str, fault: str
) -> None:
    text, line, problem = TOO_MUCH[fault]
    for folder in ("site", "map", "standard"):
        (tmp_path / folder).mkdir()
    shutil.copy(SMALL / "map/panri.yaml", tmp_path / "map")
    (tmp_path / group / "evil.yaml").write_text(f"# @package sites.evil\n{text}" if group == "site" else text)
    line += group == "site"
    words = {
        "site": ["site=evil"],
        "map": ["site=panri", "sites.panri.devices.gateway.map=evil"],
        "standard": ["site=panri", "standard=evil"],
    }[group]
    with pytest.raises(ConfigError, match=rf"^{group}/evil.yaml, line {line}: .*{problem}"):
        compose_config(words, tmp_path)


@pytest.mark.parametrize("fault", TOO_MUCH)
def test_what_exceeds_the_bounds_takes_no_memory(tmp_path: Path, fault: str) -> None:
    (tmp_path / "evil.yaml").write_text(TOO_MUCH[fault][0])
    for read in (plain_tree, lambda file: YamlFiles("main", f"libyaml://{file.parent}").load_config(file.stem)):
        tracemalloc.start()
        with pytest.raises(ConfigError):
            read(tmp_path / "evil.yaml")
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
        tracemalloc.stop()
