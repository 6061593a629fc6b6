"""The benchmark of propensities asks for decisions of 1,000 captions, and prints one row for each state."""

import numpy as np
import pytest

from benchmarks import propensities


def test_states_are_decisions_of_all_captions() -> None:
    for drawn in propensities.STATES.values():
        trials, successes = drawn(np.random.default_rng(3))
        assert len(trials) == len(successes) == propensities.CAPTIONS
        assert (successes <= trials).all()


def test_the_table_has_a_row_for_each_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(propensities, "milliseconds", lambda policy, counts: 1.25)
    lines = propensities.table(["greedy"]).splitlines()
    assert len(lines) == 2 + len(propensities.STATES)
    assert lines[2] == "| below 12 trials | 65 | 1.2 |"
    assert lines[0] == "| counts | different | `greedy` |"
