"""The decision of a run: what it is judged by, whom it names, and its sentences and JSON."""

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import polars as pl
import pytest

from reports.decision.data import decision_data
from reports.decision.rule import decide
from reports.decision.text import details, headline, key_points
from reports.estimators.comparisons import METRICS, PairedComparison, paired_comparisons, win_probability
from reports.estimators.intervals import Estimate, paired_difference
from reports.estimators.simultaneous import critical_value, simultaneous_level
from reports.report_input import ReportInput, report_input
from sim.errors import InputError
from sim.scenario import load

N = 400
LUCK = np.random.default_rng(1).normal(0, 5, N)
NOISE = np.random.default_rng(2).normal(0, 1, (6, N))
KINDS = {"wilson": "wilson_sample", "oracle": "oracle", "random": "uniform"}
WORLDS: dict[str, dict[str, Any]] = {
    "bernoulli": {"world": {"kind": "bernoulli", "means": [0.1, 0.2]}, "horizon": {"pulls": 10}},
    "traffic": {"world": {"kind": "traffic", "pages": 5}, "horizon": {"days": 365.25}},
}


def run_of(
    reward: Mapping[str, np.ndarray],
    *,
    world: str = "bernoulli",
    revenue: Mapping[str, np.ndarray] | None = None,
    locked: Mapping[str, float] | None = None,
) -> Any:
    """What the report reads of a run, with these values of the replications; regret is 1000 − reward."""
    policies = [{"kind": KINDS.get(name, "thompson_beta"), "name": name} for name in reward]
    count = len(next(iter(reward.values())))
    scenario = load({"name": "x", "replications": count, "policies": policies, **WORLDS[world]})
    rows = [
        pl.DataFrame(
            {
                "policy": name,
                "replication": np.arange(count),
                "regret": 1000.0 - values,
                "reward": values,
                "revenue_usd": (revenue or {}).get(name, np.zeros(count)),
                "locked_out_pages": np.full(count, (locked or {"wilson": 0.5}).get(name, 0.0)),
            }
        )
        for name, values in reward.items()
    ]
    summary = pl.DataFrame([{"policy": name, "mean_regret": 1000.0 - float(v.mean())} for name, v in reward.items()])
    return SimpleNamespace(
        path=Path("nowhere"),
        scenario=scenario,
        replications=pl.concat(rows),
        summary=summary,
        optional_table={}.get,  # no table beside these
        reading=nullcontext,  # no file to be replaced
    )


def data_of(*args: Any, metric: str | None = None, baseline: str | None = None, **keywords: Any) -> ReportInput:
    return report_input(cast(Any, run_of(*args, **keywords)), baseline, metric)


def rewards(**gains: float) -> dict[str, np.ndarray]:
    """Policies that share their luck, each with noise of its own."""
    return {name: 100 + LUCK + gain + NOISE[i] for i, (name, gain) in enumerate(gains.items())}


REWARDS = rewards(wilson=0.0, best=10.0, random=-5.0, oracle=20.0)
MONEY = {name: 60 * values for name, values in REWARDS.items()}  # 5 pages × 12 months


def test_money_decides_where_the_world_has_money() -> None:
    less_money = {name: 60 * values for name, values in rewards(wilson=0.0, best=-10.0, random=-20, oracle=9).items()}
    decision = data_of(REWARDS, world="traffic", revenue=less_money, locked={"wilson": 0.4}).decision
    assert (decision.outcome, decision.policy, decision.given.metric) == ("keep", "wilson", "revenue_usd")
    assert headline(decision).startswith(
        "Keep wilson: no policy here gains 1 % or more; the best other policy, best, earns $10.0 less"
    )


def test_a_switch_is_told_per_page_and_month_with_its_guardrails() -> None:
    decision = data_of(REWARDS, world="traffic", revenue=MONEY, locked={"wilson": 0.4}).decision
    text = headline(decision)
    assert (decision.outcome, decision.policy) == ("switch", "best")
    assert text.startswith("Switch from wilson to best: it earns $9.96 more per page and month (95 % interval $9.8")
    assert "guardrails hold: " in text
    found = paired_difference(MONEY["best"] / 60, MONEY["wilson"] / 60, decision.level).estimate
    assert decision.rival is not None
    assert (decision.rival.low, decision.rival.high) == pytest.approx((found.low, found.high))


def test_the_deployed_rule_is_always_set_against_random_and_perfect_choice() -> None:
    decision = data_of(REWARDS).decision
    points = " ".join(key_points(decision))
    assert "wilson against random choice: 5" in points
    assert "20 % of what perfect choice would add" in points
    little = data_of(rewards(wilson=0.3, best=10.0, random=0.0, oracle=20.0)).decision
    assert "wilson gains almost nothing over random choice" in " ".join(key_points(little))
    loses = data_of(rewards(wilson=-3.0, best=10.0, random=0.0, oracle=20.0)).decision
    assert "wilson loses against random choice: 2.98 successes less" in " ".join(key_points(loses))


def test_an_oracle_below_another_policy_is_no_perfect_choice() -> None:
    inputs = data_of(REWARDS, world="traffic", revenue=MONEY).decision.given
    low = {**inputs.values, "oracle": inputs.values["oracle"] - 1e6}
    said = [text for text in key_points(decide(replace(inputs, values=low))) if "perfect choice here" in text]
    assert said == ["oracle is no perfect choice here: best is above it. `{kind: oracle, by: revenue}` would be."]
    assert not any("perfect choice here" in text for text in key_points(decide(inputs)))


def test_of_two_oracles_the_report_says_by_how_much_the_better_beats_the_other() -> None:
    inputs = data_of(REWARDS).decision.given
    values = {**inputs.values, "ahead": inputs.values["oracle"] + 2.0}
    two = decide(replace(inputs, values=values, oracles=frozenset(["oracle", "ahead"])))
    (said,) = [text for text in details(two) if text.startswith("Perfect choice is")]
    assert said.startswith("Perfect choice is ahead: it gets 2 successes more than oracle (95 % interval")
    assert said.endswith("per replication.")
    assert not any("Perfect choice is" in text for text in details(data_of(REWARDS).decision))


def test_the_decision_does_not_depend_on_the_metric_of_the_report() -> None:
    by_regret, by_reward = data_of(REWARDS, metric="regret"), data_of(REWARDS)
    assert by_regret.metric.name == "regret"
    assert by_reward.metric.name == "reward"
    assert decision_data(by_regret.decision) == decision_data(by_reward.decision)


def test_an_oracle_is_neither_a_baseline_nor_recommended() -> None:
    with pytest.raises(InputError, match="knows the true rates"):
        data_of(REWARDS, baseline="oracle")
    decision = data_of(rewards(wilson=0.0, oracle=50.0)).decision
    assert (decision.outcome, decision.policy, decision.rival) == ("undecided", "wilson", None)
    assert "no policy to compare wilson with" in headline(decision)


def test_random_choice_is_never_recommended() -> None:
    decision = data_of(rewards(wilson=0.0, random=30.0, best=1e-3)).decision
    assert decision.policy == "wilson"
    assert decision.rival is not None
    assert decision.rival.policy == "best"


def test_pages_with_one_caption_decide_nothing() -> None:
    same = {name: np.full(N, 1000.0) for name in ("wilson", "best")}
    decision = data_of(same).decision
    assert decision.outcome == "undecided"
    assert "one caption" in headline(decision)
    assert "at least two captions" in " ".join(key_points(decision))
    assert details(decision) == []


def test_an_undecided_run_says_what_would_decide_it() -> None:
    few = data_of({name: values[:12] for name, values in REWARDS.items()}).decision
    assert (few.outcome, few.policy) == ("undecided", "wilson")
    points = " ".join(key_points(few))
    assert "The interval may be too narrow" in points
    assert few.needed is not None
    assert few.needed >= 20
    assert f"Next step: About {few.needed - 12:,} more replications would decide" in points
    assert f"`python -m sim run RUN --set replications={few.needed}`. RUN is the folder of this run." in points
    named = " ".join(key_points(few, "runs/of mine"))
    assert f"`python -m sim run 'runs/of mine' --set replications={few.needed}`." in named
    assert "the folder of this run" not in named


def test_the_json_object_has_the_documented_keys_and_is_strict() -> None:
    found = decision_data(data_of(REWARDS, world="traffic", revenue=MONEY, locked={"wilson": 0.4}).decision)
    wanted = {
        "outcome",
        "policy",
        "metric",
        "gain",
        "ci_low",
        "ci_high",
        "confidence",
        "tied",
        "guardrails",
        "captured",
    }
    wanted |= {"stability", "next_step", "baseline"}
    assert wanted <= set(found)
    assert found["outcome"] == "switch"
    assert found["captured"]["baseline"]["value"] == pytest.approx(0.2, abs=0.02)
    assert found["captured"]["policy"]["value"] == pytest.approx(0.6, abs=0.02)
    json.dumps(found, allow_nan=False)
    few = decision_data(data_of(REWARDS).decision)  # of a bernoulli world, where one page is a replication
    assert few["outcome"] == "undecided"
    assert "too few" in few["policies"][0]["sample_too_small"]


def test_one_replication_gives_no_interval_and_no_decision() -> None:
    found = decision_data(data_of({name: values[:1] for name, values in REWARDS.items()}).decision)
    assert (found["outcome"], found["ci_low"], found["ci_high"]) == ("undecided", None, None)


def test_what_a_run_does_not_have_is_bad_usage() -> None:
    run = run_of({"wilson": LUCK, "best": LUCK + NOISE[0]})
    for keywords in ({"baseline": "absent"}, {"metric": "luck"}, {"metric": "revenue_usd"}):
        with pytest.raises(InputError):
            report_input(cast(Any, run), **keywords)


def test_the_metric_and_the_baseline_decide_what_is_compared() -> None:
    data = data_of(rewards(wilson=0.0, best=10.0, other=-10.0), baseline="other", metric="regret")
    assert (data.leader, data.vs_baseline[0].policy, data.vs_baseline[0].baseline) == ("best", "best", "other")
    assert data.vs_baseline[0].pointwise.value == pytest.approx(-20.0, abs=0.3)
    assert data.vs_baseline[0].better.value == 1.0


def test_simultaneous_intervals_are_wider_and_holm_p_values_larger() -> None:
    values = rewards(base=0.0, a=0.1, b=0.2, c=0.3, d=0.4, e=0.5)
    rows = paired_comparisons("base", values, METRICS["regret"])
    assert len(rows) == 5
    for row in rows:
        assert row.pointwise.low is not None
        assert row.simultaneous.low is not None
        assert row.simultaneous.low < row.pointwise.low
        assert row.p_value is not None
        assert row.p_holm is not None
        assert row.p_holm >= row.p_value
    assert [row.pointwise.value for row in rows] == sorted(row.pointwise.value for row in rows)


def comparison(p_holm: float | None, low: float | None, high: float | None) -> PairedComparison:
    estimate, share = Estimate(1.0, low, high, "t"), Estimate(0.5, 0.4, 0.6, "wilson")
    return PairedComparison("a", "b", estimate, estimate, p_holm, p_holm, share, 40, False, None)


@pytest.mark.parametrize(
    ("p_holm", "low", "high", "significant"),
    [
        (0.01, 0.5, 1.5, True),
        (0.01, -1.5, -0.5, True),
        (0.01, -0.1, 1.5, False),
        (0.06, 0.5, 1.5, False),
        (None, 0.5, 1.5, False),
        (0.01, None, None, False),
    ],
)
def test_a_difference_is_significant_by_p_value_and_simultaneous_interval_alike(
    p_holm: float | None, low: float | None, high: float | None, significant: bool
) -> None:
    assert comparison(p_holm, low, high).significant is significant


def test_many_rivals_without_a_difference_are_seldom_told_apart() -> None:
    """Ten equal rivals, 4,000 times: all ten intervals hold 0 in 95 % of the samples (4.5 sd: 93.4 to 96.6 %)."""
    rng = np.random.default_rng(4)
    level = simultaneous_level(list(rng.normal(size=(10, 2_000))))
    samples = rng.normal(size=(4_000, 10, 30))
    t = samples.mean(axis=2) / (samples.std(axis=2, ddof=1) / np.sqrt(30))
    held = (np.abs(t) <= critical_value(level, 29)).all(axis=1).mean()
    assert 0.934 < held < 0.966


def test_win_probability_counts_replications() -> None:
    values = {"a": np.array([1.0, 2.0, 3.0, 4.0]), "b": np.array([2.0, 2.0, 2.0, 5.0])}
    assert win_probability(values, ["a", "b"], METRICS["regret"]) == [[None, 0.5], [0.25, None]]
    assert win_probability(values, ["a", "b"], METRICS["reward"]) == [[None, 0.25], [0.5, None]]
