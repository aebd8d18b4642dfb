"""The oracle sees what it looks for: tables, objects and histories of a few seconds, each with one thing amiss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.faults.archive import Archived, judge_archive
from tests.faults.devices import HEAD, PARTS, Answer, checksum
from tests.faults.gaps import JOURNAL, judge_gaps
from tests.faults.history import Configured, Ended, History, Hurt, Tick
from tests.faults.tables import Tables
from tests.faults.verdict import Given, Reported, Verdict, judge

START_S, END_S, DEVICES = 1_800_000_000, 1_800_000_020, 2
TICK = (1, START_S + 10)  # whose rows are tampered with
HEAD_NAME, SAMPLE_NAME = (f"oracle/2027/01/14/20270114_{table}.csv" for table in ("head", "sample"))


@dataclass
class Case:
    """A run of twenty seconds that is all right: two devices, one site, a day that ends with it."""

    answers: list[Answer] = field(default_factory=list)
    tables: Tables = field(default_factory=lambda: Tables({}, {}, {}, {0: "oracle", 1: "oracle"}))
    history: History = field(default_factory=History)
    generations: list[tuple[str, bytes]] = field(default_factory=list)
    held: set[tuple[str, str]] = field(default_factory=set)
    missing: set[Tick] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.history.started_s.append(START_S - 5)
        self.history.configured.append(Configured(START_S - 5, dict.fromkeys(range(DEVICES), 1)))
        self.history.ended.append(Ended((0, 1), END_S, run=True, planned=True))
        for device in range(DEVICES):
            for number, second in enumerate(range(START_S, END_S)):
                self._store((device, second), 2 * number + 1)
        self.tables.closed = set(self.tables.samples)
        self.export()

    def _store(self, tick: Tick, number: int) -> None:
        head, part = (self._answer(tick, number, HEAD), self._answer(tick, number + 1, PARTS))
        self.tables.samples[tick] = "stored", None
        self.tables.heads = {**self.tables.heads, tick: [(None, head)]}
        self.tables.parts = {**self.tables.parts, tick: [(1, part), (2, part)]}

    def _answer(self, tick: Tick, number: int, address: int) -> tuple[int, int, int, int]:
        values = tick[0], number, tick[1] * 1000 + 100
        self.answers.append(Answer(*values, 1, address))
        return (*values, checksum(*values))

    def fail(self, tick: Tick, reason: str) -> None:
        """Nothing was read at the tick."""
        self.tables.samples[tick] = "failed", reason
        self.tables.heads = {**self.tables.heads, tick: []}
        self.tables.parts = {**self.tables.parts, tick: []}
        self.generations.clear()
        self.export()

    def delete(self, tick: Tick) -> None:
        """The tick is not in the database any more."""
        del self.tables.samples[tick]
        self.tables.heads = {other: rows for other, rows in self.tables.heads.items() if other != tick}
        self.tables.parts = {other: rows for other, rows in self.tables.parts.items() if other != tick}

    def renumber(self, given: dict[int, int], head: int, part: int) -> None:
        """The device gave these answers at TICK, addresses by number; the rows are those two of them."""
        self.answers = [
            answer for answer in self.answers if not (answer.device == 1 and answer.clock_ms // 1000 == TICK[1])
        ]
        rows = {number: self._answer(TICK, 1000 + number, address) for number, address in given.items()}
        self.tables.heads = {**self.tables.heads, TICK: [(None, rows[head])]}
        self.tables.parts = {**self.tables.parts, TICK: [(1, rows[part]), (2, rows[part])]}
        self.generations.clear()
        self.export()

    def export(self) -> None:
        """Another generation of both objects, of what the database has now."""
        for name, table, columns in (
            (HEAD_NAME, "head", "giver,number,clock_ms,checksum"),
            (SAMPLE_NAME, "sample", "status,reason"),
        ):
            rows = [
                f"{_clock(int(second))},oracle,d{int(device):03},0,{','.join(values)}"
                for device, second, _, *values in sorted(self.tables.of_object("oracle", table))
            ]
            text = "\r\n".join([f"time,site,device,quality,{columns}", *rows, ""])
            self.generations.append((name, text.encode()))

    def edit(self, edit: Callable[[list[bytes]], list[bytes]], name: str = HEAD_NAME) -> None:
        """Another generation of an object with its lines changed."""
        content = dict(self.generations)[name]
        self.generations.append((name, b"\r\n".join(edit(content.split(b"\r\n")))))

    def judge(self) -> Verdict:
        """The verdict on everything that the soak looks at."""
        verdict = judge(self.answers, self.tables, self.history)
        judge_gaps(verdict, self.tables, self.history)
        archived = Archived(self.generations, dict(self.generations), self.held)
        judge_archive(verdict, archived, Given(self.answers), self.tables, self.missing)
        return verdict


def _clock(second: int) -> str:
    minutes, seconds = divmod(second - START_S, 60)
    return f"2027-01-15T08:{minutes:02}:{seconds:02}+00:00"


def test_a_run_without_faults_is_good() -> None:
    verdict = Case().judge()
    assert verdict.problems() == []
    assert (verdict.stored, verdict.expected, verdict.exported) == (40, 40, 40)


def lose_a_sample(case: Case) -> None:
    case.delete(TICK)


def lose_the_first_tick_of_a_new_poller(case: Case) -> None:
    case.delete(TICK)
    case.history.ended.append(Ended((1,), TICK[1] - 0.5))


def lose_a_tick_long_after_a_new_poller_began(case: Case) -> None:
    case.delete(TICK)
    case.history.ended.append(Ended((1,), START_S + 2.5))
    case.answers = [
        answer._replace(connection=2) if answer.clock_ms > 1000 * (START_S + 3) else answer for answer in case.answers
    ]


def lose_a_row(case: Case) -> None:
    case.tables.parts = {**case.tables.parts, TICK: case.tables.parts[TICK][:1]}


def double_a_row(case: Case) -> None:
    case.tables.heads = {**case.tables.heads, TICK: 2 * case.tables.heads[TICK]}


def change_a_value(case: Case) -> None:
    (_, row) = case.tables.heads[TICK][0]
    case.tables.heads = {**case.tables.heads, TICK: [(None, (*row[:3], 0))]}


def take_the_parts_of_the_next_poll(case: Case) -> None:
    case.renumber({1: HEAD, 2: HEAD, 3: PARTS}, head=1, part=3)


def fail_without_a_fault(case: Case) -> None:
    case.fail(TICK, "timeout")


def fail_by_a_fault_of_another_device(case: Case) -> None:
    case.fail(TICK, "timeout")
    case.history.hurts.append(Hurt("modbus", (0,), TICK[1] - 1, TICK[1] + 1))


def fail_long_after_a_fault(case: Case) -> None:
    case.fail(TICK, "timeout")
    case.history.hurts.append(Hurt("modbus", (1,), START_S, START_S + 3))


def time_out_while_the_journals_disk_is_full(case: Case) -> None:
    case.fail(TICK, "timeout")
    case.history.hurts.append(Hurt(JOURNAL, (1,), TICK[1] - 1, TICK[1] + 1))


def lose_an_object(case: Case) -> None:
    case.generations.append((HEAD_NAME, b""))


def replace_by_a_smaller_object(case: Case) -> None:
    case.edit(lambda lines: lines[:-3] + lines[-2:])


def export_a_row_twice(case: Case) -> None:
    case.edit(lambda lines: [*lines[:2], *lines[1:]])


def change_a_cell_of_an_object(case: Case) -> None:
    case.edit(lambda lines: [lines[0], lines[1].replace(b",0,0,", b",0,7,"), *lines[2:]])


def change_the_archive_and_the_database_alike(case: Case) -> None:
    case.tables.samples[TICK] = "partial", "timeout"
    case.history.hurts.append(Hurt("modbus", (1,), TICK[1] - 1, TICK[1] + 1))
    case.export()


def hold_without_a_loss(case: Case) -> None:
    case.held.add(("oracle", "head"))


def lose_what_was_restored_and_hold_nothing(case: Case) -> None:
    case.delete(TICK)
    case.history.forgotten.add(TICK)


@pytest.mark.parametrize(
    ("tamper", "kind"),
    [
        (lose_a_sample, "lost"), (lose_the_first_tick_of_a_new_poller, "lost"),
        (lose_a_tick_long_after_a_new_poller_began, "lost"), (lose_a_row, "lost"),
        (double_a_row, "doubled"), (change_a_value, "wrong"),
        (take_the_parts_of_the_next_poll, "wrong"),
        (fail_without_a_fault, "gap"), (fail_by_a_fault_of_another_device, "gap"), (fail_long_after_a_fault, "gap"),
        (time_out_while_the_journals_disk_is_full, "gap"), (lose_an_object, "gone"),
        (replace_by_a_smaller_object, "gone"), (export_a_row_twice, "doubled"), (change_a_cell_of_an_object, "wrong"),
        (change_the_archive_and_the_database_alike, "wrong"), (hold_without_a_loss, "wrong"),
        (lose_what_was_restored_and_hold_nothing, "wrong"),
    ],
)  # fmt: skip
def test_what_must_not_be_is_found(tamper: Callable[[Case], None], kind: str) -> None:
    case = Case()
    tamper(case)
    verdict = case.judge()
    assert verdict.counts[kind] > 0
    assert verdict.problems()


def forgotten_by_a_restored_copy(case: Case) -> None:
    case.delete(TICK)
    case.history.forgotten.add(TICK)
    case.held |= {("oracle", "head"), ("oracle", "sample")}
    case.missing.add(TICK)


def data_deleted_by_an_administrator(case: Case) -> None:
    case.tables.heads = {**case.tables.heads, TICK: []}
    case.history.deleted["head"].add(TICK)
    case.held.add(("oracle", "head"))
    case.missing.add(TICK)


def failed_by_its_own_fault(case: Case) -> None:
    case.fail(TICK, "timeout")
    case.history.hurts.append(Hurt("modbus", (1,), TICK[1] - 1, TICK[1] + 1))


def without_a_poller_that_was_killed(case: Case) -> None:
    case.delete(TICK)
    case.generations.clear()
    case.export()
    case.history.ended.append(Ended((1,), TICK[1] + 0.05))


def without_a_poller_that_was_killed_before_its_first_tick(case: Case) -> None:
    without_a_poller_that_was_killed(case)
    case.history.ended[-1] = Ended((1,), TICK[1] - 1.5)  # a tick more was read on the connection that stood
    case.answers = [
        answer._replace(connection=2) if answer.device == 1 and answer.clock_ms > 1000 * TICK[1] else answer
        for answer in case.answers if not (answer.device == 1 and answer.clock_ms // 1000 == TICK[1])
    ]  # fmt: skip


def answers_to_requests_that_a_dead_poller_left_in_its_network(case: Case) -> None:
    case.delete(TICK)
    case.generations.clear()
    case.export()
    case.history.ended.append(Ended((1,), TICK[1] - 0.5))
    moment_ms = 1000 * TICK[1] + 100
    case.answers = [
        answer._replace(connection=2) if (answer.device, answer.clock_ms) == (1, moment_ms) else answer
        for answer in case.answers
    ]


def parts_asked_for_before_the_head(case: Case) -> None:
    case.renumber({1: PARTS, 2: HEAD}, head=2, part=1)


def head_asked_for_again_behind_the_parts(case: Case) -> None:
    case.renumber({1: HEAD, 2: PARTS, 3: HEAD}, head=3, part=2)


def another_period_after_a_reload(case: Case) -> None:
    for second in range(START_S + 11, END_S, 2):
        case.delete((1, second))
    case.generations.clear()
    case.export()
    case.history.configured.append(Configured(START_S + 10, {0: 1, 1: 2}))


@pytest.mark.parametrize(
    "happen",
    [
        forgotten_by_a_restored_copy, data_deleted_by_an_administrator, failed_by_its_own_fault,
        without_a_poller_that_was_killed, without_a_poller_that_was_killed_before_its_first_tick,
        answers_to_requests_that_a_dead_poller_left_in_its_network,
        parts_asked_for_before_the_head, head_asked_for_again_behind_the_parts, another_period_after_a_reload,
    ],
)  # fmt: skip
def test_what_has_its_reason_is_counted_apart(happen: Callable[[Case], None]) -> None:
    case = Case()
    happen(case)
    assert case.judge().problems() == []


@pytest.mark.parametrize(
    ("report", "agrees"),
    [
        (Reported(40, 40, 0, unproven={(1, "head")}), True),
        (Reported(40, 40, 0, unproven={(1, "head"), (1, "part")}), False),
        (Reported(40, 40, 0), False),
    ],
)
def test_a_report_names_the_tables_that_lack_deleted_rows(report: Reported, agrees: bool) -> None:
    case = Case()
    data_deleted_by_an_administrator(case)
    assert (case.judge().against(report) == []) is agrees


@pytest.mark.parametrize(
    ("report", "agrees"),
    [
        (Reported(40, 40, 0), True),
        (Reported(30, 30, 0, unexpected=10), True),  # a restored copy did not know that they were configured
        (Reported(30, 30, 0), False),
        (Reported(30, 30, 0, unexpected=9), False),
        (Reported(40, 39, 1, reasons=Counter({"failed timeout": 1})), False),
    ],
)
def test_a_report_after_a_restore_counts_every_sample(report: Reported, agrees: bool) -> None:
    assert (Case().judge().against(report, spans_lost=True) == []) is agrees
