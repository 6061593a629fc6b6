"""Soak: random scenarios one after the other, without a failure and without growing memory.

The full form runs for two hours, or for `--minutes`; `--log-cli-level INFO` shows the memory after each round.
"""

import logging
import random
import shutil
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sim
from reliability.harness import Tries

pytestmark = pytest.mark.slow
LOG = logging.getLogger(__name__)

POLICIES = ("wilson_sample", "wilson_lower", "thompson_beta", "ucb1", "kl_ucb", "greedy", "uniform", "exp3", "oracle")
SHORT = 4
MINUTES = 120
SHAPES = 40  # then shapes of scenarios repeat, with other seeds: each new shape compiles or loads kernels, which stay
GROWTH_KILOBYTES = 100_000


def scenario(dice: random.Random) -> dict[str, Any]:
    """A small bernoulli scenario of any kind."""
    arms = dice.randint(2, 12)
    prior = {"beta": [dice.choice([0.1, 1, 20]), dice.choice([0.1, 1, 20])]}
    world: dict[str, Any] = {"kind": "bernoulli", "arms": arms, "prior": prior}
    if dice.random() < 0.3:
        world["churn"] = {"probability": dice.choice([0.001, 0.1, 1.0])}
    delay = dice.choice([0, 1, 50, {"geometric": 5}])
    return {
        "name": "soak",
        "replications": dice.randint(1, 6),
        "horizon": {"pulls": dice.randint(1, 400)},
        "world": world,
        "feedback": {"refresh_every": dice.choice([1, 3, 1_000]), "delay": delay},
        "policies": dice.sample(POLICIES, dice.randint(1, 4)),
        "record": {"stats": dice.choice(["all", "last", "none"]), "sends": dice.random() < 0.3},
    }


def soak(folder: Path, dice: random.Random, seed: int) -> None:
    content = {**scenario(dice), "seed": seed}
    run = sim.run(content, folder, report=False)
    for table in (run.replications, run.curves):
        numbers = table.select(pl.selectors.float()).drop_nulls()
        assert numbers.select(pl.all_horizontal(pl.all().is_finite()).all()).item(), content
    again = sim.run(content, folder, report=False, resume=True)
    assert again.replications.equals(run.replications)


def resident_kilobytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_random_scenarios_run_and_hold_no_nan(tmp_path: Path) -> None:
    dice = random.Random(30)
    for number in range(SHORT):
        soak(tmp_path / str(number), dice, number)


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
def test_a_long_soak_keeps_memory_flat(tmp_path: Path, request: pytest.FixtureRequest, tries: Tries) -> None:
    seeds, before, end = random.Random(31), 0, time.monotonic() + 60 * MINUTES
    limited = request.config.getoption("--minutes") is not None
    for number in tries(0):
        soak(tmp_path / str(number), random.Random(1_000 + number % SHAPES), seeds.randrange(2**62))
        shutil.rmtree(tmp_path / str(number))
        if number % SHAPES == 0:
            LOG.info("%d scenarios: %d kB", number, resident_kilobytes())
        if number == SHAPES:
            before = resident_kilobytes()
        if not limited and time.monotonic() > end:
            break
    if not before:
        pytest.skip(f"fewer than {SHAPES} scenarios: memory is not compared")
    assert resident_kilobytes() - before < GROWTH_KILOBYTES
