"""The unlucky replications of a run beside its own: stratified samples of each policy (docs/decision.md)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from reports.estimators.intervals import Floats
from reports.estimators.split import Groups
from reports.estimators.strata import Counts, Strata
from reports.tables.rows import by_policy, column

METRICS = frozenset(("reward", "regret", "best_share", "locked_out"))


@dataclass(frozen=True)
class Unlucky:
    """Rows of each policy in the unlucky replications; `strata` are those of the run's replications, then theirs."""

    rows: Mapping[str, pl.DataFrame]
    strata: Strata

    def sample(self, policy: str, metric: str, own: Floats) -> Floats | None:
        """The values of the run's own replications, then of the unlucky ones; None where these have no such metric."""
        if metric not in METRICS or policy not in self.rows or not self.strata.enough:
            return None
        return np.concatenate([own, column(self.rows[policy], metric)])

    def locked_out(self, policy: str) -> Groups:
        """1 where the policy ends locked out, of each unlucky replication."""
        return column(self.rows[policy], "locked_out").astype(np.int8)


def read_unlucky(rows: pl.DataFrame | None, strata: pl.DataFrame | None) -> Unlucky | None:
    """Of the run's tables; None where it has no unlucky replications."""
    if rows is None or strata is None:
        return None
    of_value: Counts = strata["stratum"].to_numpy()
    probability = np.zeros(int(of_value.max()) + 1)
    probability[of_value] = strata["probability"].to_numpy()
    return Unlucky(by_policy(rows), Strata(of_value, probability))
