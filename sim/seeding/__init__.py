"""Pre-production load data: rows of caption_bandit_stats as after months of traffic, any number of them.

    plan = SeedPlan(rows=100_000_000, seed=7)
    for part in plan.parts():
        write_part(plan, part, folder / part.name)

A row is a pure function of (seed, its index, its page): neither part size nor number of workers changes a bit.
"""

from sim.seeding.figures import SeedFigures, traffic_figures
from sim.seeding.plan import PartPlan, SeedPlan
from sim.seeding.writing import write_part, write_parts

__all__ = ["PartPlan", "SeedFigures", "SeedPlan", "traffic_figures", "write_part", "write_parts"]
