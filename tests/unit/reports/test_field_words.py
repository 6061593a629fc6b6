"""The length of a field test in words, and holdouts of unequal size."""

import math

import numpy as np
import pytest

from reports.estimators.power import FieldTraffic
from reports.field_words import holdouts, in_words
from reports.power_plan import Goal, plan_field
from reports.power_text import field_text


def traffic(sends_per_day: float) -> FieldTraffic:
    return FieldTraffic(0.05, 100.0, sends_per_day, 2.0, "as given")


GOAL = Goal(0.1, True, 0.95, 0.8)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0.2, "1 week"),
        (7.0, "1 week"),
        (7.1, "2 weeks"),
        (84.0, "12 weeks"),
        (85.0, "13 weeks: long for a field test"),
        (365.0, "53 weeks: long for a field test"),
        (19 * 365.25, "19 years: this cannot be tested in the field"),
    ],
)
def test_days_in_words(days: float, words: str) -> None:
    assert in_words(days) == words


def test_an_uneven_holdout_needs_more_sends_for_the_same_variance() -> None:
    test = plan_field(traffic(50.0), GOAL)
    even, uneven = holdouts(test)
    assert even.kept == even.changed == test.sends_an_arm
    assert even.days == pytest.approx(test.days)
    assert uneven.kept * 9 == pytest.approx(uneven.changed, abs=9)
    assert 1 / uneven.kept + 1 / uneven.changed == pytest.approx(2 / test.sends_an_arm, rel=0.01)


def test_the_power_of_both_holdouts_is_that_asked_for() -> None:
    # 4,000 experiments each with independent fans: 80 % power is met within 4.5 standard errors (2.9 points).
    alone = FieldTraffic(0.05, 1.0, 50.0, 1.0, "as given")
    test, generator = plan_field(alone, GOAL), np.random.default_rng(5)
    for plan in holdouts(test):
        kept = generator.binomial(plan.kept, 0.05, 4_000) / plan.kept
        changed = generator.binomial(plan.changed, test.other_rate, 4_000) / plan.changed
        pooled = (kept * plan.kept + changed * plan.changed) / plan.sends
        error = np.sqrt(pooled * (1 - pooled) * (1 / plan.kept + 1 / plan.changed))
        found = float((np.abs(changed - kept) > 1.959964 * error).mean())
        assert found == pytest.approx(0.8, abs=0.029)


def test_the_text_says_when_the_field_cannot_tell() -> None:
    slow = field_text(plan_field(traffic(0.1), GOAL))
    assert "years: this cannot be tested in the field" in slow
    assert "10/90" in slow
    assert "–" in field_text(plan_field(traffic(math.nan), GOAL))
