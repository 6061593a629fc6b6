"""The comparison of a message's cost in a large bank and in a small one: its arithmetic and its table."""

import pytest

from benchmarks import bank
from benchmarks.bank import FEW, MANY, Cost, scenario, table


def test_the_ratio_is_the_median_of_rounds_not_of_times() -> None:
    """A slow moment of the machine hits both banks of a round."""
    assert Cost("wilson_sample", [1.0, 10.0, 1.0], [1.5, 15.0, 1.5]).ratio == 1.5


@pytest.mark.parametrize(
    ("policy", "allows"), [("wilson_widening", True), ("glr_klucb", True), ("imed", True), ("pooled_wilson", False)]
)
def test_a_policy_says_whether_it_allows_it(policy: str, allows: bool) -> None:
    assert Cost(policy, [1.0], [1.0]).allows is allows


def test_the_two_scenarios_differ_by_the_bank_alone() -> None:
    few, many = (scenario("ogi", captions, 3) for captions in (FEW, MANY))
    assert (few.world.bank.captions, many.world.bank.captions) == (FEW, MANY)
    same = few.world.model_copy(update={"bank": many.world.bank})
    assert few.model_copy(update={"world": same}) == many
    assert few.world.sends.per_day == bank.PER_DAY


def test_the_table_has_microseconds_per_message() -> None:
    messages = 2 * bank.DAYS * bank.PER_DAY
    lines = table([Cost("ogi", [messages * 3e-6], [messages * 4.5e-6])], pages=2).splitlines()
    assert lines[-1] == "| ogi | 3.00 | 4.50 | 1.50 | yes |"


@pytest.mark.parametrize(("many", "code"), [(1.9, 0), (2.1, 1)])
def test_the_command_fails_above_twice(monkeypatch, capsys, many: float, code: int) -> None:
    monkeypatch.setattr(bank, "measure", lambda policy, pages, rounds: Cost(policy, [1.0] * rounds, [many] * rounds))
    monkeypatch.setattr("sys.argv", ["bank", "--policies", "ogi", "--rounds", "2"])
    assert bank.main() == code
    assert "| ogi |" in capsys.readouterr().out


def test_a_policy_that_scores_every_caption_fails_nothing(monkeypatch) -> None:
    monkeypatch.setattr(bank, "measure", lambda policy, pages, rounds: Cost(policy, [1.0], [30.0]))
    monkeypatch.setattr("sys.argv", ["bank", "--policies", "pooled_wilson"])
    assert bank.main() == 0
