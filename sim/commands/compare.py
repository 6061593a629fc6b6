"""`compare`: two runs side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.commands.output import Output, output_options

if TYPE_CHECKING:
    from reports.compare import Change, Comparison
    from sim.api import Run


@click.command()
@click.argument("first", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("second", metavar="RUN", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Write compare.html, compare.md, figures/ here."
)
@click.option("--dry-run", is_flag=True, help="With --out: say what would be written; write nothing.")
@output_options
def command(first: Path, second: Path, out: Path | None, dry_run: bool, output: Output) -> None:
    """Compare the second RUN with the first, policy by policy.

    Replications are paired where both runs have the same seed, world and number of replications; otherwise the two
    runs are taken as independent. P-values are adjusted (Holm) for the number of policies.
    """
    from reports.compare import compare
    from sim.api import load_run

    runs = load_run(first), load_run(second)
    comparison = compare(*runs)
    data, text = _data(comparison) | _decisions(*runs), f"{_text(comparison)}\n\n{_decision_text(*runs)}"
    if out is not None and dry_run:
        files = [str(out / name) for name in ("compare.html", "compare.md", "figures")]
        data, text = data | {"would_write": files}, text + "\n\nwould write\n  " + "\n  ".join(files)
    elif out is not None:
        from reports.compare_report import write_comparison

        page = str(write_comparison(*runs, comparison, out))
        data, text = data | {"page": page}, f"{text}\n\npage: {page}"
    output.result(data, text)


def _decisions(first: "Run", second: "Run") -> dict[str, Any]:
    """The decision of the second run, and that of the first beside it."""
    from reports.decision.data import decision_data

    return {"decision": decision_data(second.decision), "first_decision": decision_data(first.decision)}


def _decision_text(first: "Run", second: "Run") -> str:
    from reports.decision.text import headline

    return f"first:  {headline(first.decision)}\nsecond: {headline(second.decision)}"


def _data(comparison: "Comparison") -> dict[str, Any]:
    return {
        "paired": comparison.paired,
        "scenario": {key: {"first": a, "second": b} for key, (a, b) in comparison.scenario.items()},
        "policies": [_change(change) for change in comparison.changes],
        "only_in_first": comparison.only_first,
        "only_in_second": comparison.only_second,
    }


def _change(change: "Change") -> dict[str, Any]:
    estimate = change.difference.estimate
    return {
        "policy": change.policy,
        "first_mean_regret": change.first,
        "second_mean_regret": change.second,
        "difference": estimate.value,
        "ci_low": estimate.low,
        "ci_high": estimate.high,
        "p_value": change.difference.p_value,
        "p_adjusted": change.p_adjusted,
        "ci_method": estimate.method,
    }


def _text(comparison: "Comparison") -> str:
    from reports.compare import UNLIKE_LENGTHS
    from reports.formatting import text_table

    lines = ["scenarios are the same"] if not comparison.scenario else ["scenarios differ in"]
    lines += [f"  {key}: {a} -> {b}" for key, (a, b) in comparison.scenario.items()]
    lines += ["", UNLIKE_LENGTHS] if comparison.unlike_lengths else []
    lines += ["", "paired by replication" if comparison.paired else "independent runs (Welch)"]
    if comparison.changes:
        header = ["policy", "mean regret", "then", "difference", "95 % interval", "adjusted p"]
        lines.append(text_table(header, [_row(change) for change in comparison.changes]))
    for which, names in (("first", comparison.only_first), ("second", comparison.only_second)):
        lines += [f"only in the {which}: {', '.join(names)}"] if names else []
    return "\n".join(lines)


def _row(change: "Change") -> list[str]:
    from reports.formatting import interval, number, p_value

    estimate = change.difference.estimate
    return [
        change.policy,
        number(change.first),
        number(change.second),
        number(estimate.value),
        interval(estimate.low, estimate.high),
        p_value(change.p_adjusted),
    ]
