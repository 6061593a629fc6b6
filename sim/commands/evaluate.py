"""`evaluate`: what other policies would have earned on a log."""

from pathlib import Path

import click

from sim.commands.options import BackendChoice, LocalPath, backend_options, named_columns
from sim.commands.output import Output, output_options


@click.command()
@click.argument("log", metavar="LOG")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="POLICY",
    help="Whose reward to estimate; may be repeated.  [uniform]",
)
@click.option("--estimator", "estimators", multiple=True, metavar="NAME", help="Only this one; may be repeated.")
@click.option("--columns", metavar="ROLE=NAME,…", help="Names of the columns stratum, action, reward, propensity, …")
@click.option("--reward", metavar="COLUMN", help="The column of the reward.  [earnings, or click]")
@click.option("--logged-by", metavar="POLICY", help="Of a run folder: whose sends.  [the first]")
@click.option("--rule", metavar="POLICY", help="Of a log without propensities: the policy that made it.")
@click.option("--snapshots", metavar="FILE|TARGET", help="With --rule: the table at each refresh, by snapshot_at.")
@click.option("--reward-limits", nargs=2, type=float, metavar="LOW HIGH", help="What a reward can be.  [of the log]")
@click.option("--training-share", type=click.FloatRange(0.0, 1.0), default=0.3, show_default=True,
              help="Part of the log, in front, that gives rules their counts.")  # fmt: skip
@click.option("--confidence", type=click.FloatRange(0.5, 0.9999), default=0.95, show_default=True)
@click.option("--out", type=LocalPath(), metavar="DIR", help="Write evaluation.html, .md, figures/ here.")
@backend_options
@click.option("--dry-run", is_flag=True, help="With --out: say what would be written; write nothing.")
@output_options
def command(
    *,
    log: str,
    policies: tuple[str, ...],
    estimators: tuple[str, ...],
    columns: str | None,
    reward: str | None,
    logged_by: str | None,
    rule: str | None,
    snapshots: str | None,
    reward_limits: tuple[float, float] | None,
    training_share: float,
    confidence: float,
    out: Path | None,
    backend: BackendChoice,
    dry_run: bool,
    output: Output,
) -> None:
    """Estimate from LOG what other policies would have earned (off-policy evaluation).

    LOG holds decisions with the probability (propensity) of each: a Parquet or CSV file, a folder of Parquet files, a
    run folder with recorded sends, or duckdb:FILE. Where it has none, --rule and --snapshots reconstruct them. POLICY
    is `uniform`, a rule such as wilson_sample (given the counts of the first part of the log), a file with the columns
    stratum, action and probability, or `logged` for a column of the log. Nothing is written to LOG.
    """
    from sim.evaluation.evaluate import ESTIMATORS, Options, evaluate
    from sim.evaluation.log import read_log, rule_from
    from sim.evaluation.text import data, text

    options = Options(
        estimators=estimators or ESTIMATORS,
        confidence=confidence,
        training_share=training_share,
        limits=reward_limits,
    )
    used = None if backend.name == "local" else backend.open(None)
    read = read_log(
        log,
        named_columns(columns, "action=item,reward=click"),
        policy=logged_by,
        reward=reward,
        rule=rule_from(rule, snapshots),
    )
    found = evaluate(read, policies or ("uniform",), options, source=log, backend=used)
    result, shown = data(found), text(found)
    if out is not None and dry_run:
        files = [str(out / name) for name in ("evaluation.html", "evaluation.md", "figures")]
        result, shown = result | {"would_write": files}, shown + "\n\nwould write\n  " + "\n  ".join(files)
    elif out is not None:
        from reports.evaluation_report import write_evaluation

        page = str(write_evaluation(found, out))
        result, shown = result | {"page": page}, f"{shown}\n\npage: {page}"
    output.result(result, shown)
