"""What the terms of the report mean, and what a simulation cannot show."""

from reports.content import Definitions, Paragraph, Section
from reports.report_input import ReportInput
from reports.sections.base import ReportSection

LOCKED_OUT = (
    "share of {whole} that end with probability exactly 0 of sending the best caption next; "
    "not stated for deterministic policies that return to every caption"
)
BEST = "share of pulls that went to the best choice"
BEST_PRICED = (
    "share of priced messages whose caption is among those that the best choice of its day would send; "
    "unpriced messages sell nothing and do not count"
)
CAVEATS = (
    "A simulation answers for its own world: what it does not model (fans who tire of a page, rivals, a change of "
    "taste) it cannot show.",
    "Rates, delays and prices are those of the scenario; where they are wrong, dollars are wrong in proportion, and "
    "ranks may be.",
    "Intervals say how sure the simulation is of its own means, not how near its world is to the real one.",
    "The policy that does best is chosen among several by the same data, so its lead is, on average, somewhat "
    "overstated; the "
    "adjusted p-values and simultaneous intervals allow for that.",
)


def definitions(data: ReportInput) -> Section:
    """Definitions and caveats."""
    tiers = " (price tier by price tier)" if data.scenario.world.kind == "traffic" else ""
    whole = "replications" if data.scenario.world_kind.one_page else f"pages{tiers}"
    unit = data.reward_unit
    items = [
        ("replication", "one simulated history with its own luck; all policies of a replication share that luck"),
        (
            "gain",
            "the mean of a policy minus that of the baseline; its interval holds together with those of all policies",
        ),
        ("shortfall", "the mean of perfect choice (the oracle) minus that of a policy"),
        ("possible gain", "perfect choice minus random choice (uniform)"),
        (
            "regret",
            f"pseudo-regret: {unit} expected of the best choice at each moment, minus {unit} expected of the choice "
            "made; summed",
        ),
        ("reward", f"{unit} per replication"),
        (
            "95 % interval",
            "for the mean over replications: Student's t, or bootstrap-t where regret is skewed; Wilson's for shares",
        ),
        ("q05, median, q95", "quantiles over replications: one in twenty does worse than q95"),
        ("worst 1 %", "mean regret of the worst 1 % of replications (at least one): the expected shortfall"),
        ("best arm", BEST_PRICED if data.money else BEST),
        ("locked out", LOCKED_OUT.format(whole=whole)),
        (
            "P(best)",
            "share of replications in which the policy has the least regret of all, oracles apart; ties count for each",
        ),
        ("mean rank", "1 is best; ties share the better rank"),
        ("oracle", "a policy that knows the true rates: the ceiling, never a candidate"),
        ("baseline", f"the policy that others are compared with, here {data.baseline}"),
        ("simultaneous", "interval that holds for all comparisons of its table at once"),
        (
            "adjusted p",
            "chance of so large a difference between equal policies, allowing for the number of comparisons (Holm)",
        ),
        ("better in", "share of replications in which the policy is strictly better than the baseline"),
    ]
    if data.money:
        items.append(("$ per page and month", "revenue divided by pages and by months of 365.25 / 12 days"))
    return Section("words", "Definitions and caveats", [Definitions(items), *(Paragraph(caveat) for caveat in CAVEATS)])


SECTION = ReportSection(order=90, build=definitions)
