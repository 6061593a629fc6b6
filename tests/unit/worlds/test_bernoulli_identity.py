"""The number of an arm: a newcomer shares it, and with it the outcomes, with no arm before it."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from sim.worlds.bernoulli import feedback
from sim.worlds.bernoulli.feedback import identity


@pytest.fixture(autouse=True)
def churns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel of a world with churn."""
    monkeypatch.setattr(feedback, "CHURNS", True)


def test_every_generation_of_every_arm_has_a_number_of_its_own() -> None:
    numbers = set()
    for generation in range(4):
        row = cast(Any, SimpleNamespace(generation=np.full(3, generation), means=np.zeros(3)))
        numbers |= {int(identity(arm, row)) for arm in range(3)}
    assert numbers == set(range(12))


def test_the_first_generation_has_the_numbers_of_the_arms() -> None:
    row = cast(Any, SimpleNamespace(generation=np.array([0, 2, 1]), means=np.zeros(3)))
    assert [int(identity(arm, row)) for arm in range(3)] == [0, 7, 5]
