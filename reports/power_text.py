"""What `power` found, in plain words."""

import math
from collections.abc import Iterable

from reports.estimators.intervals import Estimate
from reports.estimators.power import MOST_SIMULATED
from reports.field_words import holdouts, in_words
from reports.formatting import COLUMNS, hanging, interval, number, text_table, wrapped
from reports.power_plan import FieldTest, Goal, Rank, Ranking


def ranking_text(ranking: Ranking, scenario_replications: int) -> str:
    """Replications needed, policy by policy, then what to make of them."""
    more = f"{ranking.metric} more than {ranking.baseline}"
    header = ["policy", more, "by formula", "likely", "needed", "power there"]
    return "\n".join(
        [
            "REPLICATIONS, to rank policies in simulation",
            wrapped(
                f"To find a true difference in mean {ranking.metric} of {number(ranking.difference)}"
                f"{_relative(ranking)} {_terms(ranking.goal)}, paired by replication:"
            ),
            "",
            text_table(header, [_row(rank) for rank in ranking.ranks]),
            "",
            wrapped(_answer(ranking, scenario_replications)),
            *_wrapped(_notes(ranking)),
        ]
    )


def field_text(test: FieldTest) -> str:
    """Fans, sends and days of a field test."""
    traffic = test.traffic
    rates = f"{_rate(traffic.rate)} changed to {_rate(test.other_rate)} (+{100 * test.goal.difference:g} %)"
    return "\n".join(
        [
            "SENDS, for the deployed system to see a difference in the field",
            wrapped(f"To find a conversion rate of {rates} {_terms(test.goal)}, with two arms of equal size:"),
            "",
            text_table(["", "each arm", "both arms"], _field_rows(test)),
            "",
            text_table(["holdout", "deployed rule", "new rule", "time"], _holdout_rows(test)),
            "",
            *_wrapped(_field_notes(test)),
        ]
    )


def _terms(goal: Goal) -> str:
    return f"at {100 * goal.confidence:.6g} % confidence, two-sided, with power {100 * goal.power:.6g} %"


def _relative(ranking: Ranking) -> str:
    if not ranking.goal.relative:
        return ""
    mean = ranking.baseline_mean
    limits = interval(mean.low, mean.high, 3)
    return f" ({100 * ranking.goal.difference:g} % of the mean of {ranking.baseline}, {number(mean.value)} {limits})"


def _row(rank: Rank) -> list[str]:
    plan = rank.plan
    low, high = plan.likely
    return [
        rank.policy,
        f"{number(rank.pilot.value, 3)} {interval(rank.pilot.low, rank.pilot.high, 3)}",
        f"{plan.closed_form:,}",
        f"{low:,}–{high:,}",
        f"{rank.needed:,}",
        _power(plan.simulated),
    ]


def _power(simulated: Estimate | None) -> str:
    return "–" if simulated is None else f"{100 * simulated.value:.1f} %"


def _answer(ranking: Ranking, planned: int) -> str:
    if planned >= ranking.needed:
        return f"Needed for all: {ranking.needed:,} replications. The scenario's {planned:,} are enough."
    hint = f"--set replications={ranking.needed}"
    return f"Needed for all: {ranking.needed:,} replications. The scenario's {planned:,} are too few: {hint}"


def _notes(ranking: Ranking) -> list[str]:
    rivals = len(ranking.ranks)
    together = 1.0 - (1.0 - ranking.goal.confidence) / rivals
    several = f"Each comparison is taken alone; for all {rivals} at once: --confidence {together:.4g} (Bonferroni)."
    return [
        f"Pilot: the scenario's first {ranking.pilot:,} replications; its own differences stand in the second column, "
        f"with {100 * ranking.goal.confidence:g} % intervals.",
        "By formula: power of the paired t test at the pilot's standard deviation. Likely: where the formula would "
        "lie "
        "for other pilots of this size (90 %). Power there: how often the reports' own test finds the difference in "
        f"resampled pilot replications{_error(ranking)}.",
        *([several] if rivals > 1 else []),
        *_warnings(ranking),
    ]


def _error(ranking: Ranking) -> str:
    """The largest error of simulation of the power in the table; empty where nothing was simulated."""
    found = [rank.plan.simulated for rank in ranking.ranks if rank.plan.simulated is not None]
    errors = [(each.high - each.low) / 2 for each in found if each.high is not None and each.low is not None]
    return f" (± {100 * max(errors):.1f} points)" if errors else ""


def _warnings(ranking: Ranking) -> list[str]:
    ranks = ranking.ranks
    cases = [
        (
            [f"{rank.policy} ({rank.shortage.why})" for rank in ranks if rank.shortage],
            "Warning: the pilot does not know the cost of lock-out, and needed is raised until it can be known: {}.",
        ),
        (
            [f"{rank.policy} (skewness {number(rank.skewness, 3)})" for rank in ranks if rank.skewed],
            "Warning: skewed differences: {}. Rare, extreme replications decide the spread, and a pilot of "
            f"{ranking.pilot:,} hardly knows them: take the upper end of likely, or a larger --pilot.",
        ),
        (
            [rank.policy for rank in ranks if rank.sd == 0.0],
            f"Warning: the same difference from {ranking.baseline} in every replication of the pilot: {{}}. A test "
            "needs 2 replications at least; a pilot without spread can say no more.",
        ),
        (
            [rank.policy for rank in ranks if rank.plan.needed > rank.plan.closed_form],
            "Simulation finds too little power at the formula's number, and needed is raised to what suffices: {}.",
        ),
        (
            [rank.policy for rank in ranks if rank.plan.simulated is None and rank.sd > 0.0],
            f"Above {MOST_SIMULATED:,} replications the formula is not checked by simulation: {{}}.",
        ),
    ]
    return [text.format(", ".join(names)) for names, text in cases if names]


def _field_rows(test: FieldTest) -> list[list[str]]:
    traffic = test.traffic
    rows: list[tuple[str, int]] = []
    if traffic.fans_per_send > 1.0:
        rows.append(("fans, were they independent", test.fans.arm))
    if traffic.design_effect > 1.0:
        rows.append((f"fans, design effect {number(traffic.design_effect, 3)}", test.fans_an_arm))
    each = "one fan" if traffic.fans_per_send == 1.0 else f"{number(traffic.fans_per_send)} fans"
    rows.append((f"sends, of {each} each", test.sends_an_arm))
    return [[label, f"{arm:,}", f"{2 * arm:,}"] for label, arm in rows]


def _holdout_rows(test: FieldTest) -> list[list[str]]:
    """How to divide the sends: a smaller share for the deployed rule takes longer."""
    return [
        [
            f"{100 * plan.share:.0f}/{100 * (1 - plan.share):.0f}",
            f"{plan.kept:,} sends",
            f"{plan.changed:,} sends",
            "–" if math.isnan(plan.days) else in_words(plan.days),
        ]
        for plan in holdouts(test)
    ]


def _field_notes(test: FieldTest) -> list[str]:
    traffic, notes = test.traffic, []
    if not math.isnan(test.days):
        sends = number(traffic.sends_per_day)
        notes.append(f"That takes {number(test.days, 3)} days at {sends} such sends a day, all pages of the scenario.")
    notes.append(f"Rate: {traffic.source}.")
    notes.append(
        "By formula: Fleiss, Levin & Paik (2003), eq. 4.14, the pooled z test of two proportions. Its power in "
        f"simulated experiments with independent fans: {_power(test.fans.simulated)}."
    )
    if traffic.design_effect > 1.0:
        notes.append(
            "Design effect: fans of one send share its caption, hour and luck, so that the rate varies "
            f"{number(traffic.design_effect, 3)} times as much as over independent fans, and needs so many times more."
        )
    return notes


def _wrapped(notes: Iterable[str]) -> list[str]:
    return [hanging(f"- {note}", 2, COLUMNS) for note in notes]


def _rate(rate: float) -> str:
    return f"{number(100 * rate)} %"
