"""Knows the truth and looks ahead: worn captions rest longer than a greedy choice would let them."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from policies.base import Pair, Policy, Rule, parameter


class _Params(NamedTuple):
    patience: float


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: _Params) -> Pair:
    return true_mean, 0.0


def _recover(a: float, b: float, rest: float, left: float, params: _Params) -> Pair:
    # What the caption would be worth fresh, minus what it is worth now, is what waiting gains.
    return a - params.patience * (a / left - a), b


@dataclass(frozen=True, kw_only=True)
class PlanningOracle(Policy):
    """Send the arm with the largest true mean, less what it would gain by a longer rest.

    A caption that is worth `left` of its fresh value now scores fresh · (left − patience · (1 − left)): the loss by
    wear counts 1 + patience times. `patience: 0` is the oracle. `drop` and `half_life` are those of the scenario's
    `world.fatigue`. In worlds without sends and rests it is the oracle.
    """

    by: str = parameter("reward", "which truth is maximised", choices=("reward", "revenue"))
    patience: float = parameter(0.5, "weight of what a rest would gain", low=0.0)
    drop: float = parameter(0.2, "share of its rate that an arm loses by a send", low=0.0, high=0.99)
    half_life: float = parameter(14.0, "days in which half of the loss is regained", low=0.01)

    kind: ClassVar[str] = "planning_oracle"
    source: ClassVar[str] = "after Pike-Burke & Grünewälder 2019, Recovering bandits: a linear index in place of a tree"
    rule: ClassVar[Rule] = Rule(summarise=_summarise, recover=_recover)
    deterministic: ClassVar[bool] = True
    state_independent_score: ClassVar[bool] = True
    reads_rest: ClassVar[bool] = True

    @property
    def true_mean_of(self) -> str:
        """The truth that `by` names."""
        return self.by

    @property
    def fatigue_assumed(self) -> Pair:
        """The loss by a send, and how fast it is regained."""
        return float(self.drop), float(self.half_life)

    def parameters(self) -> _Params:
        """The patience."""
        return _Params(float(self.patience))
