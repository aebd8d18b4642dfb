"""Repeated troubles make few lines, and the last one says how it stands."""

from __future__ import annotations

from ess_ray.core.running.fold import CALM_S, FORGET_S, Folds

DAY_S, EVERY_S = 86400, 10


def lines(folds: Folds, *, until_s: int, period_s: int, bad_s: int) -> list[tuple[int, str, int]]:
    """A device that is bad for the first `bad_s` of each period: when a line is due, which, how often it was met."""
    due = []
    for now_s in range(0, until_s, EVERY_S):
        if now_s % period_s < bad_s:
            repeats, what = folds.met("device", now_s), "met"
        else:
            repeats, what = folds.over("device", now_s), "over"
        if repeats:
            due.append((now_s, what, repeats.times))
        due.extend((now_s, "ended", repeats.times) for _, repeats in folds.ended(now_s))
    return due


def test_a_device_that_is_dead_for_a_day_is_five_lines_and_one_when_it_is_back() -> None:
    due = lines(Folds(), until_s=DAY_S + 10, period_s=2 * DAY_S, bad_s=DAY_S)
    assert due == [
        (0, "met", 1), (60, "met", 7), (660, "met", 67), (4260, "met", 427), (25860, "met", 2587),
        (DAY_S, "over", DAY_S // EVERY_S),
    ]  # fmt: skip


def test_one_that_comes_and_goes_every_minute_for_a_day_is_as_few_and_its_end_is_a_line() -> None:
    folds = Folds()
    due = lines(folds, until_s=DAY_S, period_s=60, bad_s=30)
    assert len(due) < 10
    assert due[:2] == [(0, "met", 1), (30, "over", 3)]
    at_last = folds.ended(DAY_S + CALM_S)
    assert [(key, repeats.times) for key, repeats in at_last] == [("device", DAY_S // EVERY_S // 2)]
    assert not folds.remembers("device")


def test_a_trouble_after_a_long_calm_is_a_new_one() -> None:
    folds = Folds()
    for now_s in (0.0, 2 * CALM_S):
        assert str(folds.met("device", now_s)) == ""
        assert folds.over("device", now_s + 1)


def test_what_was_never_met_is_not_over_and_what_nobody_reports_is_forgotten() -> None:
    folds = Folds()
    assert folds.over("device", 0) is None
    folds.met("device", 0)
    assert folds.ended(FORGET_S) == []
    assert not folds.remembers("device")


def test_troubles_do_not_hide_each_other() -> None:
    folds = Folds()
    assert folds.met("one", 0)
    assert folds.met("other", 1)


def test_a_line_tells_how_often_and_for_how_long() -> None:
    folds = Folds()
    assert str(folds.met("device", 0)) == ""
    for now_s in range(1, 7200):
        folds.met("device", now_s)
    assert str(folds.over("device", 7200)) == " (7200 times in 2 h)"
