"""What `evaluate` keeps in memory per row: a log of 10 million rows must fit into 1 GB."""

import tracemalloc
from collections.abc import Callable

import pytest

import sim.evaluation.evaluate as module
from sim.evaluation import totals
from sim.evaluation.estimators import GROUPS
from sim.evaluation.evaluate import Options, evaluate
from sim.evaluation.log import Log
from twins.decision_logs import learned, made

pytestmark = pytest.mark.slow
ROWS = 100_000  # more than a sequence handles at once
NAMES = Options(estimators=("ips", "snips", "dr", "aw_aipw"))


@pytest.fixture(autouse=True)
def in_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "AT_ONCE", 4 * GROUPS)
    evaluate(made(20 * GROUPS), ["uniform"], NAMES)  # what is imported and kept at the first use does not count


def peak(log: Log) -> int:
    """Bytes that arrays take at most beside the log."""
    tracemalloc.start()
    evaluate(log, ["uniform"], NAMES)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def per_row(make: Callable[[int], Log] = made) -> float:
    """Of two sizes, so that what does not depend on the rows counts for nothing."""
    return (peak(make(2 * ROWS)) - peak(make(ROWS))) / ROWS


def test_a_row_takes_three_numbers_beside_the_log() -> None:
    # Its weight, and the terms and bets of a sequence or the two columns of the reward model.
    assert per_row() < 3.1 * 8


def test_a_row_of_an_adaptive_log_takes_four_numbers_and_its_batch() -> None:
    assert per_row(learned) < 4.1 * 8 + 2


def test_a_reward_model_in_memory_all_the_time_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = module.sample_of
    monkeypatch.setattr(
        module, "sample_of", lambda log, target, batch: module.modelled(plain(log, target, batch), log, target, batch)
    )
    assert per_row() > 4.5 * 8
