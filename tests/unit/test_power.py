"""How many are needed: formulas against published values, pilots against runs, and what the command says."""

import json
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats
from scipy.special import ndtri

import sim
from reports.estimators import moments
from reports.power import (
    MOST_SIMULATED,
    design_effect,
    fans_needed,
    plan_replications,
    replications_needed,
    simulated_power,
    t_power,
)
from reports.power_plan import Goal, plan_field, plan_ranking
from reports.power_words import ranking_text
from sim.cli import exit_code
from sim.errors import UsageError
from sim.pilot import FEWEST, MOST, Traffic, pilot_size, simulate_pilot, traffic
from sim.scenario import load

TEXTBOOK: dict[str, Any] = {
    "version": 1,
    "name": "small",
    "replications": 30,
    "horizon": {"pulls": 200},
    "world": {"kind": "bernoulli", "means": [0.6, 0.4, 0.2]},
    "policies": ["thompson_beta", "wilson_sample", "uniform", "oracle"],
    "checks": [{"metric": "regret", "policy": "uniform", "at_least": 1.0}],
}
PAGES: dict[str, Any] = {
    "version": 1,
    "name": "pages",
    "replications": 3,
    "horizon": {"days": 7},
    "world": {"kind": "traffic", "pages": 2, "audience": {"fixed": 50_000}, "bank": {"captions": 60}},
    "policies": ["uniform", "greedy"],
}


# Formulas


def test_the_field_example_of_5_percent_and_a_tenth_more() -> None:
    assert fans_needed(0.05, 0.055, 0.95, 0.8) == 31_234


def test_the_other_formulas_that_the_documentation_names() -> None:
    p, q, z = 0.05, 0.055, ndtri(0.975) + ndtri(0.8)
    wald = z**2 * (p * (1 - p) + q * (1 - q)) / (q - p) ** 2
    arcsine = 2 * (z / (2 * math.asin(math.sqrt(q)) - 2 * math.asin(math.sqrt(p)))) ** 2
    pooled = (ndtri(0.975) * math.sqrt(0.105 * 0.9475) + ndtri(0.8) * math.sqrt(p * (1 - p) + q * (1 - q))) ** 2
    corrected = pooled / (q - p) ** 2 / 4 * (1 + math.sqrt(1 + 4 * (q - p) / pooled)) ** 2
    text = (Path(__file__).parents[2] / "docs" / "power.md").read_text("utf-8")
    for size in (pooled / (q - p) ** 2, wald, arcsine, corrected):
        assert f"| {math.ceil(size):,} |" in text


@pytest.mark.parametrize(("rates", "power", "n"), [((0.5, 0.75), 0.9, 77), ((0.6, 0.7), 0.8, 356)])
def test_fans_as_power_prop_test_of_r(rates: tuple[float, float], power: float, n: int) -> None:
    assert fans_needed(*rates, 0.95, power) == fans_needed(*rates[::-1], 0.95, power) == n


@pytest.mark.parametrize(("effect", "n"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_replications_as_power_t_test_of_r(effect: float, n: int) -> None:
    assert replications_needed(effect, 1.0, 0.95, 0.8) == n
    assert replications_needed(10 * effect, 10.0, 0.95, 0.8) == n


@pytest.mark.parametrize("effect", [0.004, 0.01, 0.1, 0.3, 1.0, 2.0])
@pytest.mark.parametrize(("confidence", "power"), [(0.95, 0.8), (0.99, 0.95), (0.8, 0.3)])
def test_no_smaller_number_of_replications_would_do(effect: float, confidence: float, power: float) -> None:
    n = replications_needed(effect, 1.0, confidence, power)
    assert n == 2 or t_power(effect, 1.0, n - 1, confidence) < power <= t_power(effect, 1.0, n, confidence) + 1e-12


@pytest.mark.parametrize("n", [2, 5, 40, 2_000, 300_000])
@pytest.mark.parametrize("shift", [1e-6, 0.7, 2.8, 4.5])
def test_power_is_that_of_the_noncentral_t(n: int, shift: float) -> None:
    limit = stats.t.ppf(0.975, n - 1)
    exact = stats.nct.sf(limit, n - 1, shift) + stats.nct.cdf(-limit, n - 1, shift)
    assert t_power(shift / math.sqrt(n), 1.0, n, 0.95) == pytest.approx(exact, abs=1e-5)


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: replications_needed(0.0, 1.0, 0.95, 0.8),
        lambda: replications_needed(math.nan, 1.0, 0.95, 0.8),
        lambda: replications_needed(1.0, math.inf, 0.95, 0.8),
        lambda: replications_needed(1.0, 1.0, 1.0, 0.8),
        lambda: replications_needed(1.0, 1.0, 0.95, 0.0),
        lambda: replications_needed(1.0, 1.0, 0.95, 0.05),
        lambda: replications_needed(1e-300, 1.0, 0.95, 0.8),
        lambda: fans_needed(0.05, 0.05, 0.95, 0.8),
        lambda: fans_needed(0.9, 1.1, 0.95, 0.8),
        lambda: fans_needed(1e-300, 2e-300, 0.95, 0.8),
        lambda: plan_replications(np.ones(1), 1.0, 0.95, 0.8),
    ],
)
def test_what_makes_no_sense_is_refused(mistake: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"above 0|between 0 and 1|must exceed|too small|finite|two replications"):
        mistake()


# Simulation beside them


def test_differences_that_never_vary_need_two() -> None:
    plan = plan_replications(np.full(20, 3.0), 1.0, 0.95, 0.8)
    assert (plan.closed_form, plan.needed, plan.likely, plan.simulated) == (2, 2, (2, 2), None)


def test_simulation_confirms_the_formula_on_symmetric_differences() -> None:
    plan = plan_replications(stats.norm.ppf((np.arange(200) + 0.5) / 200), 0.2, 0.95, 0.8)
    assert plan.needed == plan.closed_form
    assert plan.simulated is not None
    assert plan.simulated.low <= 0.8 <= plan.simulated.high
    assert plan.likely[0] < plan.closed_form < plan.likely[1]


def test_too_little_power_in_simulation_raises_the_number() -> None:
    """One replication in a hundred goes wrong: the t formula does not see what that does to power."""
    differences = np.append(np.linspace(-1.0, 1.0, 99), -60.0)
    plan = plan_replications(differences, 2.0, 0.95, 0.8)
    at_formula = simulated_power(differences, 2.0, plan.closed_form, 0.95)
    assert at_formula is not None
    assert at_formula.high < 0.8
    assert plan.needed > plan.closed_form
    assert plan.simulated is not None
    assert plan.simulated.high >= 0.8


def test_simulation_does_not_depend_on_the_pilots_own_mean() -> None:
    differences = np.random.default_rng(1).normal(size=64).round(3)
    one, other = (simulated_power(differences + offset, 0.25, 40, 0.95) for offset in (0.0, 1024.0))
    assert one is not None
    assert other is not None
    assert one.value == pytest.approx(other.value, abs=0.002)


def test_too_many_are_not_simulated() -> None:
    assert simulated_power(np.arange(3.0), 1.0, MOST_SIMULATED + 1, 0.95) is None


def test_design_effect_of_equal_sends_is_the_variance_ratio() -> None:
    purchased = np.array([0.0, 10.0, 20.0, 30.0])
    sent, rate = np.full(4, 100.0), 0.15
    variance = np.var(purchased, ddof=1)
    assert design_effect(purchased, sent, np.zeros(4, np.int64)) == pytest.approx(variance / (100 * rate * (1 - rate)))


def test_pages_are_strata_of_the_design_effect() -> None:
    """Two pages of very different rates, each as even as can be: no design effect."""
    purchased, sent = np.array([1.0, 1.0, 50.0, 50.0]), np.full(4, 100.0)
    assert design_effect(purchased, sent, np.array([1, 1, 2, 2])) == 1.0
    assert design_effect(purchased, sent, np.array([1, 1, 1, 1])) > 10.0


def test_no_purchase_has_no_design_effect() -> None:
    assert design_effect(np.zeros(3), np.ones(3), np.ones(3, np.int64)) == 1.0


# Plans


def replications(**values: list[float]) -> pl.DataFrame:
    frames = [
        pl.DataFrame({"policy": name, "replication": range(len(each)), "regret": each}) for name, each in values.items()
    ]
    return pl.concat(frames)


def test_a_relative_difference_is_of_the_baselines_mean() -> None:
    rows = replications(base=[10.0, 20.0, 30.0], rival=[11.0, 20.0, 32.0])
    ranking = plan_ranking(rows, "base", ["rival"], "regret", Goal(0.1, True, 0.95, 0.8))
    assert ranking.difference == pytest.approx(2.0)
    assert ranking.ranks[0].pilot.value == pytest.approx(1.0)
    assert ranking.ranks[0].sd == pytest.approx(1.0)
    assert ranking.needed >= replications_needed(2.0, 1.0, 0.95, 0.8)


def test_a_percentage_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="mean regret of base is 0"):
        plan_ranking(replications(base=[0.0, 0.0], rival=[1.0, 2.0]), "base", ["rival"], "regret", GOAL)


def test_skew_and_missing_spread_are_warned_of() -> None:
    skewed = [float(x) for x in np.append(np.zeros(49), 100.0)]
    rows = replications(base=[1.0] * 50, rival=skewed, shifted=[2.0] * 50)
    text = ranking_text(plan_ranking(rows, "base", ["rival", "shifted"], "regret", Goal(50.0, False, 0.95, 0.8)), 50)
    assert "Warning: skewed differences: rival (skewness 6.86)" in text
    assert "same difference from base in every replication of the pilot: shifted" in " ".join(text.split())


GOAL = Goal(0.1, True, 0.95, 0.8)


def test_a_design_effect_multiplies_fans_sends_and_days() -> None:
    plain, clustered = (plan_field(Traffic(0.05, 100.0, 50.0, effect, ""), GOAL) for effect in (1.0, 3.0))
    assert (plain.fans_an_arm, plain.sends_an_arm) == (31_234, 313)
    assert plain.days == pytest.approx(2 * 313 / 50)
    assert (clustered.fans_an_arm, clustered.sends_an_arm) == (3 * 31_234, 938)
    assert clustered.fans.arm == 31_234


@pytest.mark.parametrize("rate", [0.0, 1.0, 0.95])
def test_a_rate_that_cannot_rise_is_refused(rate: float) -> None:
    with pytest.raises(UsageError, match="rate"):
        plan_field(Traffic(rate, 1.0, 1.0, 1.0, ""), GOAL)


# Pilots


def test_a_pilot_is_the_start_of_the_run_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = sim.run(TEXTBOOK, tmp_path / "run", report=False)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    pilot = simulate_pilot(load(TEXTBOOK), ["uniform", "thompson_beta"], 5, workers=1)
    wanted = run.replications.filter(pl.col("policy").is_in(["uniform", "thompson_beta"]) & (pl.col("replication") < 5))
    assert pilot.equals(wanted)
    assert list(temporary.iterdir()) == []


def test_a_pilot_is_bounded() -> None:
    assert pilot_size(load(TEXTBOOK), 4, 1) == MOST
    assert pilot_size(load(TEXTBOOK, ["horizon.pulls=1000000000"]), 4, 1) == FEWEST


def test_the_rate_of_a_textbook_world() -> None:
    fixed = load(TEXTBOOK)
    assert traffic(fixed, fixed.policies[0]).rate == pytest.approx(0.4)
    drawn = load({**TEXTBOOK, "world": {"kind": "bernoulli", "arms": 5, "prior": {"beta": [2, 38]}}})
    assert traffic(drawn, drawn.policies[0]).rate == pytest.approx(0.05)
    assert math.isnan(traffic(drawn, drawn.policies[0]).sends_per_day)


def test_the_rate_of_a_table_world(tmp_path: Path) -> None:
    source = tmp_path / "counts.csv"
    source.write_text("page_name,caption_id,trials,successes\na,1,100,3\na,2,300,9\nb,1,100,8\nb,2,0,0\n")
    content = {**TEXTBOOK, "horizon": {"days": 5}, "world": {"kind": "table", "source": str(source)}}
    table = load(content)
    assert traffic(table, table.policies[0]) == Traffic(
        0.04, 100.0, 8.0, 1.0, "successes per trial in the scenario's file"
    )


def test_the_rate_of_a_traffic_world_is_that_of_its_send_log(tmp_path: Path) -> None:
    pages = load(PAGES, ["record.sends=true", "replications=20"])
    found = traffic(pages, pages.policies[0])
    run = sim.run(pages, tmp_path / "run", report=False)
    logs = [run.sends("uniform", number).filter(pl.col("price").is_not_null()) for number in range(20)]
    sends = pl.concat(logs)
    assert found.rate == pytest.approx(sends["purchased_count"].sum() / sends["sent_count"].sum())
    assert found.fans_per_send == 50_000
    assert found.sends_per_day == pytest.approx(len(sends) / (20 * 7))
    purchased = sends["purchased_count"].to_numpy()
    assert 1.0 < found.design_effect < moments(purchased).sd ** 2 / moments(purchased).mean


# The command


def power(capsys: pytest.CaptureFixture[str], *words: str, scenario: object = TEXTBOOK) -> tuple[int, str, str]:
    text = scenario if isinstance(scenario, str) else json.dumps(scenario)
    code = exit_code(["power", text, "--workers", "1", *words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_command_answers_both_questions_in_words(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = power(capsys, "--difference", "10%", "--rate", "5%")
    assert code == 0
    assert "10 % of the mean of wilson_sample" in out
    assert all(name in out for name in ("thompson_beta", "uniform", "oracle"))
    assert "31,234" in out
    assert "62,468" in out
    assert "pilot of 100 replications × 4 policies" in err
    assert list(tmp_path.iterdir()) == []


def test_json_holds_what_the_words_say_and_repeats_exactly(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--difference", "4", "--policy", "uniform", "--baseline", "oracle", "--pilot", "20", "--lift", "10%"]
    code, out, err = power(capsys, *words, "--json", "--quiet", "--confidence", "90%", "--power", "0.9")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    ranking, field = answer["ranking"], answer["field"]
    assert (ranking["baseline"], ranking["difference"], ranking["pilot_replications"]) == ("oracle", 4.0, 20)
    assert [each["policy"] for each in ranking["policies"]] == ["uniform"]
    expected = replications_needed(4.0, ranking["policies"][0]["sd"], 0.9, 0.9)
    assert ranking["policies"][0]["closed_form"] == expected
    assert field["independent_fans_an_arm"] == fans_needed(0.4, 0.44, 0.9, 0.9)
    assert field["days"] is None
    assert power(capsys, *words, "--json", "--quiet", "--confidence", "90%", "--power", "0.9")[1] == out


def test_the_metric_and_overrides_reach_the_pilot(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--difference", "5%", "--metric", "reward", "--pilot", "10", "--set", "horizon.pulls=400", "--json"]
    ranking = json.loads(power(capsys, *words, "-q")[1])["ranking"]
    assert ranking["metric"] == "reward"
    assert 200 < ranking["baseline_mean"]["value"] < 240


def test_the_first_policy_is_the_baseline_without_a_deployed_one(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--difference", "5", "--pilot", "2", "--json", "-q"]
    named = {**TEXTBOOK, "policies": ["uniform", {"kind": "wilson_sample", "name": "live"}], "checks": []}
    assert json.loads(power(capsys, *words, scenario=named)[1])["ranking"]["baseline"] == "live"
    without = {**TEXTBOOK, "policies": ["uniform", "greedy"], "checks": []}
    assert json.loads(power(capsys, *words, scenario=without)[1])["ranking"]["baseline"] == "uniform"


def test_without_a_percentage_the_field_asks_for_a_lift(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = power(capsys, "--difference", "5", "--pilot", "4", "--policy", "uniform")
    assert code == 0
    assert "--lift" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--difference", "five"], "--difference is a number or a percentage"),
        (["--difference", "%"], "--difference is a number or a percentage"),
        (["--difference", "0%"], "difference must be above 0"),
        (["--difference", "-5%"], "difference must be above 0"),
        (["--difference", "nan"], "difference must be above 0"),
        (["--difference", "inf"], "difference must be above 0"),
        (["--difference", "5%", "--confidence", "1"], "--confidence must lie between 0 and 1"),
        (["--difference", "5%", "--confidence", "95"], "--confidence must lie between 0 and 1"),
        (["--difference", "5%", "--power", "0"], "--power must lie between 0 and 1"),
        (["--difference", "5%", "--power", "0.05"], "power must exceed 1 - confidence"),
        (["--difference", "5%", "--rate", "0"], "--rate must lie between 0 and 1"),
        (["--difference", "5%", "--lift", "0.1"], "--lift is a percentage"),
        (["--difference", "5%", "--lift", "0%"], "difference must be above 0"),
        (["--difference", "200%"], "cannot rise by 200 %"),
        (["--difference", "5%", "--baseline", "nobody"], "no policy 'nobody'"),
        (["--difference", "5%", "--policy", "nobody"], "no policy 'nobody'"),
        (["--difference", "5%", "--policy", "wilson_sample"], "nothing to compare wilson_sample with"),
        (
            ["--difference", "5%", "--set", "policies=[uniform]", "--set", "checks=[]"],
            "nothing to compare uniform with",
        ),
        (["--difference", "5%", "--baseline", "oracle", "--pilot", "2"], "mean regret of oracle is 0"),
        (["--difference", "1e-300", "--lift", "5%", "--pilot", "5", "--policy", "uniform"], "too small"),
        (["--difference", "5%", "--pilot", "1"], "--pilot"),
        ([], "--difference"),
    ],
)
def test_bad_usage_is_one_message(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    code, out, err = power(capsys, *words)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
