"""Every reason says what it means and what to do; each user of reasons reads it in one place."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from ess_ray.core.checking.findings import Verdict, poll_finding
from ess_ray.core.reasons import (
    ExceptionCode,
    Reason,
    Whose,
    bad_length_reason,
    exception_code,
    exception_reason,
    explain,
    incomplete_reason,
)
from ess_ray.core.running.measures import bounded
from ess_ray.core.samples import EventKind
from tests.unit.core.running.test_metrics import settings

SOURCE = Path(__file__).parents[3] / "src" / "ess_ray"
CODES = range(1, 256)
WITH_WHAT_CAME = [incomplete_reason(11, 12), bad_length_reason(4, 2)]
STORED = [*Reason, *map(exception_reason, CODES), *WITH_WHAT_CAME]  # whatever may stand in the database
NOT_MODBUS = "Modbus RTU over TCP"  # the advice for a reply that is no Modbus TCP


@pytest.mark.parametrize("reason", STORED)
def test_job_check_gives_each_reason_its_own_meaning_and_advice(reason: str) -> None:
    finding = poll_finding(settings(), 12.0, reason, "4:0-1", 0)
    why = explain(reason)
    assert finding.verdict is Verdict.FAIL
    said, missing = finding.text.removeprefix(f"{reason}: ").rsplit("; ", 1)
    assert missing == "not read: 4:0-1"
    assert said == why.meaning or (reason in WITH_WHAT_CAME and why.meaning.startswith(said))
    assert finding.advice == why.advice
    assert (NOT_MODBUS in finding.advice) == (reason == Reason.BAD_PROTOCOL)


@pytest.mark.parametrize("member", [*Reason, *ExceptionCode], ids=str)
def test_meaning_and_advice_are_a_phrase_each(member: Reason | ExceptionCode) -> None:
    for text in (member.meaning, member.advice):
        assert text
        assert text[0].islower()
        assert text[-1] not in ".:;, "


def test_no_two_have_the_same_meaning() -> None:
    for meanings in ([one.meaning for one in (*Reason, *ExceptionCode)], [kind.meaning for kind in EventKind]):
        assert all(meanings)
        assert len({*meanings}) == len(meanings)


def test_the_modbus_specification_defines_these_codes() -> None:
    assert [code.value for code in ExceptionCode] == [1, 2, 3, 4, 5, 6, 8, 10, 11]


def test_an_exception_code_is_told_by_its_number() -> None:
    assert explain("exception 2").meaning == ExceptionCode.ILLEGAL_DATA_ADDRESS.meaning
    assert "77" in explain("exception 77").meaning
    assert [exception_code(reason) for reason in ("exception 11", "exception", "timeout", "exception other")] == [
        11, None, None, None,
    ]  # fmt: skip


def test_a_reason_that_says_what_came_has_the_meaning_of_the_bare_one() -> None:
    assert WITH_WHAT_CAME == ["answer incomplete: 11 of 12 bytes", "bad length: 4 instead of 2 bytes of data"]
    assert [explain(reason) for reason in WITH_WHAT_CAME] == [explain(Reason.INCOMPLETE), explain(Reason.BAD_LENGTH)]


def test_a_reason_of_another_version_is_no_error() -> None:
    assert explain("struck by lightning").whose is None


def test_every_reason_is_someones() -> None:
    assert {explain(reason).whose for reason in STORED} == set(Whose)


def test_reasons_as_labels_of_metrics_are_bounded() -> None:
    assert {bounded(reason) for reason in STORED} == {
        *Reason, *map(exception_reason, ExceptionCode), f"{Reason.EXCEPTION} other",
    }  # fmt: skip


@pytest.mark.parametrize("member", [*Reason, *ExceptionCode, *EventKind], ids=repr)
def test_members_stay_themselves_from_process_to_process(member: Reason | ExceptionCode | EventKind) -> None:
    assert pickle.loads(pickle.dumps(member)) is member  # noqa: S301


def test_what_a_reason_means_stands_in_one_file() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")}
    for reason in Reason:
        assert [name for name, text in texts.items() if f'"{reason.meaning}"' in text] == ["reasons.py"]
