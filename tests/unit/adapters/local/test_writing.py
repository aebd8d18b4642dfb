"""A disk, a terminal or a pipe that takes nothing holds nobody up; what was said comes in order once it does."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from threading import Event

from ess_ray.adapters.local.logs import LogFile, log_to
from ess_ray.adapters.local.writing import MOST_WAITING, WritingThread
from ess_ray.app.output import Output
from tests.logfiles import log_lines


def test_pieces_are_written_in_order_and_at_once() -> None:
    thread, written = WritingThread("test"), list[int]()
    for number in range(100):
        thread.put(lambda number=number: written.append(number))  # type: ignore[misc]
        assert written[-1] == number


def test_what_hangs_costs_a_moment_and_not_more_than_what_has_no_room() -> None:
    thread, written, goes_on = WritingThread("test"), list[int](), Event()

    def hang() -> None:
        goes_on.wait(30)

    thread.put(hang)
    begun_s = time.monotonic()
    for number in range(MOST_WAITING + 5):
        thread.put(lambda number=number: written.append(number))  # type: ignore[misc]
    thread.finish(0.1)
    assert time.monotonic() < begun_s + 2
    assert (written, thread.dropped) == ([], 5)
    goes_on.set()
    while len(written) < MOST_WAITING:
        time.sleep(0.01)
    assert written == list(range(MOST_WAITING))
    thread.put(lambda: written.append(-1))
    assert written[-1] == -1


def test_a_log_on_a_disk_that_hangs_holds_nobody_up(tmp_path: Path) -> None:
    logger = logging.getLogger("ess_ray")
    before = logger.handlers, logger.propagate, logger.level
    file = LogFile(str(tmp_path), "ess_ray", "driver", "info")
    file.path.parent.mkdir()
    os.mkfifo(file.path)  # opening it waits for a reader
    try:
        begun_s = time.monotonic()
        log_to(file)
        for number in range(10):
            logging.getLogger("ess_ray.x").info("line %d", number)
        assert time.monotonic() < begun_s + 2
        with file.path.open(encoding="utf-8") as reader:
            lines = [reader.readline() for _ in range(11)]
    finally:
        for handler in logger.handlers:
            handler.close()
        logger.handlers, logger.propagate = before[0], before[1]
        logger.setLevel(before[2])
    (tmp_path / "lines").write_text("".join(lines))
    assert [line["message"] for line in log_lines(tmp_path / "lines")][1:] == [f"line {number}" for number in range(10)]


def test_a_pipe_that_nobody_reads_holds_nobody_up() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as file, os.fdopen(reading) as reader:
        output, text = Output(file), "x" * 1023 + "\n"
        begun_s = time.monotonic()
        for _ in range(150):  # a pipe takes 64 kB
            output.write(text)
            output.flush()
        assert time.monotonic() < begun_s + 2
        assert "".join(reader.readline() for _ in range(150)) == text * 150
        output.finish()
