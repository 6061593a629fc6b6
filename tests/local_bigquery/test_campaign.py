"""Loads that are done exactly once: a campaign of schedules of faults, and of kills, through the faulty proxy.

    python -m pytest -m long tests/local_bigquery/test_campaign.py

Each schedule spoils a random share of the requests: refusals (429, 503), dropped connections, lost answers, uploads of
which half arrives. Kills end the command before or after the work of a random request. The command is repeated until it
ends well; the table then holds every row once. The server holds its tables in memory; `test_publishing.py` and
`test_local_bigquery.py` meet the same faults before a server that runs the statements.
"""

import os
import random
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from reliability.harness import Forks, Tries, amounts
from sim.cli import exit_code
from sim.warehouse.bigquery import client as client_module
from twins.memory_bigquery import Server, respond, serving, totals

pytestmark = pytest.mark.slow

ROWS = 2_000
SEED = ["seed", "--rows", str(ROWS), "--part-rows", "1000", "--workers", "1", "--quiet"]
REPEATS = 60
REQUESTS = 45  # of a load without faults, or a little more


@pytest.fixture(scope="module")
def memory() -> Iterator[Server]:
    pytest.importorskip("google.cloud.bigquery", reason="the extra `bigquery` is not installed")
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def server(memory: Server) -> int:
    """Stands for the server of conftest.py: its port."""
    return int(memory.server_address[1])


@pytest.fixture
def behind(memory: Server) -> Any:
    """The memory itself answers what the proxy passes on, without a second connection."""
    return partial(respond, memory.warehouse)


def held(memory: Server, dataset: Any) -> tuple[int, int, list[str]]:
    """Rows, different keys, and the tables of the dataset; without records of loads that a kill left to expire."""
    tables = memory.warehouse.datasets[dataset.name.partition(".")[2]]
    found = totals(tables["caption_bandit_stats"])
    named = sorted(name for name in tables if not name.startswith("_staging_caption_sim_loads"))
    return found.rows, found.distinct_keys, named


WHOLE = (ROWS, ROWS, ["caption_bandit_stats", "caption_sim_loads"])


def emptied(memory: Server, dataset: Any) -> None:
    memory.warehouse.datasets[dataset.name.partition(".")[2]].clear()
    memory.warehouse.uploads.clear()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries of some milliseconds: the faults pass at once."""
    from google.cloud.bigquery.retry import DEFAULT_RETRY
    from google.resumable_media import _helpers

    quick = DEFAULT_RETRY.with_timeout(2.0).with_delay(initial=0.001, maximum=0.004, multiplier=1.5)
    monkeypatch.setattr(client_module, "PAUSE_SECONDS", (0.001, 0.01))
    monkeypatch.setattr(_helpers, "calculate_retry_wait", lambda *_, **__: (0.001, 0.001))
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


@amounts(5, 2_000)
def test_no_schedule_of_faults_loses_or_doubles_a_row(
    memory: Server, dataset: Any, faults: Any, hasty: None, amount: int, tries: Tries
) -> None:
    spoilt = 0
    for number in tries(amount):
        faults.storm = (random.Random(number), random.Random(f"share {number}").choice([0.05, 0.15, 0.3, 0.5]))
        repeated(dataset)
        faults.storm = None
        spoilt += sum(kind is not None for _, kind in faults.seen)
        assert held(memory, dataset) == WHOLE, number
        emptied(memory, dataset)
        faults.seen.clear()
    assert spoilt


class AtRequest:
    """A storm of one fault, at the request number `number`."""

    def __init__(self, number: int, kind: str) -> None:
        self._left, self._kind = number, kind

    def random(self) -> float:
        self._left -= 1
        return 0.0 if self._left == 0 else 1.0

    def choice(self, _: Any) -> str:
        return self._kind


def killed(forks: Forks, dataset: Any, faults: Any, at: AtRequest) -> bool:
    """Run the command, which is killed at a request; False where it ends before."""
    started: Queue[int] = Queue()
    faults.storm, faults.kill = (at, 0.5), lambda: os.kill(started.get(), signal.SIGKILL)
    pid = forks.command([*SEED, *dataset.arguments], BIGQUERY_EMULATOR_HOST=os.environ["BIGQUERY_EMULATOR_HOST"])
    started.put(pid)
    code, said = forks.finish(pid)
    faults.storm = None
    assert code in (0, -signal.SIGKILL), said
    return code != 0


@pytest.fixture
def loads(dataset: Any, tmp_path: Path) -> Iterator[Forks]:
    """Commands that share one start of Python, and may write to the dataset."""
    made = Forks(tmp_path, "sim.commands.seed", "google.cloud.bigquery", "sim.warehouse.bigquery.target")
    yield made
    made.close()


@amounts(5, 200)
def test_no_kill_loses_or_doubles_a_row(
    memory: Server, dataset: Any, faults: Any, loads: Forks, amount: int, tries: Tries
) -> None:
    dice, kills = random.Random(9), 0
    for number in tries(amount):
        while killed(loads, dataset, faults, AtRequest(dice.randint(1, REQUESTS), dice.choice(["kill", "kill late"]))):
            kills += 1
        assert held(memory, dataset) == WHOLE, number
        emptied(memory, dataset)
        faults.seen.clear()
    assert kills


def test_an_upload_of_which_half_arrives_is_made_again(memory: Server, dataset: Any, faults: Any, hasty: None) -> None:
    faults.plan(r"^PUT /upload", "cut")
    assert repeated(dataset) == 1
    assert faults.count(r"^PUT /upload", "cut") == 1
    assert held(memory, dataset) == WHOLE


def test_an_upload_that_always_breaks_off_is_a_remote_problem(dataset: Any, faults: Any, hasty: None) -> None:
    faults.plan(r"^PUT /upload", "cut", times=99)
    assert exit_code([*SEED, *dataset.arguments]) == 4
