"""Start and stop Ray on this machine, quietly, with everything it writes below the state folder; or join a cluster.

Called by the driver's main thread, before anything imports Ray: it reads some of its environment at import.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from ess_ray.cluster import ray_sessions
from ess_ray.cluster.platform import Addresses
from ess_ray.cluster.ports import choose_port, unused_port
from ess_ray.core.errors import CannotStart, first_line
from ess_ray.core.running.logfields import about
from ess_ray.core.settings import ClusterSettings

log = logging.getLogger(__name__)

# Ray puts unix sockets below its folder, "/t/session_<date>_<time>_<µs>_<pid>/sockets/plasma_store": at most 70 bytes.
# The path of a socket has at most 107 bytes (unix(7)).
RAY_SOCKET_BYTES, SOCKET_PATH_BYTES = 70, 107
RAY_LOG_BYTES, RAY_LOG_FILES = 5_000_000, 1  # of each file of its logs, and so many older ones


def ray_folder(state_dir: Path) -> Path:
    """The folder for Ray's sessions, below `t/` in it."""
    return state_dir / "ray"


def start_ray(cluster: ClusterSettings, state_dir: Path) -> Addresses:
    """Start Ray here, or join the cluster at `cluster.address`, as the driver. Sets variables of the environment.

    `state_dir` has to exist; old sessions in it are removed. May wait for ports (`cluster.ports`). Raises
    CannotStart if Ray does not come up, if no port near a configured one is free, or if `state_dir` is a long path and
    the name of its link is taken.
    """
    token_file, namespace = _set_environment(cluster, state_dir)
    import ray  # after the environment is set: Ray reads some of it while it is imported
    from ray.job_config import JobConfig

    # Joining a cluster, Ray takes no folder and no dashboard of ours.
    ray_sessions.remove_old_sessions(ray_folder(state_dir))
    choose = partial(choose_port, ray_folder=ray_folder(state_dir))
    own: dict[str, Any] = {} if cluster.address else {
        "_temp_dir": str(_short_path(ray_folder(state_dir)) / "t"),  # Ray opens its folder to everybody
        "include_dashboard": True,
        "dashboard_host": "127.0.0.1",
        # With a port that is in use Ray would not start, or, of the metrics, export nothing without an error.
        "dashboard_port": choose("cluster.dashboard_port", cluster.dashboard_port),
        "_metrics_export_port": choose("cluster.metrics_port", cluster.metrics_port) or unused_port(),
    }  # fmt: skip
    try:
        context = ray.init(
            address=cluster.address or "local",
            # Else Ray has workers import from the driver's working folder first, which may be another user's.
            job_config=JobConfig(_client_job=True),
            namespace=namespace,
            log_to_driver=False,
            logging_level=logging.ERROR,
            **own,
        )
    except Exception as error:  # Ray raises that very class, as when its node is not up in time
        raise CannotStart(f"Ray does not start: {first_line(error)}") from error
    # Ray would print its own lines about nodes that die in the middle of our display, which reports them too.
    ray._private.worker.print_to_stdstream = _to_the_log  # noqa: SLF001
    node: Any = ray._private.worker._global_node  # noqa: SLF001  # Ray has no public way to ask
    metrics_url = f"http://{node.node_ip_address}:{node.metrics_export_port}/metrics"
    return Addresses(f"http://{context.dashboard_url}" if context.dashboard_url else "", token_file, metrics_url)


def _set_environment(cluster: ClusterSettings, state_dir: Path) -> tuple[Path | None, str]:
    """Sets what Ray and its workers read from the environment; gives the token's file and our actors' namespace."""
    token_file = _clusters_token(cluster) if cluster.address else _token(state_dir / "ray_token")
    os.environ.update(
        RAY_AUTH_MODE="token",
        **({"RAY_AUTH_TOKEN_PATH": str(token_file)} if token_file else {}),
        RAY_USAGE_STATS_ENABLED="0",
        # Ray's head keeps events of each call for the dashboard, by default of 100,000: that is 3 MB more each minute.
        RAY_task_events_max_num_task_in_gcs="500",
        # What a small job would pay most for: that each process sends these events every second, counts how long its
        # own handlers take, and that new logs of Ray's are looked for ten times a second, to be shown to nobody.
        RAY_task_events_report_interval_ms="10000",
        RAY_event_stats="0",
        RAY_LOG_MONITOR_MANY_FILES_THRESHOLD="0",
        LOG_NAME_UPDATE_INTERVAL_S="10",
        RAY_worker_niceness="0",  # Ray's 15 lets everything else on a busy machine go before a poller's tick
        RAY_ROTATION_MAX_BYTES=str(RAY_LOG_BYTES),  # Ray's own are 512 MB a file, and five older ones
        RAY_ROTATION_BACKUP_COUNT=str(RAY_LOG_FILES),
    )
    namespace = "ess_ray"
    if cluster.address:
        namespace += f"_{secrets.token_hex(4)}"  # actors of a job that was killed may still have their names
    else:
        # Nobody else is to join: with this switch, Ray's own default on macOS, all its ports are on loopback.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # workers compile what they import, once
    return token_file, namespace


def _to_the_log(data: Any, ignore_prefix: bool) -> None:  # noqa: ARG001  # as Ray calls it
    log.info("Ray: %s", str(data.get("lines", [""])[0]).strip().partition("\n")[0], extra=about("ray"))


def stop_ray() -> None:
    """End Ray and every actor of this job, or leave the cluster, which goes on. Does nothing if Ray is not started."""
    import ray

    ray.shutdown()


def _clusters_token(cluster: ClusterSettings) -> Path | None:
    """The file with the token of a cluster, by the settings or Ray's own variables; None: none is needed or found."""
    path = os.environ.get("RAY_AUTH_TOKEN_PATH", "~/.ray/auth_token")
    file = cluster.token_file or Path(path).expanduser()
    return file if file.is_file() and "RAY_AUTH_TOKEN" not in os.environ else None


def _token(file: Path) -> Path:
    """The file with the dashboard's token, readable by its owner only; made if it is not there."""
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_hex(32))
    return file


def _short_path(folder: Path) -> Path:
    """`folder` (made if need be), or a link to it that is short enough for Ray's sockets. Raises CannotStart."""
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    if len(os.fsencode(folder)) + RAY_SOCKET_BYTES <= SOCKET_PATH_BYTES:
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]
    link = Path(tempfile.gettempdir(), f"ess_ray-{os.getuid()}-{name}")
    if not link.is_symlink():
        link.symlink_to(folder)
    if link.lstat().st_uid != os.getuid() or link.resolve() != folder.resolve():
        raise CannotStart(f"{link} exists and is not a link to {folder}: remove it, or choose a shorter state_dir")
    return link
