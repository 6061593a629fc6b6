"""A seed plan as a load of caption_bandit_stats, for any target."""

from collections.abc import Collection, Iterator
from pathlib import Path

from sim.seeding.plan import DEFAULT_PART_ROWS, SeedPlan
from sim.seeding.writing import write_parts
from sim.warehouse.base import STATS
from sim.warehouse.load.loading import Load, Made


def seed_load(plan: SeedPlan, part_rows: int = DEFAULT_PART_ROWS, workers: int = 1) -> Load:
    """The rows of `plan`, made in parts of about `part_rows` rows by `workers` threads."""
    parts = plan.parts(part_rows)

    def write(done: Collection[int], folder: Path) -> Iterator[Made]:
        missing = [part for part in parts if part.index not in done]
        for part, path, totals in write_parts(plan, missing, folder, workers):
            yield part.index, path, totals

    return Load(STATS, f"seed-{plan.digest}", str(part_rows), len(parts), write, plan.description())
