"""The scenario's `checks`: claims about the results, judged with stated confidence.

- `at_most` / `at_least` must be *shown*: the one-sided confidence bound of the mean has to lie on the right side.
- `not_worse_than` fails when the opposite is shown: the one-sided bound of the paired difference says worse. (Without a
  margin nothing else could pass for two equal policies.)
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import polars as pl

from reports.estimators.intervals import NON_NEGATIVE, SHARE, Estimate, mean_interval, paired_difference
from reports.formatting import number
from reports.tables.rows import by_policy, column
from sim.scenario import Check

HIGHER_IS_BETTER = {"reward", "revenue_usd", "best_share"}
SHARES = {"best_share", "locked_out"}


@dataclass(frozen=True)
class CheckOutcome:
    """One claim, whether it passed, and why in plain words."""

    claim: str
    passed: bool
    detail: str


def evaluate_checks(claims: Iterable[Check], replications: pl.DataFrame) -> list[CheckOutcome]:
    """A outcome for each claim, in order; a claim that one replication cannot show fails."""
    rows = by_policy(replications)
    return [_outcome(claim, rows) for claim in claims]


def as_dicts(outcomes: Iterable[CheckOutcome]) -> list[dict[str, object]]:
    """For JSON."""
    return [asdict(outcome) for outcome in outcomes]


def _outcome(claim: Check, rows: dict[str, pl.DataFrame]) -> CheckOutcome:
    two_sided = 2 * claim.confidence - 1  # whose limits are one-sided bounds at `confidence`
    values = column(rows[claim.policy], claim.metric)
    if claim.not_worse_than is not None:
        others = column(rows[claim.not_worse_than], claim.metric)
        return _compare(claim, claim.not_worse_than, paired_difference(values, others, two_sided).estimate)
    bounds = SHARE if claim.metric in SHARES else NON_NEGATIVE
    return _bound(claim, mean_interval(values, two_sided, bounds))


def _compare(claim: Check, other: str, difference: Estimate) -> CheckOutcome:
    what = f"{claim.metric} of {claim.policy} is not worse than that of {other}"
    if difference.low is None or difference.high is None:
        return CheckOutcome(what, False, "one replication cannot show it")
    better_up = claim.metric in HIGHER_IS_BETTER
    worse = difference.high < 0 if better_up else difference.low > 0
    bound = f"at most {number(difference.high)}" if better_up else f"at least {number(difference.low)}"
    shown = f"difference {number(difference.value)}, {bound} at {claim.confidence:.4g} confidence"
    return CheckOutcome(what, not worse, shown)


def _bound(claim: Check, estimate: Estimate) -> CheckOutcome:
    upper = claim.at_most is not None
    limit = claim.at_most if claim.at_most is not None else claim.at_least
    bound = estimate.high if upper else estimate.low
    what = f"mean {claim.metric} of {claim.policy} is {'at most' if upper else 'at least'} {limit:.6g}"
    if bound is None or limit is None:
        return CheckOutcome(what, False, "one replication cannot show it")
    passed = bound <= limit if upper else bound >= limit
    side = "at most" if upper else "at least"
    return CheckOutcome(
        what, passed, f"mean {number(estimate.value)}, {side} {number(bound)} at {claim.confidence:.4g} confidence"
    )
