"""A cluster of Ray on this machine: a head and workers, each with its own state folder, started as `ray start` does.

Every process of a node inherits its mark, so that a node can be killed whole, and nothing outlives a test. With
`Wires` nodes live in network and host name spaces of their own, on a bridge that the test can cut them from.
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

# As ray-cluster.yaml has them: a node that does not answer is given up after five checks.
SHIPPED = {
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "5",
    "RAY_health_check_initial_delay_ms": "5000",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "3600",
}
# A busy machine needs longer for a start than Ray gives it.
PATIENT = {"RAY_raylet_start_wait_time_s": "120"}
MARK = "ESS_RAY_TEST_NODE"
UP_S, GONE_S = 120.0, 10.0


class RayNodes:
    """Nodes by name; `head` is the first."""

    def __init__(self, folder: Path, ip: str, **environment: str) -> None:
        self.folder = folder
        self.token = folder / "ray_token"
        self.token.write_text(secrets.token_hex(32))
        self.token.chmod(0o600)
        self.environment = {
            "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(self.token), "RAY_USAGE_STATS_ENABLED": "0",
            "POLARS_MAX_THREADS": "1", **SHIPPED, **PATIENT, **environment,
        }  # fmt: skip
        with socket.create_server((ip, 0)) as free:
            self._port = free.getsockname()[1]
        self.ip = ip
        self.address = f"{ip}:{self._port}"
        self._short = Path(tempfile.gettempdir(), f"rn{os.getpid()}{secrets.token_hex(2)}")  # Ray's sockets: long names
        self._commands: dict[str, tuple[list[str], dict[str, str]]] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    def start_head(self, *words: str) -> None:
        """Wait until it takes nodes."""
        head = ["--head", f"--port={self._port}", f"--temp-dir={self._short}", "--num-cpus=2", *words]
        self._commands["head"] = self._command("head", [f"--node-ip-address={self.ip}", *head])
        self.start("head")
        self.until_up("head")

    def join(self, name: str, offers: Sequence[str], ip: str, prefix: Sequence[str] = ()) -> None:
        """Start a worker, and wait until it is up."""
        resources = json.dumps(dict.fromkeys(offers, 1))
        words = [f"--address={self.address}", f"--node-ip-address={ip}", "--num-cpus=2", f"--resources={resources}"]
        self._commands[name] = self._command(name, words, prefix)
        self.start(name)
        self.until_up(name)

    def until_up(self, *names: str) -> None:
        """Wait until `ray start` says that they are."""
        deadline_s = time.monotonic() + UP_S
        while not all("Ray runtime started" in self.said(name) for name in names):
            in_vain = time.monotonic() > deadline_s or any("Traceback" in self.said(name) for name in names)
            assert not in_vain, [self.said(name)[-2000:] for name in names]
            time.sleep(0.1)

    def start(self, name: str) -> None:
        """Start it, again with the same words."""
        (self.folder / f"{name}.log").unlink(missing_ok=True)
        command, environment = self._commands[name]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
            )

    def kill_raylet(self, name: str) -> tuple[float, float]:
        """kill -9; gives when, and when its actors were gone, which live on for a moment."""
        (raylet,) = [pid for pid, words in self.pids(name).items() if "/raylet/raylet " in words]
        actors = children(raylet)
        killed_s = time.time()
        os.kill(raylet, signal.SIGKILL)
        while any(Path(f"/proc/{pid}").exists() for pid in actors) and time.time() < killed_s + GONE_S:
            time.sleep(0.02)
        gone_s = time.time()
        self.kill(name)
        return killed_s, gone_s

    def pids(self, name: str) -> Mapping[int, str]:
        """Command lines of a node's processes."""
        mark, found = f"{MARK}={self.folder}/{name}".encode(), {}
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (place / "environ").read_bytes().split(b"\0"):
                    found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def kill(self, name: str) -> float:
        """kill -9 of all of it; gives when."""
        at_s = time.time()
        while self.pids(name):
            self.clear(name)
            time.sleep(0.1)
        return at_s

    def journals(self, name: str) -> list[str]:
        """Those in a node's folder."""
        return sorted(path.stem for path in self.state(name).glob("journal/*/*.journal"))

    def state(self, name: str) -> Path:
        """A node's state folder."""
        return self.folder / "nodes" / name

    def said(self, name: str) -> str:
        """What `ray start` printed."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def clear(self, name: str) -> None:
        """End what is left of a node."""
        for pid in self.pids(name):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """End all of it."""
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
    """Nodes that end with the block."""
    nodes = RayNodes(folder, ip or own_ip(), **environment)
    try:
        yield nodes
    finally:
        nodes.close()


def children(parent: int) -> list[int]:
    """The processes that it has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def own_ip() -> str:
    """The machine's address, which Ray takes even where it is told loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as some:
        some.connect(("192.0.2.1", 9))  # nothing is sent
        return str(some.getsockname()[0])


class Wires:
    """Name spaces NAME on two bridges: the cluster's, on which the test cuts them off, and the plants'.

    This machine is .1 on both: the head, and the devices.
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
        """Its address on the cluster's network."""
        return f"{self.CLUSTER}.{self._names.index(name) + 11}"

    def prefix(self, name: str) -> list[str]:
        """What runs a command there, under a host name of its own."""
        shell = f'hostname {name}; exec "$@"'
        return ["ip", "netns", "exec", self._space(name), "unshare", "--uts", "sh", "-c", shell, "sh"]

    def cut(self, name: str) -> None:
        """Nothing passes between it and the rest of the cluster."""
        _ip("link", "set", f"ec{self._tag}{self._names.index(name) + 11}", "down")

    def mend(self, name: str) -> None:
        """As before."""
        _ip("link", "set", f"ec{self._tag}{self._names.index(name) + 11}", "up")

    def _space(self, name: str) -> str:
        return f"es{self._tag}{name}"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
