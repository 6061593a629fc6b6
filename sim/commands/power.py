"""`power`: how many replications, and how many sends in the field, a comparison needs."""

from dataclasses import replace
from math import isnan
from typing import TYPE_CHECKING, Any

import click

from sim.commands.options import Count, overrides_option, scenario_argument, workers_option
from sim.commands.output import Output, output_options
from sim.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from reports.estimators.power import FieldTraffic
    from reports.power_plan import FieldTest, Goal
    from sim.scenario import PolicySpec, Scenario

DEPLOYED = "wilson_sample"


@click.command()
@scenario_argument
@click.option(
    "--difference",
    required=True,
    metavar="D",
    help="The difference to detect: 5% of the baseline's mean, or a number in units of the metric.",
)
@click.option("--confidence", default="0.95", show_default=True, metavar="C", help="Confidence of the two-sided test.")
@click.option("--power", default="0.8", show_default=True, metavar="P", help="Probability of detecting the difference.")
@click.option("--baseline", metavar="POLICY", help="[default: wilson_sample, or the scenario's first policy]")
@click.option("--policy", "names", multiple=True, metavar="POLICY", help="Compare only this policy; may be repeated.")
@click.option(
    "--metric",
    type=click.Choice(["regret", "reward", "revenue_usd"]),
    default="regret",
    show_default=True,
    help="The metric that is compared.",
)
@click.option("--pilot", type=Count(2, 100_000), metavar="N", help="Replications of the pilot.  [default: up to 100]")
@click.option("--rate", metavar="R", help="Conversion rate in the field.  [default: the scenario's]")
@click.option("--lift", metavar="D%", help="Relative difference in the field.  [default: --difference, where in %]")
@workers_option
@overrides_option
@output_options
def command(
    *,
    scenario: str,
    difference: str,
    confidence: str,
    power: str,
    baseline: str | None,
    names: tuple[str, ...],
    metric: str,
    pilot: int | None,
    rate: str | None,
    lift: str | None,
    workers: int | None,
    overrides: tuple[str, ...],
    output: Output,
) -> None:
    """How many replications of SCENARIO, and sends in the field, show that policies differ.

    A pilot (the scenario's first replications) tells how much the paired differences between policies vary. Every size
    comes from a formula and is checked by simulation. Nothing is written.
    """
    from reports.decision.from_run import tails
    from reports.power_plan import plan_ranking, ranking_data
    from reports.power_text import field_text, ranking_text
    from reports.tables.rows import by_policy
    from sim.pilot import unlucky_pilot
    from sim.scenario import load

    goal = _goal(difference, confidence, power)
    in_field = _field_goal(goal, lift)
    given_rate = None if rate is None else _share(rate, "--rate")
    loaded = load(scenario, overrides)
    loaded.require_files()
    if metric == "revenue_usd" and not loaded.world.has_money:
        raise InputError(
            f"a {loaded.world.kind} world has no money: revenue_usd is 0 throughout{loaded.world.money_hint}"
        )
    base, others = _policies(loaded, baseline, names)
    test = None if in_field is None else _field(loaded, base, in_field, given_rate, output)  # soon, and may refuse
    rows = _pilot(loaded, [base.name, *others], pilot, workers, output)
    _note_absolute(goal, difference, base.name, rows[metric].filter(rows["policy"] == base.name), output)
    unlucky = unlucky_pilot(loaded, [base.name, *others], rows["replication"].n_unique())
    seen = tails(loaded, by_policy(rows), unlucky)
    ranking = plan_ranking(rows, base.name, others, metric, goal, tails=seen)
    data: dict[str, Any] = {"scenario": loaded.name, "digest": loaded.digest, "ranking": ranking_data(ranking)}
    data["field"] = None if test is None else _field_data(test)
    told = "SENDS in the field: for these, give --lift, such as 10%." if test is None else field_text(test)
    output.result(data, f"{ranking_text(ranking, loaded.replications)}\n\n{told}")


def _field_data(test: "FieldTest") -> dict[str, Any]:
    from reports.field_words import holdouts, in_words
    from reports.power_plan import field_data

    plans = [
        {"deployed_share": plan.share, "deployed_sends": plan.kept, "new_sends": plan.changed, "days": plan.days}
        for plan in holdouts(test)
    ]
    return {**field_data(test), "words": None if isnan(test.days) else in_words(test.days), "holdouts": plans}


def _note_absolute(goal: "Goal", difference: str, base: str, pilot: "pl.Series", output: Output) -> None:
    """A difference without % is a number of the metric: say how it compares with the baseline's mean."""
    if not goal.relative:
        mean = float(pilot.to_numpy().mean())
        share = f", {100 * goal.difference / abs(mean):,.3g} % of the mean of {base} ({mean:,.4g})" if mean else ""
        meant = f"; did you mean {difference.strip()}%?" if 1.0 <= goal.difference < 100.0 else ""
        output.note(f"--difference {difference.strip()} is in units of {pilot.name} per replication{share}{meant}")
    output.note("finding the sizes, and checking them by simulation …")


def _goal(difference: str, confidence: str, power: str) -> "Goal":
    from reports.power_plan import Goal, parse_amount

    value, relative = parse_amount(difference, "--difference")
    return Goal(value, relative, _share(confidence, "--confidence"), _share(power, "--power"))


def _field_goal(goal: "Goal", lift: str | None) -> "Goal | None":
    if lift is None:
        return goal if goal.relative else None
    from reports.power_plan import parse_amount

    value, per_cent = parse_amount(lift, "--lift")
    if not per_cent:
        raise InputError(f"--lift is a percentage, got {lift!r}", "Such as --lift 10%")
    return replace(goal, difference=value, relative=True)


def _share(text: str, option: str) -> float:
    from reports.power_plan import parse_amount

    value, _ = parse_amount(text, option)
    if not 0.0 < value < 1.0:
        raise InputError(f"{option} must lie between 0 and 1, got {text}", f"Such as {option} 0.9, or {option} 90%")
    return value


def _policies(scenario: "Scenario", baseline: str | None, names: tuple[str, ...]) -> "tuple[PolicySpec, list[str]]":
    """The baseline, and the names of those compared with it."""
    known = {spec.name: spec for spec in scenario.policies}
    for name in (*names, *([] if baseline is None else [baseline])):
        if name not in known:
            raise InputError(f"the scenario has no policy {name!r}", f"It has: {', '.join(known)}")
    base = known[baseline] if baseline is not None else _deployed(scenario)
    others = [name for name in known if name != base.name and (not names or name in names)]
    if not others:
        raise InputError(
            f"there is nothing to compare {base.name} with",
            "A comparison needs two policies of the scenario: see --baseline and --policy",
        )
    return base, others


def _deployed(scenario: "Scenario") -> "PolicySpec":
    by_name = [spec for spec in scenario.policies if spec.name == DEPLOYED]
    by_kind = [spec for spec in scenario.policies if spec.kind == DEPLOYED]
    return [*by_name, *by_kind, *scenario.policies][0]


def _pilot(
    scenario: "Scenario", names: list[str], count: int | None, workers: int | None, output: Output
) -> "pl.DataFrame":
    from sim.backends.local import default_workers
    from sim.commands.progress import progress
    from sim.pilot import pilot_size, simulate_pilot

    used = workers or default_workers()
    size = count or pilot_size(scenario, len(names), used)
    output.note(f"{scenario.name}: pilot of {size:,} replications × {len(names)} policies")
    with progress(output, "replications") as tell:
        return simulate_pilot(scenario, names, size, used, tell)


def _field(scenario: "Scenario", base: "PolicySpec", goal: "Goal", rate: float | None, output: Output) -> "FieldTest":
    from reports.power_plan import plan_field

    return plan_field(_traffic(scenario, base, rate, output), goal)


def _traffic(scenario: "Scenario", base: "PolicySpec", rate: float | None, output: Output) -> "FieldTraffic":
    from sim.pilot import traffic

    if scenario.world_kind.tiers:  # then the field is simulated, which takes a moment
        output.note(f"{scenario.name}: sends of {base.name}, for the conversion rate in the field")
    measured = traffic(scenario, base)
    return measured if rate is None else replace(measured, rate=rate, source="as given by --rate")
