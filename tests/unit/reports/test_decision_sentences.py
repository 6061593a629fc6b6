"""The sentences of a decision, word by word, from decisions made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from reports.decision.anchors import Anchors
from reports.decision.guardrails import Guardrail
from reports.decision.inputs import DecisionInput, LockOuts, Unit, amount, bare, signed
from reports.decision.outcome import Gain, choose
from reports.decision.rule import Decision, rounded_up
from reports.decision.stability import Stability
from reports.decision.tails import Shortage
from reports.decision.text import details, headline, key_points, limits, listed, next_step
from reports.decision.who import ClassGain, WhoGains
from reports.decision.who_text import who_data, who_points
from reports.estimators.intervals import Estimate

DOLLARS = Unit("$", "", "per page and month")
REWARD = Unit("", "purchases", "per replication")
VALUES = {name: np.arange(30.0) for name in ("wilson_sample", "greedy", "uniform", "round_robin", "oracle")}
GIVEN = DecisionInput(
    "revenue_usd",
    DOLLARS,
    VALUES,
    "wilson_sample",
    oracles=frozenset({"oracle"}),
    random="uniform",
    rotation="round_robin",
    scenario="demo",
)


def estimate(value: float, low: float | None = None, high: float | None = None) -> Estimate:
    return Estimate(value, low, high, "t")


def gain_of(policy: str, value: float, low: float | None, high: float | None, **changed) -> Gain:
    usual = Gain(policy, estimate(value, low, high), estimate(0.8, 0.7, 0.9), value, 1.0, False, None, [])
    return replace(usual, **changed)


GREEDY = gain_of("greedy", 12.0, 10.0, 14.0)
NO_ANCHORS = [Anchors("wilson_sample", None, None, None, None)]


def decision(outcome: str = "undecided", rival: Gain | None = GREEDY, **changed) -> Decision:
    usual = Decision(
        outcome,
        rival.policy if outcome == "switch" and rival else "wilson_sample",
        rival,
        [],
        [rival] if rival else [],
        NO_ANCHORS,
        0.99,
        0.95,
        None,
        None,
        GIVEN,
    )
    return replace(usual, **changed)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(12.345, DOLLARS, "$12.3"), (-2.0, DOLLARS, "−$2"), (3.0, REWARD, "3 purchases"), (0.0, DOLLARS, "$0")],
)
def test_amounts(value: float, unit: Unit, text: str) -> None:
    assert amount(value, unit) == text


def test_amounts_with_a_sign_and_without_the_noun() -> None:
    assert [signed(value, DOLLARS) for value in (5.0, -5.0, 0.0)] == ["+$5", "−$5", "$0"]
    assert amount(3.0, bare(REWARD)) == "3"
    assert bare(REWARD).per == "per replication"


def test_limits_in_words() -> None:
    assert limits(estimate(2.0, 1.0, 3.0), DOLLARS) == "95 % interval $1 to $3"
    assert limits(estimate(2.0), DOLLARS) == "no interval from one replication"


def test_a_switch_names_gain_and_guardrails() -> None:
    assert headline(decision("switch")) == (
        "Switch from wilson_sample to greedy: it earns $12 more per page and month (95 % interval $10 to $14)."
    )
    guarded = gain_of("greedy", 12.0, 10.0, 14.0, guardrails=[Guardrail("lock-out", True, "locked out 0 %")])
    assert headline(decision("switch", guarded)).endswith("; guardrails hold: locked out 0 %.")


def test_rewards_are_got_and_dollars_earned() -> None:
    found = headline(decision("switch", given=replace(GIVEN, unit=REWARD)))
    assert "it gets 12 purchases more per replication" in found


def test_the_baseline_is_kept_because_nothing_gains_or_because_a_guardrail_fails() -> None:
    less = gain_of("greedy", -1.0, -2.0, 0.5)
    assert headline(decision("keep", less)) == (
        "Keep wilson_sample: no policy here gains 1 % or more; the best other policy, greedy, earns $1 less per page "
        "and month (95 % interval −$2 to $0.500)."
    )
    barred = gain_of("greedy", 5.0, 4.0, 6.0, guardrails=[Guardrail("worst", False, "loses 9 % at worst")])
    assert headline(decision("keep", barred)) == (
        "Keep wilson_sample for now: greedy earns $5 more per page and month (95 % interval $4 to $6), but fails a "
        "guardrail (loses 9 % at worst)."
    )


def test_what_a_barred_policy_may_gain_is_stated_with_the_next_step() -> None:
    failing = [Guardrail("worst", False, "loses 9 % at worst")]
    wide = decision("keep", gain_of("greedy", 450.0, -79.0, 994.0, guardrails=failing))
    assert headline(wide) == (
        "Keep wilson_sample for now: greedy may earn up to $994 more per page and month (95 % interval −$79 to $994), "
        "but fails a guardrail (loses 9 % at worst)."
    )
    assert next_step(wide) == "Test other parameters of greedy, or other policies, that pass the guardrail."
    narrow = decision("keep", gain_of("greedy", 0.01, -0.1, 0.1, guardrails=failing))
    assert headline(narrow).startswith("Keep wilson_sample: no policy here gains 1 % or more; ")
    assert next_step(narrow).startswith("Nothing to change.")


def test_a_guardrail_that_is_not_clear_leaves_the_decision_open() -> None:
    unclear = [Guardrail("beats_rotation", False, "$3 more than round_robin", unclear=True)]
    rival, other = (
        gain_of("greedy", 12.0, 10.0, 14.0, guardrails=unclear),
        gain_of("ucb", 1.0, 0.5, 2.0, guardrails=unclear),
    )
    assert choose([rival], [], 0.1) == ("undecided", None)
    made = decision(rival=rival, gains=[rival, other])
    assert headline(made).endswith("; a guardrail is not clear either ($3 more than round_robin).")
    assert "Not shown to pass a guardrail: ucb ($3 more than round_robin)." in key_points(made)


def test_an_open_decision_names_the_two() -> None:
    assert headline(decision()) == (
        "Undecided between wilson_sample and greedy, which earns $12 more per page and month "
        "(95 % interval $10 to $14)."
    )


def test_nothing_to_compare_and_nothing_to_choose() -> None:
    assert headline(decision(rival=None)) == "Undecided: there is no policy to compare wilson_sample with."
    alone = decision(given=replace(GIVEN, one_caption=True))
    assert headline(alone).startswith("Undecided: every page has one caption only")
    assert key_points(alone) == ["Use a scenario whose pages have at least two captions."]
    assert details(alone) == []


@pytest.mark.parametrize(
    ("made", "step"),
    [
        (
            decision("switch"),
            "Size a field test: `python -m sim power RUN/scenario.yaml --difference 5%`. "
            "RUN is the folder of this run.",
        ),
        (decision("keep"), "Nothing to change. Test other policies, or other assumptions of the scenario."),
        (decision(rival=None), "Add policies to the scenario, for example `thompson_beta`, beside wilson_sample."),
        (decision(), "The difference is too small: no feasible number of replications decides."),
        (
            decision(needed=130),
            "About 100 more replications would decide: `python -m sim run RUN --set replications=130`. "
            "RUN is the folder of this run.",
        ),
        (
            decision(
                rival=replace(GREEDY, shortage=Shortage("a tail", 900)),
                given=replace(GIVEN, can_be_unlucky=True),
            ),
            "Show the unlucky starts: `python -m sim run RUN --fresh --set world.unlucky=200`. "
            "RUN is the folder of this run.",
        ),
    ],
)
def test_the_next_step_is_a_command_where_there_is_one(made: Decision, step: str) -> None:
    assert next_step(made) == step


def test_the_next_step_is_the_last_of_the_points() -> None:
    for made in (decision(needed=99), decision("keep"), decision("switch")):
        assert key_points(made, "runs/x")[-1] == f"Next step: {next_step(made, 'runs/x')}"


@pytest.mark.parametrize(
    ("over", "share", "text"),
    [
        (estimate(6.0, 5.0, 7.0), None, "wilson_sample against random choice: $6 more"),
        (estimate(6.0, 5.0, 7.0), estimate(0.05, 0.01, 0.08), "wilson_sample gains almost nothing over random choice"),
        (estimate(-6.0, -7.0, -5.0), estimate(-0.4, -0.5, -0.3), "wilson_sample loses against random choice: $6 less"),
    ],
)
def test_the_baseline_is_set_against_random_choice(over: Estimate, share: Estimate | None, text: str) -> None:
    made = decision(anchors=[Anchors("wilson_sample", over, None, None, share)])
    assert key_points(made)[0].startswith(text)


def test_the_share_of_the_possible_gain_ends_the_sentence_on_random_choice() -> None:
    anchor = Anchors("wilson_sample", estimate(6.0, 5.0, 7.0), None, None, estimate(0.3, 0.2, 0.4))
    assert key_points(decision(anchors=[anchor]))[0] == (
        "wilson_sample against random choice: $6 more per page and month (95 % interval $5 to $7), 30 % of "
        "what perfect choice would add (20 % to 40 %)."
    )


def test_rotation_needs_no_learning() -> None:
    anchor = Anchors("wilson_sample", None, estimate(-2.0, -3.0, -1.0), None, None)
    assert key_points(decision(anchors=[anchor]))[0] == (
        "Against round_robin, which needs no learning, wilson_sample earns $2 less per page and month "
        "(95 % interval −$3 to −$1)."
    )


def failing(policy: str) -> Gain:
    return gain_of(
        policy, 1.0, 0.0, 2.0, guardrails=[Guardrail("g", True, "fine"), Guardrail("h", False, f"bad {policy}")]
    )


def test_at_most_three_excluded_policies_are_named() -> None:
    points = key_points(decision("switch", gains=[GREEDY, *(failing(name) for name in "abcde")]))
    assert points[0] == "Excluded by a guardrail: a (bad a); b (bad b); c (bad c); and 2 more."
    assert key_points(decision("switch", gains=[GREEDY, failing("a")]))[0] == "Excluded by a guardrail: a (bad a)."


def test_a_sample_too_small_says_how_many_replications_it_needs() -> None:
    short = replace(GREEDY, shortage=Shortage("the loss of a rare start is unknown", 1234))
    assert (
        "The interval may be too narrow: the loss of a rare start is unknown; it needs about 1,300 replications."
        in key_points(decision(rival=short))
    )


def test_details_name_ties_stability_basis_and_what_the_run_lacks() -> None:
    made = decision(
        "switch",
        tied=["greedy", "ucb1", "kl_ucb"],
        stability=Stability(estimate(0.97), estimate(0.85), 500),
        given=replace(GIVEN, rotation=None, oracles=frozenset()),
    )
    assert details(made) == [
        "Not shown to differ from greedy: ucb1 and kl_ucb.",
        "In 500 resamples of the replications the same decision comes out in 97 %, and greedy is the best candidate "
        "in 85 %.",
        "Compared by revenue, 30 replications paired by common random numbers; the intervals of 1 comparison hold "
        "together with 95 %.",
        "Not in this run: round_robin and oracle. Add them to `policies` to set a scale for the gains.",
    ]


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (["a", "b", "c", "d"], "a, b, c and d"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 others"),
    ],
)
def test_lists_of_names(names: list[str], text: str) -> None:
    assert listed(names) == text


@pytest.mark.parametrize(
    ("value", "expected"), [(3.2, 4), (10.1, 11), (101.0, 110), (1234.0, 1300), (99_001.0, 100_000)]
)
def test_needed_replications_have_two_digits_upwards(value: float, expected: int) -> None:
    assert rounded_up(value) == expected


def test_a_drop_in_policy_is_chosen_among_those_that_are_better() -> None:
    first, second = gain_of("far", 9.0, 1.0, 17.0), gain_of("near", 5.0, 1.0, 9.0, drop_in=True)
    assert choose([first, second], [first, second], 0.1) == ("switch", second)
    assert choose([first], [first], 0.1) == ("switch", first)


def test_gains_within_the_margin_keep_the_baseline() -> None:
    small = gain_of("small", 0.01, -0.05, 0.09)
    assert choose([small], [small], 0.1) == ("keep", None)
    assert choose([small], [small], 0.08) == ("undecided", None)
    assert choose([], [], 0.0) == ("keep", None)


def test_a_shortage_neither_switches_nor_keeps() -> None:
    better = gain_of("b", 5.0, 4.0, 6.0, shortage=Shortage("tail", 100))
    assert choose([better], [better], 10.0) == ("undecided", None)


def test_without_an_interval_every_gain_is_possible() -> None:
    unknown = gain_of("u", 5.0, None, None)
    assert (unknown.low, unknown.high) == (-np.inf, np.inf)
    assert choose([unknown], [unknown], 1.0) == ("undecided", None)


def test_who_is_compared_with_the_baseline() -> None:
    assert GIVEN.rivals == ["greedy", "uniform", "round_robin"]
    assert GIVEN.candidates == ["greedy", "round_robin"]
    assert (GIVEN.oracle, GIVEN.replications) == ("oracle", 30)
    assert replace(GIVEN, oracles=frozenset()).oracle is None


def test_of_two_oracles_the_better_one_counts() -> None:
    values = {"p": np.zeros(3), "low": np.ones(3), "high": np.full(3, 2.0)}
    assert DecisionInput("reward", REWARD, values, "p", oracles=frozenset({"low", "high"})).oracle == "high"


def test_unlucky_replications_are_wanted_where_the_world_has_them_and_the_run_is_large_enough() -> None:
    assert not GIVEN.tails_wanted
    assert replace(GIVEN, can_be_unlucky=True).tails_wanted
    few = {name: values[:19] for name, values in VALUES.items()}
    assert not replace(GIVEN, can_be_unlucky=True, values=few).tails_wanted


def test_the_share_of_locked_out_pages() -> None:
    assert LockOuts(3, 12).share == 0.25


WHO = WhoGains(
    "greedy",
    "wilson_sample",
    DOLLARS,
    4.0,
    estimate(0.7, 0.6, 0.8),
    estimate(0.9, 0.85, 0.95),
    "audience",
    [ClassGain("small", 10, estimate(1.0, 0.5, 1.5), estimate(0.6, 0.5, 0.7))],
    [("budget", 2.0)],
    [("days 1 to 30", estimate(3.0, 1.0, 5.0))],
    [("1", estimate(0.5, 0.1, 0.9))],
    1,
    estimate(1_200.0, 600.0, 1_800.0),
)


@pytest.mark.parametrize(("median", "words"), [(4.0, "gains $4"), (-4.0, "loses $4"), (0.0, "is unchanged, at $0")])
def test_the_median_page(median: float, words: str) -> None:
    pages, stake = who_points(decision(), replace(WHO, median_page=median))
    assert pages == (
        "Who gains from greedy instead of wilson_sample: 70 % of pages (60 % to 80 %) and 90 % of simulated "
        f"histories; the median page {words} per page and month."
    )
    assert stake == "Money at stake for 1 page: $1,200 per year (95 % interval $600 to $1,800)."


def test_money_at_stake_for_a_fleet_and_without_money() -> None:
    assert "for 2,000 pages" in who_points(decision(), replace(WHO, fleet=2_000))[1]
    assert len(who_points(decision(), replace(WHO, per_year=None))) == 1


def test_without_pages_the_replications_are_told() -> None:
    assert who_points(decision(), None) == [
        "greedy does better than wilson_sample in 80 % of replications (70 % to 90 %); the median replication changes "
        "by $12."
    ]
    assert who_points(decision(rival=None), None) == []
    assert who_points(decision(given=replace(GIVEN, one_caption=True)), None) == []


def test_who_gains_as_data() -> None:
    found = who_data(WHO) or pytest.fail("no data")
    assert found["pages"] == {"value": 0.7, "ci_low": 0.6, "ci_high": 0.8}
    assert found["classes"][0]["pages"] == 10
    assert found["classes"][0]["gaining"]["value"] == 0.6
    assert (found["tiers"], found["fleet_pages"], found["classes_by"]) == ({"budget": 2.0}, 1, "audience")
    assert found["periods"] == [{"period": "days 1 to 30", "gain": {"value": 3.0, "ci_low": 1.0, "ci_high": 5.0}}]
    assert found["weeks"][0]["week"] == 1
    assert found["per_year"]["value"] == 1_200.0
    assert (who_data(replace(WHO, per_year=None)) or {})["per_year"] is None
    assert who_data(None) is None
