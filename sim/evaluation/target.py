"""The target policy: with which probability it would have taken each action where the log was made.

| written as | target |
|---|---|
| uniform | every action that the log has in the stratum, equally often |
| logged | the column `target` of the log: the probability of the logged action alone |
| FILE.csv, FILE.parquet | columns action and probability, and stratum where there are several |
| wilson_sample, … | that rule, given the counts of a training part of the log: exact probabilities |
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from policies.base import Policy
from policies.registry import build, kinds
from sim.errors import InputError
from sim.evaluation.estimators import Floats
from sim.evaluation.log import Log
from sim.warehouse.send_logs import collect_log, of_unchanged, scan_log
from sim.wording import did_you_mean
from sim.worlds.selection.propensities import propensities

LOGGED = "logged"
SUM_ERROR = 1e-6  # of the probabilities of a stratum in a file


@dataclass(frozen=True, eq=False)
class Target:
    """`chance[stratum, action]`, rows adding up to 1; None where only the column `target` of the log is known."""

    name: str
    chance: Floats | None

    def weights(self, log: Log) -> Floats:
        """The probability of each logged action, divided by its propensity, (rows,)."""
        if self.chance is not None:
            weights: Floats = self.chance.take(log.cells)
            weights /= log.propensity
            return weights
        assert log.target is not None
        return log.target / log.propensity


@dataclass(frozen=True, eq=False)
class Counts:
    """Trials and successes of a training log, (strata, actions)."""

    trials: Floats
    successes: Floats


def sent_in(log: Log) -> NDArray[np.bool_]:
    """Which actions the log has in each stratum, (strata, actions)."""
    shape = len(log.strata), len(log.actions)
    return np.bincount(log.cells, minlength=shape[0] * shape[1]).reshape(shape) > 0


def counts_of(log: Log) -> Counts:
    """Trials and successes by stratum and action.

    A reward of 0 or 1 is its own label. Of other rewards a success is one above the stratum's median, as in the
    deployed update job.
    """
    shape, place = (len(log.strata), len(log.actions)), log.cells
    success = log.reward > 0.5 if set(np.unique(log.reward).tolist()) <= {0.0, 1.0} else log.reward > _medians(log)
    size = shape[0] * shape[1]
    sums: list[Floats] = [
        np.bincount(place, one, size).astype(np.float64) for one in (np.ones(log.rows), 1.0 * success)
    ]
    return Counts(*(each.reshape(shape) for each in sums))


def _medians(log: Log) -> Floats:
    """The median reward of the stratum of each row, (rows,)."""
    frame = pl.DataFrame({"stratum": log.stratum, "reward": log.reward})
    return frame.select(pl.col("reward").median().over("stratum"))["reward"].to_numpy()


def needs_training(name: str) -> bool:
    """Whether the target is a rule that looks at counts."""
    return name not in {"uniform", LOGGED} and Path(name).suffix not in {".csv", ".parquet"}


def target_of(name: str, log: Log, training: Log | None) -> Target:
    """The target `name` on the rows of `log`; rules use the counts of `training`.

    Raises InputError for a name that is none, a file that does not fit the log, and a rule without known probabilities.
    """
    if name == LOGGED:
        if log.target is None:
            raise InputError("policy `logged` needs a column with the target's probability: --columns target=COLUMN")
        return Target(name, None)
    if Path(name).suffix in {".csv", ".parquet"}:
        chance = _from_file(name, log)
    elif name == "uniform":
        sent = sent_in(log)
        chance = sent / np.maximum(sent.sum(axis=1, keepdims=True), 1)
    else:
        assert training is not None
        chance = _of_rule(_policy(name), training, sent_in(log) | sent_in(training))
    return Target(name, chance)


def _policy(name: str) -> Policy:
    if name not in kinds():
        known = [*kinds(), "uniform", LOGGED]
        raise InputError(f"unknown policy {name!r}{did_you_mean(name, known)}", "`python -m sim policies` lists all.")
    return build(name)


def _of_rule(policy: Policy, training: Log, available: NDArray[np.bool_]) -> Floats:
    counts = counts_of(training)
    chance = np.zeros(available.shape)
    for stratum, places in enumerate(available):
        if places.any():
            trials, successes = counts.trials[stratum, places], counts.successes[stratum, places]
            chance[stratum, places] = propensities(policy, trials, successes)
    return chance


@of_unchanged
def _from_file(name: str, log: Log) -> Floats:
    path = Path(name)
    if not path.is_file():
        raise InputError(f"{name}: no such file", "A target file has the columns action, probability and stratum.")
    table = collect_log(name, scan_log(name))
    for column in ("action", "probability", *(["stratum"] if len(log.strata) > 1 else [])):
        if column not in table.columns:
            raise InputError(f"{name}: has no column {column!r}{did_you_mean(column, table.columns)}")
    chance = np.zeros((len(log.strata), len(log.actions)))
    actions = {text: i for i, text in enumerate(log.actions)}
    strata = {text: i for i, text in enumerate(log.strata)}
    for row, line in enumerate(table.iter_rows(named=True), start=1):
        stratum, action = str(line.get("stratum", log.strata[0])), str(line["action"])
        value = line["probability"]
        if not isinstance(value, (int, float)) or not 0.0 <= value <= 1.0:
            raise InputError(f"{name}: row {row}: probability {value!r} is not between 0 and 1")
        if action not in actions and value > 0.0:
            raise InputError(
                f"{name}: row {row}: action {action} is not in the log",
                "Nothing can be said of a policy that takes an action which was never logged.",
            )
        if stratum in strata and action in actions:
            chance[strata[stratum], actions[action]] += value
    sums = chance.sum(axis=1)
    if (wrong := np.abs(sums - 1.0) > SUM_ERROR).any():
        index = int(np.argmax(wrong))
        raise InputError(f"{name}: the probabilities of stratum {log.strata[index]} add up to {sums[index]:.6g}, not 1")
    normalised: Floats = chance / sums[:, None]
    return normalised
