"""The answer in plain words: deploy, keep, or not decided; what it is worth; what the mean hides."""

from collections.abc import Sequence
from typing import Any

from reports.estimators.comparisons import POWER, PairedComparison
from reports.estimators.intervals import Difference, Estimate, paired_difference
from reports.formatting import interval, number, p_value, percent
from reports.report_input import ReportInput


def headline(data: ReportInput) -> str:
    """The decision in one sentence, with its numbers."""
    if len(data.vs_leader) == 0:
        return f"Only {data.leader} ran: there is nothing to choose."
    if data.scenario.replications == 1:
        return "One replication cannot tell policies apart: nothing is decided."
    if data.leader == data.baseline:
        return _keep(data, data.vs_leader[0])
    found = next((row for row in data.vs_baseline if row.policy == data.leader), None)
    if found is None:  # the leader is an oracle, alone with the baseline
        return f"Only {data.baseline} and oracles ran: there is nothing to choose."
    return _deploy(data, found) if found.significant else _undecided(data, found)


def details(data: ReportInput) -> list[str]:
    """What else to know before acting: the level, rivals, money, tail, lock-out, how far to trust intervals."""
    first = data.summary[data.ranked.index(data.leader)]
    return [
        sentence
        for sentence in (
            _level(data, first),
            _rivals(data),
            _money(data),
            _tail(first),
            *(_locked(row) for row in data.summary if row["policy"] in {data.leader, data.baseline}),
            _few(data),
        )
        if sentence
    ]


def _deploy(data: ReportInput, found: PairedComparison) -> str:
    worth = _worth(data)
    gain = worth if worth and _sure(worth) else None
    if gain is not None and gain.value > 0:
        numbers = f"{_dollars(gain)}, and {_difference(data, found)}"
    else:
        numbers = _difference(data, found)
    return f"Deploy {found.policy} instead of {data.baseline}: {numbers}, better in {_share(found)} of replications."


def _keep(data: ReportInput, nearest: PairedComparison) -> str:
    difference = _difference(data, nearest)
    if nearest.significant:
        return f"Keep {data.baseline}: no policy here does better; the nearest, {nearest.policy}, has {difference}."
    also = _more(nearest)
    return (
        f"Keep {data.baseline}: it does best here, but the data do not decide between it and {nearest.policy}, "
        f"which has {difference}.{also}"
    )


def _undecided(data: ReportInput, found: PairedComparison) -> str:
    return (
        f"The data do not decide: {found.policy} does best, but {_difference(data, found)} against {data.baseline} "
        "may "
        f"be chance (adjusted p {p_value(found.p_holm)}; better in {_share(found)} of replications).{_more(found)}"
    )


def _more(found: PairedComparison) -> str:
    n = found.replications
    if found.needed is None or found.pointwise.value == 0.0:
        return " The difference is too small for any number of replications that could be run."
    if found.needed <= n:
        return f" More than these {n:,} replications are needed."
    return (
        f" If the true difference is what was seen, about {found.needed:,} replications would show it (these are "
        f"{n:,}; "
        f"power {percent(POWER)})."
    )


def _difference(data: ReportInput, found: PairedComparison) -> str:
    """Such as `116 less regret a replication (12 % less; 95 % interval 90 to 140)`."""
    base = float(data.values[found.baseline].mean())
    value, dollar = found.pointwise.value, "$" if data.unit == "US dollars" else ""
    word = "more" if value > 0 else "less"
    what = f"{dollar}{number(abs(value), 3)} {word} {data.metric.noun} a replication"
    relative = f"{percent(abs(value / base))} {word}; " if base else ""
    return f"{what} ({relative}95 % interval {_limits(found.simultaneous, word, dollar)})"


def _limits(estimate: Estimate, word: str, dollar: str) -> str:
    """`90 to 140` in the direction of `word`, or `5 less to 140 more` where the direction is not sure."""
    if estimate.low is None or estimate.high is None:
        return "not known"
    if estimate.low * estimate.high > 0:
        near, far = sorted((abs(estimate.low), abs(estimate.high)))
        return f"{dollar}{number(near, 3)} to {dollar}{number(far, 3)} {word}"
    return f"{dollar}{number(-estimate.low, 3)} less to {dollar}{number(estimate.high, 3)} more"


def _share(found: PairedComparison) -> str:
    return percent(found.better.value)


def _worth(data: ReportInput) -> Estimate | None:
    """Dollars a page and month of the leader over the baseline, paired; None without money or rivals."""
    if not data.dollars or data.leader == data.baseline:
        return None
    return _dollar_difference(data).estimate


def _dollar_difference(data: ReportInput) -> Difference:
    return paired_difference(data.dollars[data.leader], data.dollars[data.baseline])


def _sure(worth: Estimate) -> bool:
    return worth.low is not None and worth.high is not None and (worth.low > 0 or worth.high < 0)


def _dollars(worth: Estimate) -> str:
    sign = "+" if worth.value >= 0 else "−"
    limits = " to ".join(
        f"{'−' if x < 0 else ''}${number(abs(x), 3)}" for x in (worth.low, worth.high) if x is not None
    )
    return f"{sign}${number(abs(worth.value), 3)} a month per page (95 % interval {limits})"


def _money(data: ReportInput) -> str:
    worth = _worth(data)
    if worth is None or worth.low is None:
        return ""
    if not _sure(worth):
        return (
            f"In dollars: {_dollars(worth)} with {data.leader} instead of {data.baseline}, which these replications "
            "cannot tell from nothing."
        )
    if worth.value < 0:
        return f"But in dollars {data.leader} earns less than {data.baseline}: {_dollars(worth)}."
    return ""  # the headline says it, or what the leader is not shown to be better in does not matter


def _level(data: ReportInput, first: dict[str, Any]) -> str:
    if data.metric.name != "regret":
        mean = number(float(data.values[data.leader].mean()), 3)
        return f"{data.leader} has the highest mean {data.metric.noun}: {mean} {data.unit} a replication."
    limits = interval(first["ci_low"], first["ci_high"], 3)
    return (
        f"{data.leader} has the lowest mean regret: {number(first['mean_regret'], 3)} {data.unit} a replication"
        f"{'' if limits == '–' else f', 95 % interval {limits}'}."
    )


def _rivals(data: ReportInput) -> str:
    alike = [row.policy for row in data.vs_leader if not row.significant and row.policy != data.baseline]
    if not alike or data.scenario.replications == 1:
        return ""
    return f"These replications cannot tell {data.leader} from {_listed(alike)}."


def _tail(first: dict[str, Any]) -> str:
    worst = first.get("worst_regret")
    more = "" if worst is None else f"; in the worst 1 % it is {number(worst, 3)} on average"
    return f"Behind its mean: one replication in twenty has regret above {number(first['q95'], 3)}{more}."


def _locked(row: dict[str, Any]) -> str:
    if not row["locked_out_share"]:
        return ""
    return (
        f"{row['policy']} ends locked out in {percent(row['locked_out_share'])} of replications: no chance of "
        "sending the "
        "best caption next."
    )


def _few(data: ReportInput) -> str:
    short = [row.policy for row in data.vs_baseline if row.may_undercover]
    if not short:
        return ""
    return (
        f"Too few replications of a skewed quantity, intervals may be short: {_listed(short)} against {data.baseline}."
    )


def _listed(names: Sequence[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} others"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
