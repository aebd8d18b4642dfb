"""Which devices share a poller: few have an actor each, many are packed, and a change moves nobody without need."""

from __future__ import annotations

import pytest

from ess_ray.core.running.packing import devices_per_actor, group_endpoints, regroup_endpoints


@pytest.mark.parametrize(
    ("devices", "per_actor", "cores", "groups"),
    [
        ([1, 1, 1, 1], None, 2, [[0], [1], [2], [3]]),
        ([1] * 1000, None, 2, [list(range(500)), list(range(500, 1000))]),
        ([1, 1, 1], 2, 2, [[0, 1], [2]]),
        ([3, 1, 1], 2, 2, [[0], [1, 2]]),  # an endpoint is never split
    ],
)
def test_devices_have_an_actor_each_until_that_costs_too_much(
    devices: list[int], per_actor: int | None, cores: int, groups: list[list[int]]
) -> None:
    assert group_endpoints(devices, per_actor or devices_per_actor(devices, cores, 24 << 30)) == groups


@pytest.mark.parametrize(
    ("cores", "memory_gib", "most"), [(2, 24, 25), (8, 32, 33), (64, 4, 4), (1, 64, 13), (2, 1, 1)]
)
def test_an_actor_a_device_costs_at_most_an_eighth_of_the_cores_and_a_sixteenth_of_the_memory(
    cores: int, memory_gib: int, most: int
) -> None:
    assert devices_per_actor([1] * most, cores, memory_gib << 30) == 1
    assert devices_per_actor([1] * (most + 1), cores, memory_gib << 30) == -(-(most + 1) // cores)


@pytest.mark.parametrize(
    ("pollers", "devices", "per_actor", "regrouped"),
    [
        ([["a"], ["b"]], {"a": 1, "b": 1, "c": 1}, 1, [["a"], ["b"], ["c"]]),  # one device an actor
        ([["a"], ["b"]], {"b": 1, "c": 1}, 1, [["c"], ["b"]]),  # an idle poller is used again
        ([["a"], ["b"]], {"b": 1}, 1, [[], ["b"]]),
        ([["a", "b"], ["c"]], {"a": 1, "b": 1, "c": 1, "d": 1}, 4, [["a", "b"], ["c", "d"]]),  # the emptiest
        ([["a", "b"]], {"a": 1, "b": 1, "c": 2}, 3, [["a", "b"], ["c"]]),  # an endpoint is never split
    ],
)
def test_an_endpoint_stays_with_its_poller_and_a_new_one_goes_where_there_is_room(
    pollers: list[list[str]], devices: dict[str, int], per_actor: int, regrouped: list[list[str]]
) -> None:
    assert regroup_endpoints(pollers, devices, per_actor) == regrouped
