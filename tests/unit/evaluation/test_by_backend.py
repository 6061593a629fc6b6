"""Policies evaluated by a backend: the same answer, in the order asked for."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sim.backends.executor import ExecutorBackend
from sim.evaluation.evaluate import evaluate
from sim.evaluation.log import read_log

ROWS = 400


def log(path: Path) -> Path:
    rng = np.random.default_rng(5)
    action, reward = rng.integers(0, 3, ROWS), rng.integers(0, 2, ROWS)
    lines = [f"a,{action[i]},{reward[i]},{1 / 3}" for i in range(ROWS)]
    path.write_text("\n".join(["stratum,action,reward,propensity", *lines]) + "\n")
    return path


@pytest.mark.slow
def test_the_answer_is_that_of_one_process(tmp_path: Path) -> None:
    columns = {name: name for name in ("stratum", "action", "reward", "propensity")}
    read = read_log(str(log(tmp_path / "log.csv")), columns)
    policies = ["uniform", "wilson_sample"]
    with ThreadPoolExecutor(2) as executor:
        found = evaluate(read, policies, backend=ExecutorBackend(executor))
    assert [one.policy for one in found.policies] == policies
    assert repr(found) == repr(evaluate(read, policies))
