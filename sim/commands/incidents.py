"""`incidents`: what each incident of a scenario costs, against the same run without it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.commands.options import LocalPath, overrides_option, scenario_argument, workers_option
from sim.commands.output import Output, output_options

if TYPE_CHECKING:
    import polars as pl


@click.command()
@scenario_argument
@click.option("--out", type=LocalPath(), metavar="DIR", help="Where.  [default: runs/<name>-incidents]")
@workers_option
@overrides_option
@click.option("--dry-run", is_flag=True, help="List the runs; write nothing.")
@output_options
def command(
    *,
    scenario: str,
    out: Path | None,
    workers: int | None,
    overrides: tuple[str, ...],
    dry_run: bool,
    output: Output,
) -> None:
    """Run SCENARIO as it is, and once more without each of its incidents.

    The folder DIR then holds the run `all`, whose report says what each incident cost, and a run per incident without
    it. Costs are paired by replication. A repeated command resumes what is missing.
    """
    from sim.backends.local import default_workers
    from sim.incident_costs import incident_runs, make_runs, run_costs
    from sim.scenario import load

    loaded = load(scenario, overrides)
    folder, runs = out or Path("runs") / f"{loaded.name}-incidents", incident_runs(loaded)
    if dry_run:
        paths = [str(folder / name) for name in runs]
        output.result({"would_write": paths}, "would write\n  " + "\n  ".join(paths))
        return
    made = make_runs(runs, folder, workers or default_workers())
    costs = run_costs(made)
    page = str(made["all"].report())
    output.result({"incidents": costs.to_dicts(), "report": page}, f"{_text(costs)}\n\nreport: {page}")


def _text(costs: "pl.DataFrame") -> str:
    from reports.formatting import interval, number, percent, text_table

    rows = [
        [
            f"{row['incident']} {row['kind']}",
            row["policy"],
            number(row["cost_usd"]),
            interval(row["ci_low"], row["ci_high"]),
            percent(row["cost_share"]),
        ]
        for row in costs.to_dicts()
    ]
    return text_table(["incident", "policy", "cost ($)", "95 % interval", "of revenue"], rows)
