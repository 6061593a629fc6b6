"""The scenario's `checks`: claims about the results, tested at the stated confidence.

Which side has the burden of proof:

- `at_most`, `at_least`, `better_than`, and `not_worse_than` with a `margin` must be *shown*: the one-sided confidence
  bound has to lie on the right side. They fail where the sample is too small to know the tail of a policy that can lock
  out the best caption (`reports.decision.tails`), if that tail could make the claim false.
- `not_worse_than` without a margin *passes unless the opposite is shown*: nothing else could pass for equal policies.

Shares of replications (`locked_out`) have Wilson's limits (Wilson 1927), or those of a stratified sample. A bound from
unlucky replications spends a part of the error only: the strata are so skewed that more of it falls on one side
(docs/decision.md measures it).
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import polars as pl

from reports.decision.tails import Tails
from reports.estimators.intervals import NON_NEGATIVE, SHARE, Estimate, Floats
from reports.formatting import number
from reports.tables.rows import by_policy, metric_values
from sim.scenario import Check

HIGHER_IS_BETTER = {"reward", "revenue_usd", "best_share"}
STRATIFIED_ERROR = 0.7  # of the error that a claim allows, spent on a bound from a stratified sample
ONE_REPLICATION = "one replication cannot show it"


@dataclass(frozen=True)
class CheckOutcome:
    """One claim, whether it passed, and why in plain words."""

    claim: str
    passed: bool
    detail: str


def evaluate_checks(
    claims: Iterable[Check], replications: pl.DataFrame, tails: Tails | None = None
) -> list[CheckOutcome]:
    """An outcome per claim, in order; `tails` says what is known of the tails of the policies."""
    rows = by_policy(replications)
    return [_outcome(claim, rows, tails or Tails()) for claim in claims]


def as_dicts(outcomes: Iterable[CheckOutcome]) -> list[dict[str, object]]:
    """For JSON."""
    return [asdict(outcome) for outcome in outcomes]


def _outcome(claim: Check, rows: Mapping[str, pl.DataFrame], tails: Tails) -> CheckOutcome:
    values = metric_values(rows[claim.policy], claim.metric)
    other = claim.better_than or claim.not_worse_than
    if other is None:
        found = _limit(claim, _interval(claim, values, tails))
    else:
        theirs = metric_values(rows[other], claim.metric)
        found = _compare(claim, other, _gain(claim, other, values, theirs, tails))
    unknown = tails.shortage(claim.policy, None, len(values))
    if found.passed and unknown is not None and _tail_could_refute(claim):
        why = f"the sample is too small: {unknown.why}; it needs about {unknown.needed:,} replications"
        return CheckOutcome(found.claim, False, why)
    return found


def _two_sided(claim: Check, tails: Tails) -> float:
    """The confidence of the two-sided interval whose limits are one-sided bounds at the claim's confidence."""
    error = 1.0 - claim.confidence
    return 1.0 - 2.0 * (STRATIFIED_ERROR * error if tails.stratified else error)


def _interval(claim: Check, values: Floats, tails: Tails) -> Estimate:
    if claim.metric == "locked_out":
        return tails.locked_out(claim.policy, values, _two_sided(claim, tails))
    bounds = SHARE if claim.metric == "best_share" else NON_NEGATIVE
    return tails.mean(claim.policy, values, _two_sided(claim, tails), metric=claim.metric, bounds=bounds)


def _gain(claim: Check, other: str, values: Floats, others: Floats, tails: Tails) -> Estimate:
    return tails.gain((claim.policy, other), values, others, _two_sided(claim, tails), metric=claim.metric)


def _tail_could_refute(claim: Check) -> bool:
    """Whether lock-outs that the sample has not met could make the claim false: they cost reward and add regret."""
    if claim.metric in {"locked_out", "best_share"}:
        return False
    if claim.not_worse_than is not None:
        return claim.margin is not None
    higher_is_better = claim.metric in HIGHER_IS_BETTER
    return claim.better_than is not None or (
        claim.at_least is not None if higher_is_better else claim.at_most is not None
    )


def _compare(claim: Check, other: str, difference: Estimate) -> CheckOutcome:
    """`advantage` is the bound that the claim has to clear: of how much better the policy is."""
    margin, what = claim.margin or 0.0, _comparison(claim, other)
    if difference.low is None or difference.high is None:
        return CheckOutcome(what, False, ONE_REPLICATION)
    up = claim.metric in HIGHER_IS_BETTER
    least, most = (difference.low, difference.high) if up else (-difference.high, -difference.low)
    said = f"difference {number(difference.value)}, better by at least {number(least)} and at most {number(most)}"
    said += f", each at {claim.confidence:.4g} confidence"
    if claim.better_than is not None:
        return CheckOutcome(what, least > margin, f"{said}; this must be shown")
    if claim.margin is not None:
        return CheckOutcome(what, least >= -margin, f"{said}; this must be shown")
    return CheckOutcome(what, most >= 0.0, f"{said}; passes unless the opposite is shown")


def _comparison(claim: Check, other: str) -> str:
    by = f" by more than {claim.margin:.6g}" if claim.margin is not None else ""
    word = "better" if claim.better_than is not None else "not worse"
    return f"{claim.metric} of {claim.policy} is {word} than that of {other}{by}"


def _limit(claim: Check, estimate: Estimate) -> CheckOutcome:
    upper = claim.at_most is not None
    limit = claim.at_most if claim.at_most is not None else claim.at_least
    bound = estimate.high if upper else estimate.low
    side = "at most" if upper else "at least"
    what = f"mean {claim.metric} of {claim.policy} is {side} {limit:.6g}"
    if bound is None or limit is None:
        return CheckOutcome(what, False, ONE_REPLICATION)
    passed = bound <= limit if upper else bound >= limit
    said = f"mean {number(estimate.value)}, {side} {number(bound)} at {claim.confidence:.4g} confidence"
    return CheckOutcome(what, passed, said)
