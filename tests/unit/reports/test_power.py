"""How many are needed: formulas against published values, and simulation beside them."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats
from scipy.special import ndtri

from reports.decision.inputs import LockOuts
from reports.decision.tails import Tails
from reports.estimators import power as estimators
from reports.estimators import sign_flips
from reports.estimators.power import (
    MOST_SIMULATED,
    FieldTraffic,
    Pilot,
    design_effect,
    fans_needed,
    plan_replications,
    replications_needed,
    simulated_power,
    t_power,
)
from reports.formatting import COLUMNS
from reports.power_plan import Goal, plan_field, plan_ranking, ranking_data
from reports.power_text import field_text, ranking_text
from sim.errors import InputError

# Formulas


def test_the_field_example_of_5_percent_and_a_tenth_more() -> None:
    assert fans_needed(0.05, 0.055, 0.95, 0.8) == 31_234


def test_the_other_formulas_that_the_documentation_names() -> None:
    p, q, z = 0.05, 0.055, ndtri(0.975) + ndtri(0.8)
    wald = z**2 * (p * (1 - p) + q * (1 - q)) / (q - p) ** 2
    arcsine = 2 * (z / (2 * math.asin(math.sqrt(q)) - 2 * math.asin(math.sqrt(p)))) ** 2
    pooled = (ndtri(0.975) * math.sqrt(0.105 * 0.9475) + ndtri(0.8) * math.sqrt(p * (1 - p) + q * (1 - q))) ** 2
    corrected = pooled / (q - p) ** 2 / 4 * (1 + math.sqrt(1 + 4 * (q - p) / pooled)) ** 2
    text = (Path(__file__).parents[3] / "docs" / "power.md").read_text("utf-8")
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


@pytest.mark.long
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


def test_a_skewed_pilot_draws_few_random_subsets(monkeypatch: pytest.MonkeyPatch) -> None:
    """All resamples of one size share their subsets, and the size is found in a few steps: the work is counted."""
    asked: list[int] = []
    memberships = sign_flips.memberships
    monkeypatch.setattr(sign_flips, "memberships", lambda n: asked.append(n) or memberships(n))
    monkeypatch.setattr(estimators, "RESAMPLED_VALUES", 100_000)
    plan = plan_replications(np.append(np.linspace(-1.0, 1.0, 99), -60.0), 2.0, 0.95, 0.8)
    assert plan.needed > plan.closed_form
    assert len(set(asked)) == len(asked) <= estimators.GROWTHS + estimators.HALVINGS + 1


def test_a_pilot_with_chances_is_the_population_that_it_stands_for() -> None:
    """Ten unlucky replications that stand for a hundredth of all, and ninety others."""
    values, chance = (
        np.append(np.arange(90.0) % 3, np.full(10, 100.0)),
        np.append(np.full(90, 0.011), np.full(10, 0.001)),
    )
    pilot = Pilot(values, None, chance)
    assert pilot.mean == pytest.approx(0.99 * 1.0 + 0.01 * 100.0)
    assert pilot.sd**2 == pytest.approx(0.99 * (5 / 3) + 0.01 * 10_000 - pilot.mean**2)
    drawn = pilot.indices(np.random.default_rng(1), 100, 1_000)
    assert (drawn >= 90).mean() == pytest.approx(0.01, abs=4 * math.sqrt(0.01 / 100_000))
    assert pilot.shifted(5.0) @ chance == pytest.approx(5.0)
    assert pilot.shifted(5.0).std() == pytest.approx(values.std())


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
    with pytest.raises(InputError, match="mean regret of base is 0"):
        plan_ranking(replications(base=[0.0, 0.0], rival=[1.0, 2.0]), "base", ["rival"], "regret", GOAL)


def test_skew_and_missing_spread_are_warned_of() -> None:
    skewed = [float(x) for x in np.append(np.zeros(49), 100.0)]
    rows = replications(base=[1.0] * 50, rival=skewed, shifted=[2.0] * 50)
    text = ranking_text(plan_ranking(rows, "base", ["rival", "shifted"], "regret", Goal(50.0, False, 0.95, 0.8)), 50)
    assert "Warning: skewed differences: rival (skewness 6.86)" in text
    assert "same difference from base in every replication of the pilot: shifted" in " ".join(text.split())


def test_the_text_fits_a_terminal_whatever_the_names() -> None:
    base, rival = "b" * 40, "r" * 40
    rows = replications(**{base: [float(i % 5) for i in range(50)], rival: [float(i % 7) for i in range(50)]})
    text = ranking_text(plan_ranking(rows, base, [rival], "regret", Goal(0.2, False, 0.95, 0.8)), 50)
    traffic = FieldTraffic(0.05, 100.0, 50.0, 3.0, f"purchases per recipient of priced messages under {base}")
    text += "\n" + field_text(plan_field(traffic, GOAL))
    assert max(map(len, text.splitlines())) <= COLUMNS
    assert " points)" in text


GOAL = Goal(0.1, True, 0.95, 0.8)


def test_a_design_effect_multiplies_fans_sends_and_days() -> None:
    plain, clustered = (plan_field(FieldTraffic(0.05, 100.0, 50.0, effect, ""), GOAL) for effect in (1.0, 3.0))
    assert (plain.fans_an_arm, plain.sends_an_arm) == (31_234, 313)
    assert plain.days == pytest.approx(2 * 313 / 50)
    assert (clustered.fans_an_arm, clustered.sends_an_arm) == (3 * 31_234, 938)
    assert clustered.fans.arm == 31_234


@pytest.mark.parametrize("rate", [0.0, 1.0, 0.95])
def test_a_rate_that_cannot_rise_is_refused(rate: float) -> None:
    with pytest.raises(InputError, match="rate"):
        plan_field(FieldTraffic(rate, 1.0, 1.0, 1.0, ""), GOAL)


def test_a_pilot_that_may_lack_lock_outs_is_too_small() -> None:
    rows = replications(base=[float(i % 5) for i in range(50)], rival=[float(i % 7) for i in range(50)])

    def needed(*seen: tuple[int, int]) -> tuple[int, str | None]:
        tails = Tails({name: LockOuts(*counts) for name, counts in zip(("rival", "base"), seen, strict=False)})
        ranking = plan_ranking(rows, "base", ["rival"], "regret", Goal(5.0, False, 0.95, 0.8), tails=tails)
        return ranking.needed, ranking_data(ranking)["policies"][0]["sample_too_small"]

    assert needed((20, 50), (20, 50))[1] is None
    assert needed((0, 50))[0] == 1_000  # of pages, one in each replication
    assert needed((3, 50)) == (167, "only 3 pages of rival end locked out")
    assert needed((20, 50), (1, 50)) == (500, "only 1 page of base ends locked out")
    ranking = plan_ranking(rows, "base", ["rival"], "regret", GOAL, tails=Tails({"rival": LockOuts(3, 50)}))
    assert "does not know the cost of lock-out" in ranking_text(ranking, 50).replace("\n  ", " ")
