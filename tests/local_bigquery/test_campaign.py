"""Loads that are done exactly once: a campaign of schedules of faults, and of kills, through the faulty proxy.

    python -m pytest -m long tests/local_bigquery/test_campaign.py --minutes 8

Each schedule spoils a random share of the requests: refusals (429, 503), dropped connections, lost answers. The command
is repeated until it ends well; the table then holds every row once.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sim.cli import exit_code
from sim.warehouse.bigquery import client as client_module

pytestmark = pytest.mark.slow

ROWS = 2_000
SEED = ["seed", "--rows", str(ROWS), "--part-rows", "1000", "--workers", "1", "--quiet"]
SCHEDULES = 2_000
KILLS = 200
REPEATS = 40
Tries = Callable[[int], Iterator[int]]


def held(dataset: Any) -> tuple[int, int, int]:
    """Rows, different keys, and the number of tables of the dataset."""
    keys = "COUNT(DISTINCT CONCAT(page_name, '/', CAST(caption_id AS STRING)))"
    [(rows, distinct)] = dataset.rows(f"SELECT COUNT(*), {keys} FROM {{d}}.caption_bandit_stats")
    return rows, distinct, len(list(dataset.client.list_tables(dataset.name)))


def emptied(dataset: Any) -> None:
    for table in dataset.client.list_tables(dataset.name):
        dataset.client.delete_table(table)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries of some milliseconds: the faults pass at once."""
    from google.cloud.bigquery.retry import DEFAULT_RETRY

    quick = DEFAULT_RETRY.with_timeout(2.0).with_delay(initial=0.005, maximum=0.02, multiplier=1.5)
    monkeypatch.setattr(client_module, "PAUSE_SECONDS", (0.002, 0.02))
    for module in [module for name, module in sys.modules.items() if name.startswith("sim.warehouse.bigquery")]:
        if hasattr(module, "retry"):
            monkeypatch.setattr(module, "retry", lambda *_: quick)


def repeated(dataset: Any) -> int:
    """Repeat the command until it ends well; how often it was run."""
    for count in range(1, REPEATS + 1):
        code = exit_code([*SEED, *dataset.arguments])
        if code == 0:
            return count
        assert code == 4
    raise AssertionError(f"not loaded after {REPEATS} repeats")


@pytest.mark.long
def test_no_schedule_of_faults_loses_or_doubles_a_row(dataset: Any, faults: Any, hasty: None, tries: Tries) -> None:
    spoilt = 0
    for number in tries(SCHEDULES):
        faults.storm = (random.Random(number), random.Random(f"share {number}").choice([0.05, 0.15, 0.3, 0.5]))
        before = len(faults.seen)
        repeated(dataset)
        faults.storm = None
        spoilt += sum(kind is not None for _, kind in faults.seen[before:])
        assert held(dataset) == (ROWS, ROWS, 2), number
        emptied(dataset)
        faults.seen.clear()
    assert spoilt


@pytest.mark.long
def test_no_kill_loses_or_doubles_a_row(dataset: Any, faults: Any, tries: Tries) -> None:
    environment = os.environ | {"BIGQUERY_EMULATOR_HOST": f"http://127.0.0.1:{faults.port}"}
    command = [sys.executable, "-m", "sim", *SEED, *dataset.arguments]
    dice, killed = random.Random(9), 0
    for number in tries(KILLS):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not faults.seen and process.poll() is None:  # it imports
            time.sleep(0.01)
        time.sleep(dice.uniform(0.0, 1.0))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        if number % 3 == 2:  # several kills in one load, then to the end
            assert exit_code([*SEED, *dataset.arguments]) == 0
            assert held(dataset) == (ROWS, ROWS, 2), number
            emptied(dataset)
        faults.seen.clear()
    assert killed
