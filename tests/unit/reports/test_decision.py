"""The outcome: deploy, keep or not decided, with numbers that can be worked out by hand."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import polars as pl
import pytest

from reports.decision import details, headline
from reports.estimators.comparisons import METRICS, against, win_probability
from reports.estimators.intervals import paired_difference
from reports.estimators.power import replications_needed
from reports.report_input import ReportInput, report_input
from sim.errors import InputError
from sim.scenario import load

N = 40
LUCK = np.tile([-2.0, -1.0, 1.0, 2.0], N // 4)
WIGGLE = np.tile([1.0, -1.0, -1.0, 1.0], N // 4)


def run_of(
    regret: Mapping[str, np.ndarray], *, world: str = "bernoulli", revenue: Mapping[str, np.ndarray] | None = None
) -> Any:
    """What a view reads of a run, with these values of the replications."""
    worlds: dict[str, dict[str, Any]] = {
        "bernoulli": {"world": {"kind": "bernoulli", "means": [0.1, 0.2]}, "horizon": {"pulls": 10}},
        "traffic": {"world": {"kind": "traffic", "pages": 2}, "horizon": {"days": 365.25}},
    }
    kinds = {"wilson": "wilson_sample", "oracle": "oracle"}
    policies = [{"kind": kinds.get(name, "thompson_beta"), "name": name} for name in regret]
    count = len(next(iter(regret.values())))
    scenario = load({"name": "x", "replications": count, "policies": policies, **worlds[world]})
    rows = [
        pl.DataFrame(
            {
                "policy": name,
                "replication": np.arange(count),
                "regret": values,
                "reward": -values,
                "revenue_usd": (revenue or {}).get(name, np.zeros(count)),
            }
        )
        for name, values in regret.items()
    ]
    keys = ("ci_low", "ci_high", "q95", "locked_out_share", "worst_regret")
    summary = pl.DataFrame(
        [{"policy": name, "mean_regret": float(v.mean())} | dict.fromkeys(keys, 0.0) for name, v in regret.items()]
    )
    return SimpleNamespace(scenario=scenario, replications=pl.concat(rows), summary=summary)


def seen(*args: Any, metric: str = "regret", baseline: str | None = None, **keywords: Any) -> ReportInput:
    return report_input(cast(Any, run_of(*args, **keywords)), baseline, metric)


def test_a_clear_lead_over_the_deployed_rule_says_deploy() -> None:
    text = headline(seen({"wilson": 20 + LUCK + WIGGLE, "best": 10 + LUCK, "oracle": 0 * LUCK}))
    assert text.startswith("Deploy best instead of wilson: 10 less regret a replication (50 % less; 95 % interval 9.68")
    assert text.endswith("better in 100 % of replications.")


def test_a_lead_of_the_deployed_rule_says_keep_and_names_the_nearest() -> None:
    text = headline(seen({"wilson": 10 + LUCK, "next": 20 + LUCK + WIGGLE, "last": 50 + LUCK + WIGGLE}))
    assert text.startswith("Keep wilson: no policy here does better; the nearest, next, has 10 more regret")


def test_a_lead_within_noise_says_how_many_replications_would_decide() -> None:
    wilson, best = 10.1 + LUCK + 2 * WIGGLE, 10 + LUCK
    text = headline(seen({"wilson": wilson, "best": best}))
    needed = replications_needed(0.1, float(np.std(best - wilson, ddof=1)), 0.95, 0.8)
    assert text.startswith("The data do not decide: best does best, but 0.100 less regret")
    assert f"about {needed:,} replications would show it (these are {N}" in text


def test_equal_policies_are_not_decided_by_any_number() -> None:
    text = headline(seen({"wilson": 10 + LUCK, "same": 10 + LUCK}))
    assert "too small for any number of replications" in text


def test_one_replication_decides_nothing() -> None:
    assert "nothing is decided" in headline(seen({"wilson": LUCK[:1] + 9, "best": LUCK[:1]}))


def test_money_is_per_page_and_month_and_leads_the_verdict_when_it_is_sure() -> None:
    regret = {"wilson": 20 + LUCK + WIGGLE, "best": 10 + LUCK}
    revenue = {"wilson": 1000 + LUCK, "best": 1240 + LUCK + 24 * WIGGLE}  # + $240 in 2 pages × 12 months
    text = headline(seen(regret, world="traffic", revenue=revenue))
    limits = paired_difference(revenue["best"], revenue["wilson"]).estimate
    assert limits.low is not None
    assert f"Deploy best instead of wilson: +$10 a month per page (95 % interval ${limits.low / 24:.2f} to" in text


def test_fewer_dollars_in_spite_of_less_regret_are_said() -> None:
    regret = {"wilson": 20 + LUCK + WIGGLE, "best": 10 + LUCK}
    revenue = {"wilson": 1240 + LUCK, "best": 1000 + LUCK + WIGGLE}
    shown = seen(regret, world="traffic", revenue=revenue)
    assert "$" not in headline(shown)
    assert "But in dollars best earns less than wilson: −$10" in " ".join(details(shown))


def test_a_skewed_quantity_of_few_replications_is_said() -> None:
    skewed = np.where(np.arange(N) == 0, 100.0, 0.0)
    text = " ".join(details(seen({"wilson": 20 + LUCK + skewed, "best": 10 + LUCK})))
    assert "Too few replications of a skewed quantity" in text


def test_the_metric_and_the_baseline_decide_what_is_compared() -> None:
    regret = {"wilson": 20 + LUCK, "best": 10 + LUCK, "other": 30 + LUCK + WIGGLE}
    assert headline(seen(regret, baseline="other")).startswith("Deploy best instead of other")
    by_reward = seen(regret, metric="reward")
    assert (by_reward.leader, by_reward.vs_baseline[0].policy) == ("best", "best")
    assert by_reward.vs_baseline[0].pointwise.value == 10.0
    assert by_reward.vs_baseline[0].better.value == 1.0


def test_what_a_run_does_not_have_is_bad_usage() -> None:
    run = run_of({"wilson": LUCK, "best": LUCK + WIGGLE})
    for keywords in ({"baseline": "absent"}, {"metric": "luck"}, {"metric": "revenue_usd"}):
        with pytest.raises(InputError):
            report_input(cast(Any, run), **keywords)


def test_simultaneous_intervals_are_wider_and_holm_p_values_larger() -> None:
    values = {"base": LUCK, **{f"p{i}": LUCK + WIGGLE * (1 + i) + 0.3 * i for i in range(5)}}
    rows = against("base", values, METRICS["regret"])
    assert len(rows) == 5
    for row in rows:
        wide = paired_difference(values[row.policy], LUCK, 0.99).estimate
        assert (row.simultaneous.low, row.simultaneous.high) == (wide.low, wide.high)
        assert row.p_value is not None
        assert row.p_holm is not None
        assert row.p_holm >= row.p_value
    assert [row.pointwise.value for row in rows] == sorted(row.pointwise.value for row in rows)


def test_who_beats_whom_counts_replications() -> None:
    values = {"a": np.array([1.0, 2.0, 3.0, 4.0]), "b": np.array([2.0, 2.0, 2.0, 5.0])}
    assert win_probability(values, ["a", "b"], METRICS["regret"]) == [[None, 0.5], [0.25, None]]
    assert win_probability(values, ["a", "b"], METRICS["reward"]) == [[None, 0.25], [0.5, None]]
