"""`sim.evaluate`: what other policies would have earned on a log, from Python."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sim.evaluation.evaluate import ESTIMATORS, TRAINING_SHARE, Evaluation, Options
from sim.evaluation.evaluate import evaluate as evaluate_log
from sim.evaluation.intervals import CONFIDENCE
from sim.evaluation.log import read_log, rule_from


def evaluate(
    log: str | Path,
    policies: str | Sequence[str] = "uniform",
    *,
    columns: Mapping[str, str] | None = None,
    reward: str | None = None,
    logged_by: str | None = None,
    rule: str | None = None,
    snapshots: str | None = None,
    estimators: Sequence[str] = ESTIMATORS,
    confidence: float = CONFIDENCE,
    training_share: float = TRAINING_SHARE,
    reward_limits: tuple[float, float] | None = None,
) -> Evaluation:
    """Estimate from a log of decisions what other policies would have earned; nothing is written.

    Args:
        log: a Parquet or CSV file, a folder of Parquet files, a run folder with recorded sends, or a target such as
            duckdb:FILE.
        policies: one or more of `uniform`, a kind of policy, a file of probabilities, `logged`.
        columns: role (stratum, action, reward, propensity, time, target, batch) → column.
        reward: the column of the reward.
        logged_by: of a run folder, whose sends.
        rule: of a log without propensities, the policy that made it.
        snapshots: with `rule`, the table that it read at each refresh (docs/evaluation.md).
        estimators: only these.
        confidence: of all intervals.
        training_share: part of the log, in front, that gives rules their counts.
        reward_limits: the least and the largest reward that is possible; by default those of the log.

    Returns:
        Estimates with intervals and diagnostics per policy: `found.policies[0].estimate("sndr")`.

    Raises:
        InputError: an argument, or a value of the log (with its row), makes no sense.
        StorageError: the log cannot be read.
    """
    names = [policies] if isinstance(policies, str) else list(policies)
    options = Options(tuple(estimators), confidence, training_share, limits=reward_limits)
    read = read_log(str(log), columns, policy=logged_by, reward=reward, rule=rule_from(rule, snapshots))
    return evaluate_log(read, names, options, str(log))
