"""A small load of seeded rows, and what lies on the disk after it."""

from sim.cli import exit_code
from sim.seeding import SeedPlan

PLAN = SeedPlan(rows=2_000, seed=3)
SEED = ["seed", "--rows", "2000", "--seed", "3", "--quiet"]


def seed(target, *options):
    return exit_code([*SEED, "--to", target, *options])


def tree(folder):
    """Every file below a folder with its content."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
