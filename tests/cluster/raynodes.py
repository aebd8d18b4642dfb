"""A cluster of Ray on this machine: a head and workers, each with its own state folder, started by `ray start`.

Every process of a node inherits the node's mark in its environment, so that a node can be killed with all its processes
and nothing outlives a test. With `Wires` nodes have network and host name spaces of their own, on a bridge from which
the test can cut them off.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

# The same as in deploy/ray.env: a node that does not answer is given up after five checks.
SHIPPED = {
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "5",
    "RAY_health_check_initial_delay_ms": "5000",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "3600",
}
# A start on a busy machine takes longer than Ray allows by default.
PATIENT = {"RAY_raylet_start_wait_time_s": "120"}
MARK = "ESS_RAY_TEST_NODE"
UP_LIMIT_S, GONE_LIMIT_S = 120.0, 10.0


class RayNodes:
    """Nodes by name; the first is `head`."""

    def __init__(self, folder: Path, ip: str, **environment: str) -> None:
        self.folder = folder
        self.token = folder / "ray_token"
        self.token.write_text(secrets.token_hex(32))
        self.token.chmod(0o600)
        self.environment = {
            "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(self.token), "RAY_USAGE_STATS_ENABLED": "0",
            **SHIPPED, **PATIENT, **environment,
        }  # fmt: skip
        with socket.create_server((ip, 0)) as free:
            self._port = free.getsockname()[1]
        self.ip = ip
        self.address = f"{ip}:{self._port}"
        self._short = Path(
            tempfile.gettempdir(), f"rn{os.getpid()}{secrets.token_hex(2)}"
        )  # Ray's sockets have long names
        self._commands: dict[str, tuple[list[str], dict[str, str]]] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    def start_head(self, *options: str) -> None:
        """Start the head with these options of `ray start`, and wait until it is up."""
        head = ["--head", f"--port={self._port}", f"--temp-dir={self._short}", "--num-cpus=2", *options]
        self._commands["head"] = self._command("head", [f"--node-ip-address={self.ip}", *head])
        self.start("head")
        self.until_up("head")

    def join(self, name: str, offers: Sequence[str], ip: str, prefix: Sequence[str] = ()) -> None:
        """Start a worker whose node offers these resources, and wait until it is up."""
        resources = json.dumps(dict.fromkeys(offers, 1))
        words = [f"--address={self.address}", f"--node-ip-address={ip}", "--num-cpus=2", f"--resources={resources}"]
        self._commands[name] = self._command(name, words, prefix)
        self.start(name)
        self.until_up(name)

    def until_up(self, *names: str) -> None:
        """Wait until `ray start` reports that the nodes are up."""
        deadline_s = time.monotonic() + UP_LIMIT_S
        while not all("Ray runtime started" in self.output(name) for name in names):
            failed = time.monotonic() > deadline_s or any("Traceback" in self.output(name) for name in names)
            assert not failed, [self.output(name)[-2000:] for name in names]
            time.sleep(0.1)

    def start(self, name: str) -> None:
        """Start the node with the options it was started with first."""
        (self.folder / f"{name}.log").unlink(missing_ok=True)
        command, environment = self._commands[name]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
            )

    def kill_raylet(self, name: str) -> tuple[float, float]:
        """kill -9 the raylet; gives the moment, and the one when its actors were gone, which live on for a while."""
        (raylet,) = [pid for pid, words in self.pids(name).items() if "/raylet/raylet " in words]
        actors = children(raylet)
        killed_s = time.time()
        os.kill(raylet, signal.SIGKILL)
        while any(Path(f"/proc/{pid}").exists() for pid in actors) and time.time() < killed_s + GONE_LIMIT_S:
            time.sleep(0.02)
        gone_s = time.time()
        self.kill(name)
        return killed_s, gone_s

    def pids(self, name: str) -> Mapping[int, str]:
        """The command lines of a node's processes, by their numbers."""
        mark, command_lines = f"{MARK}={self.folder}/{name}".encode(), {}
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    command_line = (process / "cmdline").read_bytes()
                    command_lines[int(process.name)] = command_line.replace(b"\0", b" ").decode()
        return command_lines

    def kill(self, name: str) -> float:
        """kill -9 all processes of a node; gives the moment."""
        at_s = time.time()
        while self.pids(name):
            self.clear(name)
            time.sleep(0.1)
        return at_s

    def journals(self, name: str) -> list[str]:
        """The names of the journals in a node's state folder, without suffix."""
        return sorted(path.stem for path in self.state(name).glob("journal/*/*.journal"))

    def state(self, name: str) -> Path:
        """A node's state folder."""
        return self.folder / "nodes" / name

    def output(self, name: str) -> str:
        """The output of the node's `ray start`."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def clear(self, name: str) -> None:
        """Kill the processes that are left of a node, once."""
        for pid in self.pids(name):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """End all nodes."""
        for name in self._commands:
            self.kill(name)
        shutil.rmtree(self._short, ignore_errors=True)
        for process in self._processes:
            process.wait()

    def _command(self, name: str, words: list[str], prefix: Sequence[str] = ()) -> tuple[list[str], dict[str, str]]:
        # Any free port for workers: raylets on one machine would give the same ones of Ray's range to two of them.
        ports = ["--min-worker-port=0", "--max-worker-port=0"]
        ray = [str(Path(sys.executable).with_name("ray")), "start", "--block", "--disable-usage-stats", *ports, *words]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
        own = {MARK: f"{self.folder}/{name}", "ESS_RAY_NODE_DIR": str(self.state(name))}
        return [*prefix, *ray], environment | self.environment | own


@contextmanager
def ray_nodes(folder: Path, ip: str | None = None, **environment: str) -> Iterator[RayNodes]:
    """Nodes that end with the block, none started yet."""
    nodes = RayNodes(folder, ip or own_ip(), **environment)
    try:
        yield nodes
    finally:
        nodes.close()


def children(parent: int) -> list[int]:
    """The numbers of the processes that a process has started."""
    pids = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                pids.append(int(stat.parent.name))
    return pids


def own_ip() -> str:
    """The machine's address: Ray takes it even if it is given loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # nothing is sent
        return str(probe.getsockname()[0])


class Wires:
    """A name space for each name, on two bridges: the cluster's, from which the test can cut it off, and the plants'.

    This machine, with the head and the devices, is .1 on both. Needs root.
    """

    CLUSTER, PLANTS = "10.123.0", "10.124.0"

    def __init__(self, names: Sequence[str]) -> None:
        self._tag = secrets.token_hex(2)
        self._names = list(names)

    def __enter__(self) -> Self:
        for kind, network in (("c", self.CLUSTER), ("p", self.PLANTS)):
            _ip("link", "add", f"es{kind}{self._tag}", "type", "bridge")
            _ip("addr", "add", f"{network}.1/24", "dev", f"es{kind}{self._tag}")
            _ip("link", "set", f"es{kind}{self._tag}", "up")
        for number, name in enumerate(self._names, 11):
            space = self._space(name)
            _ip("netns", "add", space)
            _ip("-n", space, "link", "set", "lo", "up")
            for kind, network in (("c", self.CLUSTER), ("p", self.PLANTS)):
                outside, inside = f"e{kind}{self._tag}{number}", f"{kind}{number}"
                _ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", space)
                _ip("link", "set", outside, "master", f"es{kind}{self._tag}", "up")
                _ip("-n", space, "addr", "add", f"{network}.{number}/24", "dev", inside)
                _ip("-n", space, "link", "set", inside, "up")
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._names:
            _ip("netns", "del", self._space(name))
        for kind in ("c", "p"):
            _ip("link", "del", f"es{kind}{self._tag}")

    def ip(self, name: str) -> str:
        """The address of a name space on the cluster's network."""
        return f"{self.CLUSTER}.{self._names.index(name) + 11}"

    def prefix(self, name: str) -> list[str]:
        """The words before a command that run it in the name space, under a host name of its own."""
        shell = f'hostname {name}; exec "$@"'
        return ["ip", "netns", "exec", self._space(name), "unshare", "--uts", "sh", "-c", shell, "sh"]

    def cut(self, name: str) -> None:
        """Cut a name space off from the cluster."""
        _ip("link", "set", f"ec{self._tag}{self._names.index(name) + 11}", "down")

    def mend(self, name: str) -> None:
        """Undo `cut`."""
        _ip("link", "set", f"ec{self._tag}{self._names.index(name) + 11}", "up")

    def _space(self, name: str) -> str:
        return f"es{self._tag}{name}"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
