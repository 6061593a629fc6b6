"""The unlucky replications of a run beside its own: stratified samples of each policy (docs/decision.md)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from reports.estimators.intervals import Floats
from reports.estimators.split import Groups
from reports.estimators.strata import Counts, Strata
from reports.tables.rows import by_policy, column

METRICS = frozenset(("reward", "regret", "best_share", "locked_out"))
LOCKED_OUT = "locked_out"


@dataclass(frozen=True)
class Unlucky:
    """Rows of each policy in the unlucky replications; `strata` are those of the run's replications, then theirs.

    `early` holds the early phases of policies that can be locked out, whose `estimate` has the mean of `locked_out`;
    they are the same replications for each of these policies.
    """

    rows: Mapping[str, pl.DataFrame]
    strata: Strata
    early: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def samples(self, own: Sequence[tuple[str, Floats]], metric: str) -> tuple[list[Floats], Strata] | None:
        """Values of each policy in the run's own replications, `own`, then in the unlucky ones, and their strata.

        None where these have no such metric. Lock-out has values of early phases at the end.
        """
        if metric not in METRICS or not self.strata.enough or any(name not in self.rows for name, _ in own):
            return None
        values = [np.concatenate([each, column(self.rows[name], metric)]) for name, each in own]
        early = [self.early.get(name) for name, _ in own] if metric == LOCKED_OUT else []
        known = [each for each in early if each is not None]
        if not known or len(known) < len(own):
            return values, self.strata
        joined = [np.append(each, column(more, "estimate")) for each, more in zip(values, known, strict=True)]
        return joined, Strata(np.append(self.strata.of_value, known[0]["stratum"]), self.strata.probability)

    def locked_out(self, policy: str) -> Groups:
        """1 where the policy ends locked out, of each unlucky replication."""
        return column(self.rows[policy], LOCKED_OUT).astype(np.int8)


def read_unlucky(table: Callable[[str], pl.DataFrame | None]) -> Unlucky | None:
    """Of the run's tables by name; None where it has no unlucky replications."""
    rows, strata, early = table("unlucky"), table("strata"), table("early")
    if rows is None or strata is None:
        return None
    of_value: Counts = strata["stratum"].to_numpy()
    probability = np.zeros(int(of_value.max()) + 1)
    probability[of_value] = strata["probability"].to_numpy()
    return Unlucky(by_policy(rows), Strata(of_value, probability), {} if early is None else by_policy(early))
