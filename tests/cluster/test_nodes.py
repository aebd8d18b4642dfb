"""Three raylets, devices pinned by network: one dies or is cut off under load, and the oracle finds nothing amiss."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster.raynodes import RayNodes, Wires, ray_nodes
from tests.cluster.test_cluster_security import secured
from tests.faults.database import Server
from tests.faults.devices import groups, numbered_devices, read_answers
from tests.faults.history import Ended
from tests.faults.job import Job
from tests.faults.plants import Plants
from tests.faults.tables import read_tables
from tests.faults.verdict import Verdict, judge, lines

DEVICES = 6
ELSEWHERE_LIMIT_S = 30.0  # from a node's death until all its devices are polled elsewhere: promised in docs/cluster.md
CUT_OFF_LIMIT_S = 45.0  # the same for a node that is cut off: Ray's health checks of it have to fail first
OUTAGE_S = 3.0
CUT_S = 15.0  # for so long both nodes poll
OFFERS = ("north", "south")
ALL = tuple(range(DEVICES))


@dataclass
class Scene:
    """Nodes, devices, database and the job between them."""

    nodes: RayNodes
    server: Server
    notes: Path
    job: Job

    def polled_by(self, node: str) -> tuple[int, ...]:
        """The devices whose journals are in a node's folder; a poller has those of one port."""
        firsts = {int(name[len("oracle__d") :][:3]) for name in self.nodes.journals(node)}
        return tuple(device for group in groups(DEVICES) if group[0] in firsts for device in group)

    def until_stored(self, devices: tuple[int, ...], since_s: float, limit_s: float) -> float:
        """Wait until a tick behind the moment is stored of each of these devices; gives the seconds since then."""
        names = ",".join(f"'d{device:03}'" for device in devices)
        query = (
            f"SELECT count(*) FROM (SELECT 1 FROM sample WHERE device IN ({names}) AND status = 'stored' "
            f"GROUP BY device HAVING max(time) > to_timestamp({since_s}))"
        )
        until(lambda: self.server.query(query) == [(len(devices),)], limit_s, self.job.output)
        return time.time() - since_s

    def end(self) -> Verdict:
        """Stop the job in order, and have the oracle judge what it stored."""
        code = self.job.stop(90)
        assert code == 0, self.job.output()[-2000:]
        assert self.job.history.troubles == []
        verdict = judge(read_answers(self.notes), read_tables(self.server), self.job.history)
        print(verdict.numbers(), *lines(verdict), sep="\n")
        return verdict


def until(happened: Callable[[], bool], limit_s: float, output: Callable[[], str]) -> None:
    deadline_s = time.monotonic() + limit_s
    while not happened():
        assert time.monotonic() < deadline_s, output()[-3000:]
        time.sleep(0.2)


@contextmanager
def scene(folder: Path, nodes: RayNodes, host: str = "127.0.0.1") -> Iterator[Scene]:
    """Devices, database and a job that is not started yet; head and workers are started by `started`."""
    with ExitStack() as stack:
        notes = folder / "answers"
        ports = stack.enter_context(numbered_devices(notes, DEVICES, host))
        server = stack.enter_context(Server(folder / "postgresql"))
        job = Job(
            folder, notes, Plants(folder, ports, DEVICES, host, OFFERS),
            "source=plant", "standard=faults", "storage=timescale",
            f"cluster.address={nodes.address}", f"cluster.token_file={nodes.token}", "cluster.devices_per_actor=1",
            "run.drain_s=60", ESS_RAY_DSN=server.dsn(server.port), **nodes.environment,
        )  # fmt: skip
        stack.callback(job.clear)
        yield Scene(nodes, server, notes, job)


def started(here: Scene, names: Sequence[str] = ("n1", "n2"), wires: Wires | None = None) -> None:
    """Head and workers are up, and the job collects from all devices, on the workers alone."""
    nodes = here.nodes
    nodes.start_head("--include-dashboard=false", "--ray-client-server-port=20002")
    for name in names:
        nodes.join(name, OFFERS, wires.ip(name) if wires else nodes.ip, wires.prefix(name) if wires else ())
    here.job.start()
    here.until_stored(ALL, time.time(), 60)
    assert here.polled_by("head") == ()  # which offers neither network
    assert {device for name in names for device in here.polled_by(name)} == set(ALL)


def back(here: Scene, name: str, left: Sequence[str]) -> None:
    """The node is started again, its journals are drained, and it has its share of the devices again."""
    began_s = time.time()
    here.nodes.start(name)
    here.nodes.until_up(name)
    print(f"its Ray was up again after {time.time() - began_s:.1f} s")
    until(lambda: not set(left) & set(here.nodes.journals(name)), 90, here.job.output)
    print(f"drained {time.time() - began_s:.1f} s after the start of its Ray")
    until(lambda: "the devices are shared out anew" in here.job.output(), 60, here.job.output)
    here.until_stored(ALL, time.time(), 60)
    assert here.polled_by(name)


@pytest.mark.long
def test_a_node_that_dies_costs_what_was_at_work_and_is_drained_when_it_is_back(tmp_path: Path) -> None:
    with ray_nodes(tmp_path) as nodes, scene(tmp_path, nodes) as here:
        started(here)
        victims = here.polled_by("n1")
        assert victims
        here.server.stop()
        time.sleep(OUTAGE_S)  # so that the journals hold something
        killed_s, gone_s = nodes.kill_raylet("n1")
        here.job.history.ended.append(Ended(victims, gone_s))
        here.server.start()
        here.until_stored(victims, gone_s + 1, 90)
        took_s = time.time() - killed_s
        print(
            f"polled elsewhere, and stored, after {took_s:.1f} s; its actors were gone after {gone_s - killed_s:.1f} s"
        )
        left = nodes.journals("n1")
        assert left
        back(here, "n1", left)
        verdict = here.end()
        assert verdict.good, list(lines(verdict))
        assert took_s < ELSEWHERE_LIMIT_S


@pytest.mark.long
def test_a_node_that_is_cut_off_goes_on_polling_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root makes network name spaces")
    with (
        Wires(("n1", "n2")) as wires,
        ray_nodes(tmp_path, f"{Wires.CLUSTER}.1") as nodes,
        scene(tmp_path, nodes, f"{Wires.PLANTS}.1") as here,
    ):
        started(here, wires=wires)
        victims = here.polled_by("n1")
        assert victims
        wires.cut("n1")
        cut_s = time.time()
        answers = len(read_answers(here.notes))
        before = here.polled_by("n2")
        until(lambda: set(here.polled_by("n2")) >= {*before, *victims}, 60, here.job.output)
        here.until_stored(victims, time.time(), 60)
        took_s = time.time() - cut_s
        print(f"polled elsewhere, and stored, {took_s:.1f} s after the cut")
        time.sleep(CUT_S)
        assert nodes.pids("n1")  # it is still there, and polls
        left = nodes.journals("n1")
        assert len(read_answers(here.notes)) > answers
        wires.mend("n1")
        mended_s = time.time()
        with suppress(AssertionError):
            until(lambda: not nodes.pids("n1"), 60, lambda: nodes.output("n1"))
        print(f"its Ray ended {time.time() - mended_s:.1f} s after the cut was mended: {list(nodes.pids('n1'))}")
        nodes.kill("n1")
        back(here, "n1", left)
        verdict = here.end()
        assert verdict.good, list(lines(verdict))
        assert verdict.down == 0  # one of the two always polled
        assert took_s < CUT_OFF_LIMIT_S


@pytest.mark.long
def test_the_loss_of_the_head_costs_a_restart_and_nothing_that_was_polled(tmp_path: Path) -> None:
    with ray_nodes(tmp_path) as nodes, scene(tmp_path, nodes) as here:
        started(here)
        died_s = nodes.kill("head")
        here.job.history.ended.append(Ended(ALL, died_s, run=True))
        until(lambda: here.job.code is not None, 90, here.job.output)
        print(f"the job ended with {here.job.code} after {time.time() - died_s:.1f} s: {here.job.output()[-300:]}")
        time.sleep(5)
        before = len(read_answers(here.notes))
        time.sleep(3)
        print(f"without a head workers still gave {len(read_answers(here.notes)) - before} answers in 3 s")
        for name in ("n1", "n2"):
            nodes.kill(name)  # on one machine Ray takes what they were started with for a head at work
        for name in ("head", "n1", "n2"):
            nodes.start(name)
            nodes.until_up(name)
        here.job.start()
        here.until_stored(ALL, time.time(), 90)
        print(f"all devices again {time.time() - died_s:.1f} s after the head's death")
        time.sleep(5)
        verdict = here.end()
        assert verdict.good, list(lines(verdict))


@pytest.mark.long
def test_a_cluster_with_tls_between_its_nodes_collects(tmp_path: Path) -> None:
    with ray_nodes(tmp_path, **secured(tmp_path)) as nodes, scene(tmp_path, nodes) as here:
        started(here, ("n1",))
        verdict = here.end()
        assert verdict.good, list(lines(verdict))
        assert verdict.stored == verdict.expected
