"""The parts of the decision rule, each on samples whose answer can be worked out by hand."""

import math

import numpy as np
import pytest

from reports.decision.anchors import captured, ratio_interval
from reports.decision.guardrails import guardrails
from reports.decision.inputs import DecisionInput, LockOuts, Unit
from reports.decision.rule import decide
from reports.decision.tails import LEAST_LOCK_OUTS, RARE_PAGES, shortage
from reports.decision.text import key_points
from reports.estimators.simultaneous import simultaneous_level

N = 1_200
RANDOM = np.random.default_rng(7)
LUCK = RANDOM.normal(0, 5, N)
NOISE = RANDOM.normal(0, 1, (8, N))
UNIT = Unit("", "sales", "per replication")


def given(n: int = N, *, rotation: str | None = None, drop_in: str = "", **gains: float) -> DecisionInput:
    """Policies with these mean gains over `base`, the same luck, and unit noise."""
    names = {"base": 0.0, **gains}
    values = {name: 100 + LUCK[:n] + gain + NOISE[i, :n] for i, (name, gain) in enumerate(names.items())}
    return DecisionInput("reward", UNIT, values, "base", rotation=rotation, drop_in=frozenset([drop_in]), scenario="x")


def equal_spread(n: int, gain: float) -> DecisionInput:
    """One policy with exactly this mean gain, and differences of standard deviation near 1.4."""
    noise = np.tile([-1.4, 1.4], n // 2)
    values = {"base": np.full(n, 100.0), "a": 100.0 + gain + noise}
    return DecisionInput("reward", UNIT, values, "base", scenario="x")


def with_lock_outs(inputs: DecisionInput, **locked: tuple[int, int]) -> DecisionInput:
    found = {name: LockOuts(*counts) for name, counts in locked.items()}
    return DecisionInput(**{**vars(inputs), "lock_outs": found})


def test_the_median_is_the_lower_middle_and_a_tie_is_not_better() -> None:
    """Twenty gains: four of −3, six of 0, ten of 2."""
    more = np.repeat([-3.0, 0.0, 2.0], [4, 6, 10])
    decision = decide(DecisionInput("reward", UNIT, {"base": np.full(20, 9.0), "a": 9.0 + more}, "base", scenario="x"))
    (gain,) = decision.gains
    assert (gain.median, gain.better.value) == (0.0, 0.5)
    assert gain.estimate.value == pytest.approx(0.4)


def test_ties_are_named_and_a_drop_in_policy_is_preferred_among_them() -> None:
    inputs = given(a=5.0, b=4.99, c=2.0, drop_in="b")
    decision = decide(inputs)
    assert (decision.outcome, decision.policy) == ("switch", "b")
    assert set(decision.tied) == {"a", "b"}
    assert decide(given(a=5.0, b=4.99, c=2.0)).policy == "a"
    far = decide(given(a=5.0, b=4.0, drop_in="b"))
    assert (far.policy, far.tied) == ("a", ["a"])


def test_a_gain_below_one_per_cent_is_no_reason_to_switch_away_or_to_go_on() -> None:
    decision = decide(given(a=-0.5, b=-3.0))
    assert (decision.outcome, decision.policy, decision.needed) == ("keep", "base", None)
    assert decision.rival is not None
    assert decision.rival.policy == "a"


def test_a_gain_within_noise_is_undecided_and_sized() -> None:
    decision = decide(equal_spread(20, 0.4))
    assert decision.outcome == "undecided"
    assert decision.rival is not None
    z = 2.093 + 0.842  # Student's t with 19 degrees of freedom at 95 %, and the normal quantile of the power
    expected = (z * decision.rival.sd / max(decision.rival.estimate.value, 1.0 - decision.rival.estimate.value)) ** 2
    assert decision.needed == pytest.approx(max(expected, 21), rel=0.1)


def test_more_lock_out_than_the_baseline_bars_a_policy_from_being_named() -> None:
    barred = with_lock_outs(given(a=5.0, b=3.0), a=(1_000, 1_200), base=(100, 1_200))
    decision = decide(barred)
    assert (decision.outcome, decision.policy) == ("switch", "b")
    failed = [each.name for gain in decision.gains if gain.policy == "a" for each in gain.guardrails if not each.passed]
    assert failed == ["lock_out"]
    alike = with_lock_outs(given(a=5.0, b=3.0), a=(110, 1_200), base=(100, 1_200))
    assert decide(alike).policy == "a"


def test_losing_in_most_replications_bars_a_policy() -> None:
    inputs = given(a=0.0)
    lottery = np.where(np.arange(N) % 5 == 0, 60.0, -4.0)  # mean +8.8, and a loss in four of five replications
    values = {**inputs.values, "a": inputs.values["base"] + lottery}
    found = guardrails("a", DecisionInput(**{**vars(inputs), "values": values}), 0.95)
    assert {each.name: each.passed for each in found}["probability_of_loss"] is False
    assert all(each.passed for each in guardrails("a", given(a=1.0), 0.95))


def test_a_material_loss_in_the_worst_replications_bars_a_policy() -> None:
    inputs = given(a=3.0)
    worst = np.argsort(inputs.values["base"])[: N // 20]
    values = inputs.values["a"].copy()
    values[worst] -= 10.0
    found = guardrails("a", DecisionInput(**{**vars(inputs), "values": {**inputs.values, "a": values}}), 0.95)
    assert {each.name: each.passed for each in found}["worst_5_percent"] is False


def test_a_policy_must_beat_rotation() -> None:
    decision = decide(given(rotation="turn", a=5.0, turn=5.0))
    assert (decision.outcome, decision.policy) == ("switch", "turn")
    assert decide(given(rotation="turn", a=5.0, turn=1.0)).policy == "a"


def test_small_samples_and_unknown_tails_decide_nothing() -> None:
    assert shortage("a", given(19, a=5.0)) is not None
    assert shortage("a", given(40, a=5.0)) is None
    seen = {
        (0, RARE_PAGES - 1): True,
        (0, RARE_PAGES): False,
        (LEAST_LOCK_OUTS - 1, 5_000): True,
        (LEAST_LOCK_OUTS, 5_000): False,
        (4_999, 5_000): True,
        (5_000, 5_000): False,
    }
    for counts, short in seen.items():
        for name in ("a", "base"):
            unseen = name == "base" and counts[0] == 0
            found = shortage("a", with_lock_outs(given(a=5.0), **{name: counts}))
            assert (found is not None) is (short and not unseen), counts
    assert decide(with_lock_outs(given(a=5.0), base=(3, 5_000))).outcome == "undecided"


def test_lock_outs_of_the_baseline_that_no_page_shows_stop_a_keep_but_no_switch() -> None:
    """Their cost would add to the gain; seen in a few pages only, they may be too many by chance."""
    unseen, few = (0, RARE_PAGES - 1), (3, RARE_PAGES - 1)
    better = decide(with_lock_outs(given(a=5.0), base=unseen))
    assert (better.outcome, better.policy) == ("switch", "a")
    assert better.unseen is not None
    assert "The gain may be larger: base can lock out the best caption" in " ".join(key_points(better))
    assert decide(with_lock_outs(given(a=5.0), base=few)).outcome == "undecided"
    assert decide(with_lock_outs(given(a=5.0), a=unseen)).outcome == "undecided"
    worse = decide(with_lock_outs(given(a=-5.0), base=unseen))
    assert (worse.outcome, worse.needed) == ("undecided", 1_300)
    assert "it needs about 1,300 replications" in " ".join(key_points(worse))
    assert decide(with_lock_outs(given(a=-5.0), base=(0, RARE_PAGES))).outcome == "keep"


def test_a_skewed_difference_needs_more_replications() -> None:
    inputs = given(100, a=0.0)
    values = {**inputs.values, "a": inputs.values["base"] + np.random.default_rng(3).lognormal(1.0, 1.0, 100)}
    found = shortage("a", DecisionInput(**{**vars(inputs), "values": values}))
    assert found is not None
    assert found.needed >= 1_000
    assert "skewed" in found.why


def test_captured_is_zero_for_random_and_one_for_perfect_choice() -> None:
    inputs = given(random=-5.0, top=5.0, half=0.0)
    anchored = DecisionInput(**{**vars(inputs), "random": "random", "oracles": frozenset(["top"])})
    shares = {name: captured(name, anchored, 0.95) for name in ("random", "half", "top")}
    assert [share.value for share in shares.values() if share] == pytest.approx([0.0, 0.5, 1.0], abs=0.01)
    assert captured("half", inputs, 0.95) is None


def test_a_ratio_over_a_mean_that_may_be_zero_has_no_interval() -> None:
    noise = NOISE[0]
    assert ratio_interval(noise, noise - noise.mean() + 1e-6, 0.95) is None
    found = ratio_interval(3.0 * (10 + NOISE[1]), 10 + NOISE[1], 0.95)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((3.0, 3.0, 3.0))


def test_equal_samples_cost_nothing_and_independent_ones_what_sidak_says() -> None:
    one = NOISE[0]
    assert simultaneous_level([one]) == 0.95
    assert simultaneous_level([one, one, one]) == pytest.approx(0.95, abs=0.004)
    independent = np.random.default_rng(8).normal(size=(4, 4_000))
    assert simultaneous_level(list(independent)) == pytest.approx(0.95 ** (1 / 4), abs=0.004)
    assert simultaneous_level([np.zeros(5), np.zeros(5)]) == 0.95


def test_stability_is_high_for_a_clear_lead_and_low_for_two_equal_ones() -> None:
    clear, tie = decide(given(a=5.0, b=1.0)).stability, decide(given(a=3.0, b=3.0)).stability
    assert clear is not None
    assert tie is not None
    assert clear.same_decision.value == clear.same_best.value == 1.0
    assert tie.same_best.value < 1.0


def test_the_same_input_gives_the_same_decision() -> None:
    one, other = decide(given(a=1.0, b=0.9)), decide(given(a=1.0, b=0.9))
    assert one.stability == other.stability
    assert (one.outcome, one.level, one.needed) == (other.outcome, other.level, other.needed)
    assert math.isfinite(one.level)


def test_a_baseline_whose_lock_outs_are_unknown_is_not_kept_with_confidence() -> None:
    worse = given(a=-20.0)
    assert decide(worse).outcome == "keep"
    assert decide(with_lock_outs(worse, base=(1, 1_200))).outcome == "undecided"


def test_a_policy_that_may_beat_rotation_is_neither_named_nor_excluded() -> None:
    """`a` gains, and is ahead of rotation by less than the sample shows; with more replications it is named."""
    few = decide(given(40, rotation="r", a=20.0, r=19.9))
    assert few.rival is not None
    unclear = next(each for each in guardrails("a", few.given, few.level) if each.name == "beats_rotation")
    assert (unclear.passed, unclear.unclear) == (False, True)
    assert unclear.detail.endswith(" than r, which may be chance")
    assert (few.outcome, few.policy) == ("switch", "r")  # rotation itself gains
    alone = given(40, rotation="base", a=20.0)
    assert decide(alone).outcome == "switch"


def test_the_baseline_is_kept_only_where_no_policy_may_gain_but_barred_ones() -> None:
    barred = decide(with_lock_outs(given(a=5.0, b=-3.0), a=(1_000, 1_200), base=(100, 1_200)))
    assert (barred.outcome, barred.rival and barred.rival.policy) == ("keep", "a")
    unclear = given(40, rotation="r", a=0.5, r=0.45)
    found = decide(unclear)
    assert found.outcome == "undecided"
    assert found.rival is not None
    assert found.stability is not None
    assert found.needed is None or found.needed > 40
