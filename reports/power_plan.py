"""The two answers of `power`: replications that rank policies in simulation, sends that show a change in the field."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from reports.decision.tails import Shortage, Tails
from reports.estimators.intervals import Estimate, Floats
from reports.estimators.power import Fans, FieldTraffic, Replications, plan_fans, plan_replications
from reports.tables.rows import by_policy, metric_values
from sim.errors import InputError

if TYPE_CHECKING:
    import polars as pl


def parse_amount(text: str, option: str) -> tuple[float, bool]:
    """A number, and whether it was a percentage, which is then divided by 100; raises InputError for another text."""
    body = text.strip()
    per_cent = body.endswith("%")
    try:
        value = float(body.removesuffix("%"))
    except ValueError:
        raise InputError(f"{option} is a number or a percentage, got {text!r}", f"Such as {option} 5%") from None
    return (value / 100 if per_cent else value), per_cent


@dataclass(frozen=True)
class Goal:
    """What is to be found: a difference, absolute or relative to a mean, at a confidence, with a power."""

    difference: float
    relative: bool
    confidence: float
    power: float

    def __post_init__(self) -> None:
        """Raises InputError for a difference not above 0 or shares that make no test."""
        if not (math.isfinite(self.difference) and self.difference > 0.0):
            raise InputError(f"the difference must be above 0, got {self.difference:g}", "Such as 5% of a mean, or 0.5")
        for name, share in (("confidence", self.confidence), ("power", self.power)):
            if not 0.0 < share < 1.0:
                raise InputError(f"{name} must lie between 0 and 1, got {share:g}", "Such as 0.95, or 95%")
        if self.power <= 1.0 - self.confidence:
            raise InputError("power must exceed 1 - confidence: a test of nothing finds as much by chance")


@dataclass(frozen=True)
class Rank:
    """One policy against the baseline; `pilot` is its mean minus the baseline's, with the interval of the pilot."""

    policy: str
    pilot: Estimate
    pilots: int
    sd: float
    skewness: float
    plan: Replications
    shortage: Shortage | None = None
    """Why the pilot's spread cannot be trusted: it may lack the lock-outs that make the mean."""

    @property
    def needed(self) -> int:
        """Replications that show the difference, and the lock-outs of both policies."""
        return max(self.plan.needed, self.shortage.needed if self.shortage else 0)

    @property
    def skewed(self) -> bool:
        """Whether the pilot, or what is needed, is too few for Student's t by Cochran's rule."""
        return min(self.pilots, self.plan.needed) < 25.0 * self.skewness**2


@dataclass(frozen=True)
class Ranking:
    """Replications that rank every policy against the baseline."""

    goal: Goal
    metric: str
    baseline: str
    baseline_mean: Estimate
    difference: float
    """In the metric's own unit."""
    pilot: int
    ranks: list[Rank]

    @property
    def needed(self) -> int:
        """Replications enough for every policy."""
        return max(rank.needed for rank in self.ranks)


@dataclass(frozen=True)
class FieldTest:
    """Two arms of equal size in the field: fans, sends and days that show a conversion rate to have changed.

    `fans` supposes that fans are independent; the others account for fans of one send sharing its luck.
    """

    goal: Goal
    traffic: FieldTraffic
    other_rate: float
    fans: Fans

    @property
    def fans_an_arm(self) -> int:
        """Fans reached by each arm, counting every send to a fan."""
        return math.ceil(self.fans.arm * self.traffic.design_effect)

    @property
    def sends_an_arm(self) -> int:
        """Sends of each arm."""
        return math.ceil(self.fans_an_arm / self.traffic.fans_per_send)

    @property
    def days(self) -> float:
        """Days in which the scenario's pages send for both arms; NaN in a world without days."""
        return 2 * self.sends_an_arm / self.traffic.sends_per_day


def plan_ranking(
    replications: "pl.DataFrame",
    baseline: str,
    others: Sequence[str],
    metric: str,
    goal: Goal,
    *,
    tails: Tails | None = None,
) -> Ranking:
    """Size the comparison of `others` with `baseline` from a pilot's rows of replications.parquet.

    `tails` says what is known of the tails of the policies: the cost of lock-outs must be known before a spread is.
    """
    rows = by_policy(replications)
    values = {name: metric_values(rows[name], metric) for name in (baseline, *others)}
    known, pilot = tails or Tails(), len(values[baseline])
    mean = known.mean(baseline, values[baseline], goal.confidence, metric=metric)
    difference = goal.difference * abs(mean.value) if goal.relative else goal.difference
    if difference == 0.0:
        raise InputError(
            f"the mean {metric} of {baseline} is 0, and {100 * goal.difference:g} % of it is no difference",
            "Give the difference as a number, without %, or another --baseline or --metric",
        )
    pairs = [{name: values[name], baseline: values[baseline]} for name in others]
    ranks = [_rank(pair, metric, difference, goal, known) for pair in pairs]
    ranks = [replace(rank, shortage=known.shortage(rank.policy, baseline, pilot)) for rank in ranks]
    return Ranking(goal, metric, baseline, mean, difference, len(values[baseline]), ranks)


def _rank(values: Mapping[str, Floats], metric: str, difference: float, goal: Goal, tails: Tails) -> Rank:
    """`values` are those of the policy, then those of the baseline."""
    (name, baseline), (own, base) = values, values.values()
    pair = (name, baseline)
    pilot, seen = tails.pilot(pair, values, metric), tails.gain(pair, own, base, goal.confidence, metric=metric)
    try:
        plan = plan_replications(pilot, difference, goal.confidence, goal.power)
    except ValueError as problem:
        raise InputError(f"{name}: {problem}") from None
    return Rank(name, seen, len(own), pilot.sd, pilot.skewness, plan)


def plan_field(traffic: FieldTraffic, goal: Goal) -> FieldTest:
    """Size a field test that finds the conversion rate changed by the goal's relative difference."""
    other = traffic.rate * (1.0 + goal.difference)
    if not 0.0 < traffic.rate < 1.0:
        raise InputError(f"a conversion rate must lie between 0 and 1, got {traffic.rate:g}", "Give one: --rate 5%")
    if other >= 1.0:
        what = f"a conversion rate of {traffic.rate:.4g} cannot rise by {100 * goal.difference:g} %"
        raise InputError(what, "Give a smaller --lift, or another --rate")
    try:
        fans = plan_fans(traffic.rate, other, goal.confidence, goal.power)
    except ValueError as problem:
        raise InputError(f"in the field: {problem}") from None
    return FieldTest(goal, traffic, other, fans)


def ranking_data(ranking: Ranking) -> dict[str, Any]:
    """For JSON."""
    return {
        "metric": ranking.metric,
        "baseline": ranking.baseline,
        "baseline_mean": asdict(ranking.baseline_mean),
        "difference": ranking.difference,
        "confidence": ranking.goal.confidence,
        "power": ranking.goal.power,
        "pilot_replications": ranking.pilot,
        "replications_needed": ranking.needed,
        "policies": [_rank_data(rank) for rank in ranking.ranks],
    }


def _rank_data(rank: Rank) -> dict[str, Any]:
    return {
        "policy": rank.policy,
        "replications_needed": rank.needed,
        "closed_form": rank.plan.closed_form,
        "closed_form_low": rank.plan.likely[0],
        "closed_form_high": rank.plan.likely[1],
        "simulated_power": _share(rank.plan.simulated),
        "pilot_difference": asdict(rank.pilot),
        "sd": rank.sd,
        "skewness": rank.skewness,
        "skewed": rank.skewed,
        "sample_too_small": None if rank.shortage is None else rank.shortage.why,
    }


def field_data(test: FieldTest) -> dict[str, Any]:
    """For JSON."""
    return {
        "rate": test.traffic.rate,
        "other_rate": test.other_rate,
        "relative_difference": test.goal.difference,
        "confidence": test.goal.confidence,
        "power": test.goal.power,
        "rate_source": test.traffic.source,
        "independent_fans_an_arm": test.fans.arm,
        "simulated_power": _share(test.fans.simulated),
        "design_effect": test.traffic.design_effect,
        "fans_per_send": test.traffic.fans_per_send,
        "sends_per_day": test.traffic.sends_per_day,
        "fans_an_arm": test.fans_an_arm,
        "sends_an_arm": test.sends_an_arm,
        "fans": 2 * test.fans_an_arm,
        "sends": 2 * test.sends_an_arm,
        "days": test.days,
    }


def _share(estimate: Estimate | None) -> dict[str, Any] | None:
    return None if estimate is None else {"value": estimate.value, "low": estimate.low, "high": estimate.high}
