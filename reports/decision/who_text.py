"""Who gains, in sentences and as an object for JSON."""

from typing import Any

from reports.decision.inputs import amount, bare
from reports.decision.rule import Decision
from reports.decision.who import WhoGains
from reports.estimators.intervals import Estimate
from reports.formatting import percent, percent_interval, rounded


def who_points(decision: Decision, who: WhoGains | None) -> list[str]:
    """The median page, the shares that gain, and the money at stake; replications where there are no pages to tell."""
    found = [_replications(decision)] if who is None else [_pages(who), _stake(who)]
    return [sentence for sentence in found if sentence]


def _replications(decision: Decision) -> str:
    rival, given = decision.rival, decision.given
    if given.one_caption or rival is None or rival.better.low is None or rival.better.high is None:
        return ""
    return (
        f"{rival.policy} does better than {given.baseline} in {percent(rival.better.value)} of replications "
        f"({percent_interval(rival.better.low, rival.better.high)}); the median replication changes by "
        f"{amount(rival.median, given.unit)}."
    )


def _pages(who: WhoGains) -> str:
    unit, median = who.unit, who.median_page
    word = "gains" if median > 0 else "loses" if median < 0 else "is unchanged, at"
    return (
        f"Who gains from {who.policy} instead of {who.baseline}: {percent(who.pages.value)} of pages "
        f"({percent_interval(who.pages.low, who.pages.high)}) and {percent(who.histories.value)} of simulated "
        f"histories; the median page {word} {amount(abs(median), unit)} {unit.per}."
    )


def _stake(who: WhoGains) -> str:
    stake = who.per_year
    if stake is None or stake.low is None or stake.high is None:
        return ""
    money, plain = who.unit, bare(who.unit)
    pages = "1 page" if who.fleet == 1 else f"{who.fleet:,} pages"
    return (
        f"Money at stake for {pages}: {amount(rounded(stake.value), money)} per year "
        f"(95 % interval {amount(rounded(stake.low), plain)} to {amount(rounded(stake.high), plain)})."
    )


def who_data(who: WhoGains | None) -> dict[str, Any] | None:
    """Who gains, for JSON."""
    if who is None:
        return None
    return {
        "policy": who.policy,
        "baseline": who.baseline,
        "median_page": who.median_page,
        "pages": _estimate(who.pages),
        "histories": _estimate(who.histories),
        "classes_by": who.size_of,
        "classes": [
            {"name": c.name, "pages": c.pages, "gain": _estimate(c.gain), "gaining": _estimate(c.gaining)}
            for c in who.classes
        ],
        "tiers": dict(who.tiers),
        "periods": [{"period": name, "gain": _estimate(gain)} for name, gain in who.periods],
        "weeks": [{"week": int(name), "gain": _estimate(gain)} for name, gain in who.weeks],
        "fleet_pages": who.fleet,
        "per_year": None if who.per_year is None else _estimate(who.per_year),
    }


def _estimate(estimate: Estimate) -> dict[str, float | None]:
    return {"value": estimate.value, "ci_low": estimate.low, "ci_high": estimate.high}
