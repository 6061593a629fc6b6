"""What a traffic scenario may say, and what is refused."""

import pytest

from sim.errors import ScenarioError
from sim.scenario import load


def scenario_with(world=None, feedback=None, selection=None):
    return load(
        {
            "name": "traffic",
            "horizon": {"days": 3},
            "world": {"kind": "traffic", **(world or {})},
            "feedback": feedback or {},
            "selection": selection or {},
            "policies": ["uniform"],
        }
    )


def test_the_defaults_are_the_published_figures():
    scenario = scenario_with()
    world, feedback, selection = scenario.world, scenario.feedback, scenario.selection
    assert world.sends.size_limits == (5_000, 25_000, 100_000)
    assert world.sends.priced_per_day == ((3, 5), (5, 8), (8, 12), (10, 15))
    assert dict(world.audience.quantiles)[0.5] == 1_351
    assert (world.views.priced.mean, world.views.priced.cv) == (0.034, 0.53)
    assert (world.views.unpriced.mean, world.views.unpriced.cv) == (0.008, 0.71)
    assert dict(world.bank.prices)[0.75] == 17
    assert (feedback.refresh_hours, feedback.median_days) == (6.0, 30.0)
    assert (selection.quotas.budget, selection.quotas.mid, selection.quotas.premium, selection.quotas.bump) == (
        5,
        8,
        12,
        3,
    )
    assert selection.cool_down_days == 7.0


def test_factors_keep_the_level():
    factors = scenario_with().world.factors
    assert sum(factors.weekday) == pytest.approx(7.0)
    assert sum(factors.hour) == pytest.approx(24.0)


@pytest.mark.parametrize(
    ("part", "value", "word"),
    [
        ("world", {"sends": {"size_limits": [10, 5], "priced_per_day": [[1, 2]] * 3}}, "rise"),
        ("world", {"sends": {"size_limits": [10]}}, "one pair more"),
        ("world", {"sends": {"hours": [8, 8]}}, "hours"),
        ("world", {"sends": {"hours": [8, 12]}}, "do not fit"),
        ("world", {"sends": {"priced_per_day": [[5, 3]], "size_limits": []}}, "must not exceed"),
        ("world", {"audience": {"quantiles": [[0, 1], [0.5, 3]]}}, "last 1"),
        ("world", {"audience": {"quantiles": [[0, 5], [1, 3]]}}, "must not fall"),
        ("world", {"audience": {"fixed": 0}}, "at least 1"),
        ("world", {"purchases": {"per_view": [[9, 0.1], [5, 0.2]]}}, "rise"),
        ("world", {"factors": {"hour": [1.0] * 23}}, "24"),
        ("world", {"start": "2025-02-30"}, "day"),
        ("world", {"start": "1492-10-12"}, "year"),
        ("world", {"bank": {"captions": 3}}, "at least 4"),
        ("world", {"bank": {"prices": [[0, 1], [1, 40_000]]}}, "at most 10,000 dollars"),
        ("world", {"pages": 10_000}, "at most 5,000,000 fit"),
        ("world", {"tax": 1}, "unknown key"),
        ("world", {"fatigue": {"drop": 1.0}}, "below 1"),
        ("feedback", {"counting": "twice"}, "every_refresh"),
        ("feedback", {"decay": 0.9876}, "unknown key"),
        ("feedback", {"refresh_hours": 0}, "at least"),
        ("selection", {"score": "mixed"}, "composite"),
        ("selection", {"quotas": {"mid": -1}}, "at least 0"),
    ],
)
def test_nonsense_is_refused_by_name(part, value, word):
    with pytest.raises(ScenarioError) as caught:
        scenario_with(**{part: value})
    text = str(caught.value)
    assert word in text
    assert part in text
