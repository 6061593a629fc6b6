"""The unlucky replications of a run (`world.unlucky`), under every policy: where they are from, and their tables."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.files import replacing
from sim.runs.early import early_rows, world_after
from sim.runs.folders.run_folder import UNLUCKY
from sim.runs.workload import can_be_early
from sim.worlds.bernoulli.luck import Unlucky, find_unlucky, luck_of

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.scenario import PolicySpec, Scenario

EARLY = 4  # early phases per unlucky replication


def write_unlucky(folder: Path, scenario: "Scenario") -> None:
    """Write the tables of a run that has unlucky replications."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - slow to import

    if not scenario.world.unlucky_wanted:
        return
    for name, table in unlucky_tables(scenario).items():
        with replacing(folder / name) as temporary:
            pq.write_table(table, temporary)


def unlucky_tables(scenario: "Scenario") -> "dict[str, pa.Table]":
    """By file name: rows of every policy in the unlucky replications, the stratum of every replication, early phases.

    docs/data-dictionary.md describes them.
    """
    import pyarrow as pa  # noqa: PLC0415

    rows_file, strata_file, early_file = UNLUCKY
    wanted = scenario.world.unlucky_wanted
    found, more = find_unlucky(scenario, wanted, EARLY * wanted)
    own = range(scenario.replications)
    strata = np.concatenate([found.strata_of(luck_of(scenario, own)), found.strata])
    early = [early_rows(scenario, spec, more, wanted) for spec in scenario.policies if can_be_early(spec)]
    tables = {early_file: pa.concat_tables(early)} if early else {}
    return tables | {
        rows_file: pa.concat_tables([_rows(scenario, spec, found) for spec in scenario.policies]),
        strata_file: pa.table(
            {
                "replication": np.array([*own, *found.numbers], np.int64),
                "stratum": strata,
                "probability": found.probability[strata],
            }
        ),
    }


def _rows(scenario: "Scenario", spec: "PolicySpec", found: Unlucky) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415

    world = world_after(scenario, spec, found.numbers, int(scenario.horizon.length))
    totals = world.totals()
    share = np.divide(
        totals.best_pulls, totals.ranked_pulls, out=np.zeros(len(found.numbers)), where=totals.ranked_pulls > 0
    )
    return pa.table(
        {
            "policy": pa.array([spec.name] * len(found.numbers)),
            "replication": np.array(found.numbers, np.int64),
            "stratum": found.strata,
            "reward": totals.reward.astype(np.float64),
            "regret": totals.regret,
            "best_share": share,
            "locked_out": world.locked_out_pages() > 0.0,
        }
    )
