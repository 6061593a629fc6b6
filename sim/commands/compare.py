"""`compare`: runs side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.commands.options import FolderOrUrl, LocalPath
from sim.commands.output import Output, output_options
from sim.errors import InputError

if TYPE_CHECKING:
    from reports.compare import Change, Comparison
    from sim.api import Run


@click.command()
@click.argument("runs", metavar="RUN RUN [RUN]…", nargs=-1, type=FolderOrUrl())
@click.option("--out", type=LocalPath(), metavar="DIR", help="Write compare.html, compare.md, figures/ here.")
@click.option("--dry-run", is_flag=True, help="With --out: say what would be written; write nothing.")
@output_options
def command(runs: tuple[Path | str, ...], out: Path | None, dry_run: bool, output: Output) -> None:
    """Compare each later RUN with the first, policy by policy.

    Replications are paired where both runs have the same seed, world and number of replications; otherwise the two
    runs are taken as independent. P-values are adjusted (Holm) for the number of policies. Leads over the baseline are
    in dollars per page and month where the world has money. With three runs or more, --out DIR gets a folder per run.
    """
    if len(runs) < 2:
        raise InputError("compare needs at least two runs", "Usage: compare RUN RUN [RUN]…")
    from reports.leads import titles
    from sim.api import load_run

    opened = [load_run(path) for path in runs]
    names = titles(opened)
    found = [
        _compared((opened[0], other), (names[0], name), _folder(out, name, len(runs)), dry_run)
        for other, name in zip(opened[1:], names[1:], strict=True)
    ]
    data = {"runs": names, "comparisons": [each for each, _ in found]}
    output.result(data | found[0][0] if len(found) == 1 else data, "\n\n\n".join(text for _, text in found))


def _folder(out: Path | None, name: str, count: int) -> Path | None:
    return out if out is None or count == 2 else out / name.replace("/", "-")


def _compared(
    runs: "tuple[Run, Run]", names: tuple[str, str], out: Path | None, dry_run: bool
) -> tuple[dict[str, Any], str]:
    """The second run against the first, as data and as text; the page is written where there is an `out`."""
    from reports.compare import compare
    from reports.leads import leads
    from reports.leads_text import leads_data, leads_text

    comparison = compare(*runs)
    found = leads(*runs, paired=comparison.paired)
    data = _data(comparison) | _decisions(*runs) | {"first": names[0], "second": names[1], "leads": leads_data(found)}
    heading = f"{names[0]} → {names[1]}"
    said = [_decision_text(runs, names), leads_text(found), _regret(comparison, runs[0])]
    text = "\n\n".join([heading, _scenarios(comparison), *said])
    if out is not None and dry_run:
        files = [str(out / name) for name in ("compare.html", "compare.md", "figures")]
        return data | {"would_write": files}, text + "\n\nwould write\n  " + "\n  ".join(files)
    if out is not None:
        from reports.compare_report import write_comparison

        page = str(write_comparison(*runs, comparison, out))
        return data | {"page": page}, f"{text}\n\npage: {page}"
    return data, text


def _decisions(first: "Run", second: "Run") -> dict[str, Any]:
    """The decision of the second run, and that of the first beside it."""
    from reports.decision.data import decision_data

    return {
        "decision": decision_data(second.decision, second.who_gains, str(second.path)),
        "first_decision": decision_data(first.decision, first.who_gains, str(first.path)),
    }


def _decision_text(runs: "Sequence[Run]", names: Sequence[str]) -> str:
    from reports.decision.text import headline
    from reports.formatting import wrapped

    return "\n".join(wrapped(f"{name}: {headline(run.decision)}") for name, run in zip(names, runs, strict=True))


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


def _scenarios(comparison: "Comparison") -> str:
    """What the scenarios differ in, and how the runs are compared."""
    from reports.compare import UNLIKE_LENGTHS
    from reports.formatting import wrapped

    lines = ["scenarios are the same"] if not comparison.scenario else ["scenarios differ in"]
    lines += [f"  {key}: {a} -> {b}" for key, (a, b) in comparison.scenario.items()]
    lines += ["", wrapped(UNLIKE_LENGTHS)] if comparison.unlike_lengths else []
    lines += ["", "paired by replication" if comparison.paired else "independent runs"]
    for which, names in (("first", comparison.only_first), ("second", comparison.only_second)):
        lines += [f"only in the {which}: {', '.join(names)}"] if names else []
    return "\n".join(lines)


def _regret(comparison: "Comparison", first: "Run") -> str:
    from reports.formatting import text_table

    header = ["policy", "regret", "then", "difference", "95 % interval", "adjusted p"]
    table = [text_table(header, [_row(change) for change in comparison.changes])] if comparison.changes else []
    return "\n".join([f"Mean regret per replication ({first.scenario.world_kind.reward})", *table])


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
