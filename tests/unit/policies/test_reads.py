"""What a rule looks at, by its bytecode: who knows the truth, and who needs the numbers of labels."""

from dataclasses import replace
from typing import Any

from policies.reads import reads_labels, reads_truth
from policies.registry import kinds

UCB1 = kinds()["ucb1"].rule


def _peeks(n: float, s: float, ipw_successes: float, true_mean: float, params: Any) -> tuple[float, float]:
    return s + 0.0 * true_mean, n


def _counts(t: Any, n: Any, a: Any, b: Any, params: Any, state: Any, key: Any) -> None:
    state[0] = n[0]


def test_only_the_oracles_know_the_truth() -> None:
    assert {kind for kind, policy in kinds().items() if reads_truth(policy.rule)} == {"oracle", "planning_oracle"}


def test_a_rule_that_peeks_is_found_whatever_its_name() -> None:
    assert not reads_truth(UCB1)
    assert reads_truth(replace(UCB1, summarise=_peeks))


def test_a_rule_that_looks_at_the_numbers_of_labels_is_found() -> None:
    assert reads_labels(replace(UCB1, prepare=_counts))
