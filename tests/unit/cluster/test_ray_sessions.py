"""Ray's files on disk are bounded, and those that a living process uses are left alone."""

from __future__ import annotations

import os
from pathlib import Path

from ess_ray.cluster.ray_sessions import remove_ended_files, remove_old_sessions

NOBODY = 2**22 + 1  # higher than the number of any process (kernel: PID_MAX_LIMIT)


def sessions(folder: Path, count: int, pid: int = NOBODY) -> list[Path]:
    made = [folder / "t" / f"session_2026-11-{day:02}_20-10-30_300948_{pid}" for day in range(1, count + 1)]
    for session in made:
        (session / "logs").mkdir(parents=True)
        (session / "logs" / "raylet.out").write_text("x")
    (folder / "t" / "session_latest").symlink_to(made[-1])
    return made


def test_the_newest_sessions_stay_and_the_others_go(tmp_path: Path) -> None:
    made = sessions(tmp_path, 7)
    remove_old_sessions(tmp_path, keep=4)
    assert [session.exists() for session in made] == [False] * 3 + [True] * 4
    assert (tmp_path / "t" / "session_latest" / "logs").is_dir()


def test_a_session_in_which_a_process_has_a_file_open_stays(tmp_path: Path) -> None:
    made = sessions(tmp_path, 3)
    with (made[0] / "logs" / "raylet.out").open():
        remove_old_sessions(tmp_path, keep=1)
    assert [session.exists() for session in made] == [True, False, True]


def test_a_session_of_a_living_process_stays_but_not_one_with_the_number_of_this_process(tmp_path: Path) -> None:
    made = sessions(tmp_path / "others", 2, os.getppid())
    remove_old_sessions(tmp_path / "others", keep=1)
    assert [session.exists() for session in made] == [True, True]
    made = sessions(tmp_path / "own", 2, os.getpid())  # in a container every run has the same number
    remove_old_sessions(tmp_path / "own", keep=1)
    assert [session.exists() for session in made] == [False, True]


def test_nothing_is_there_before_the_first_run(tmp_path: Path) -> None:
    remove_old_sessions(tmp_path / "nowhere")
    remove_ended_files(tmp_path / "nowhere")


def test_files_of_workers_that_have_ended_go_but_the_newest(tmp_path: Path) -> None:
    worker = "9c1e683c588f9eb3627e5bc6492fe842ac2787e778b798f2d75f335e"
    alive, others = os.getppid(), ["raylet.out", "gcs_server.out", "dashboard.log"]
    ended = [f"worker-{worker}-01000000-{NOBODY + number}.err" for number in range(3)]
    ended += [f"python-core-worker-{worker}_{NOBODY + number}.log" for number in range(3)]
    living = [f"worker-{worker}-01000000-{alive}.out", f"python-core-worker-{worker}_{alive}.log.1"]
    for age, name in enumerate([*ended, *living, *others]):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (age, age))
    remove_ended_files(tmp_path, keep=2)
    assert {file.name for file in tmp_path.iterdir()} == {*ended[-2:], *living, *others}
