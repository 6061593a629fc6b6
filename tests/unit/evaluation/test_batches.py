"""Batches: which rows of a log one logging policy made."""

from dataclasses import replace

import numpy as np

from sim.evaluation.adaptive import LEAST_ROWS, batches_of
from sim.evaluation.estimators import Floats
from sim.evaluation.evaluate import evaluate
from sim.evaluation.log import Log
from sim.evaluation.text import text
from twins.decision_logs import SHARES, made


def refreshed(shares: list[Floats], rows: int) -> Log:
    """A log whose policy is another one after every `rows` rows."""
    parts = [made(rows, seed, each) for seed, each in enumerate(shares)]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ROWS}
    return Log(**joined, strata=parts[0].strata, actions=parts[0].actions)


ROWS = ("stratum", "action", "reward", "propensity")


def test_batches_are_those_of_the_log_if_it_names_them() -> None:
    log, batch = made(100), np.repeat([0, 1], 50).astype(np.int32)
    assert np.array_equal(batches_of(replace(log, batch=batch)), batch)
    assert batches_of(log).tolist() == [0] * 100  # one policy


def test_each_refresh_shows_in_the_propensities() -> None:
    shares = [SHARES, SHARES[:, ::-1], SHARES, SHARES[::-1], SHARES]
    batch = batches_of(refreshed(shares, 400))
    assert batch.max() == len(shares) - 1
    starts = np.flatnonzero(np.diff(batch)) + 1
    assert (starts >= 400 * np.arange(1, 5)).all()
    assert (starts < 400 * np.arange(1, 5) + 30).all()  # seen when a known action comes up again


def test_a_policy_that_comes_back_later_is_another_batch_and_rounding_is_not() -> None:
    log = made(400)
    noise = np.where(np.arange(400) % 2, 1.0 + 1e-12, 1.0)
    assert batches_of(replace(log, propensity=log.propensity * noise)).max() == 0


def test_decisions_with_probabilities_of_their_own_are_batches_of_the_least_size() -> None:
    log = made(1_000)
    own = replace(log, propensity=log.propensity * np.random.default_rng(1).uniform(0.5, 1.0, 1_000))
    sizes = np.bincount(batches_of(own))
    assert sizes.min() >= LEAST_ROWS
    assert sizes[:-1].max() < LEAST_ROWS + 10


def test_which_batch_a_row_is_in_depends_on_no_reward() -> None:
    log = refreshed([SHARES, SHARES[:, ::-1]], 300)
    assert np.array_equal(batches_of(log), batches_of(replace(log, reward=1.0 - log.reward)))


def test_the_page_and_the_data_count_the_logging_policies() -> None:
    evaluation = evaluate(refreshed([SHARES, SHARES[:, ::-1], SHARES], 300), ["uniform"])
    assert evaluation.policies[0].diagnostics.loggers == 3
    assert "logging policies 3" in text(evaluation)
    assert evaluate(made(), ["uniform"]).policies[0].diagnostics.loggers == 1
