"""Sweeps and leads in sentences, tables and data, from results made by hand."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from reports.content import TableBlock
from reports.decision.inputs import DecisionInput, Unit
from reports.estimators.intervals import Difference, Estimate
from reports.leads import LeadChange, Leads
from reports.leads_text import NOTHING, leads_block, leads_data, leads_text
from reports.sweep.cells import CellResult, common_unit
from reports.sweep.report import gain_map, swings
from reports.sweep.robustness import PolicyRecord, Robustness, focus, robustness
from reports.sweep.text import decided, sweep_headline, sweep_points
from sim.errors import InputError

DOLLARS = Unit("$", "", "per page and month")


@dataclass
class Cell:
    """A cell of a sweep with given leads over `wilson_sample`."""

    labels: dict[str, str]
    leads: dict[str, float]
    outcome: str = "keep"
    named: str = "wilson_sample"
    unit: Unit = DOLLARS
    extra: list[str] = field(default_factory=list)

    @property
    def decision(self):
        given = SimpleNamespace(baseline="wilson_sample", unit=self.unit)
        return SimpleNamespace(outcome=self.outcome, policy=self.named, given=given)

    @property
    def contenders(self) -> list[str]:
        return ["wilson_sample", *self.leads]

    def lead(self, policy: str) -> float:
        return self.leads.get(policy, 0.0)

    @property
    def best(self) -> str:
        return max(self.contenders, key=self.lead)

    def shortfall(self, policy: str) -> float:
        return self.lead(self.best) - self.lead(policy)


CELLS = [
    Cell({"days": "7", "pages": "1"}, {"greedy": 1.0, "ucb": -1.0}, "switch", "greedy"),
    Cell({"days": "7", "pages": "9"}, {"greedy": 3.0, "ucb": 5.0}, "switch", "ucb"),
    Cell({"days": "30", "pages": "1"}, {"greedy": -2.0, "ucb": -3.0}, "keep"),
    Cell({"days": "30", "pages": "9"}, {"greedy": 6.0, "ucb": 2.0}, "switch", "greedy"),
]


def test_the_most_frequent_decision_is_that_of_the_sweep() -> None:
    found = robustness(CELLS)
    assert (found.outcome, found.policy, found.same, found.cells) == ("switch", "greedy", 2, 4)
    assert found.share == 0.5
    assert found.outcomes == {"switch": 3, "keep": 1}


def test_records_are_ordered_by_mean_gain_and_hold_extremes() -> None:
    greedy, ucb, baseline = robustness(CELLS).records
    assert greedy == PolicyRecord("greedy", 2, 2, -2.0, 2.0, 6.0, 2.0)
    assert ucb == PolicyRecord("ucb", 1, 1, -3.0, 0.75, 5.0, 4.0)
    assert baseline == PolicyRecord("wilson_sample", 1, 0, 0.0, 0.0, 0.0, 6.0)


def test_the_safest_policy_has_the_least_largest_shortfall() -> None:
    assert robustness(CELLS).safest.policy == "greedy"


def test_policies_that_do_not_run_everywhere_have_no_record() -> None:
    found = robustness([*CELLS, Cell({"days": "90", "pages": "1"}, {"greedy": 0.0})])
    assert [record.policy for record in found.records] == ["greedy", "wilson_sample"]


def test_figures_follow_the_policy_named_most() -> None:
    assert focus(CELLS, robustness(CELLS)) == "greedy"
    kept = [replace(cell, outcome="keep", named="wilson_sample") for cell in CELLS]
    assert focus(kept, robustness(kept)) == "greedy"  # the largest mean gain
    alone = [Cell({"days": "7"}, {})]
    assert focus(alone, robustness(alone)) is None


@pytest.mark.parametrize(
    ("outcome", "text"), [("switch", "switch to p"), ("keep", "keep p"), ("undecided", "undecided")]
)
def test_decisions_in_words(outcome: str, text: str) -> None:
    assert decided(outcome, "p") == text


def test_the_headline_of_a_sweep() -> None:
    assert sweep_headline(robustness(CELLS)) == "In 2 of 4 cells the decision is: switch to greedy."
    assert sweep_headline(robustness(CELLS[:1])) == "The decision in the only cell: switch to greedy."
    assert sweep_headline(robustness(CELLS[::3])) == "The decision is the same in all 2 cells: switch to greedy."


def test_the_points_of_a_sweep() -> None:
    assert sweep_points(CELLS, robustness(CELLS)) == [
        "Outcomes: keep in 1, switch in 3 of 4 cells.",
        "Largest mean: greedy in 2, ucb in 1, wilson_sample in 1 of 4 cells.",
        "Safest: greedy is never more than $2 per page and month below the best policy of a cell.",
        "Over the cells, the gain of greedy over wilson_sample lies between −$2 and +$6 per page and month.",
    ]


def test_a_policy_that_is_best_everywhere_is_never_below_the_best() -> None:
    assert sweep_points(CELLS[:1], robustness(CELLS[:1]))[1] == (
        "Safest: greedy; no policy has a larger mean in any cell."
    )


def test_a_sweep_of_the_baseline_alone_has_no_range() -> None:
    alone = [Cell({"days": "7"}, {}), Cell({"days": "30"}, {})]
    assert sweep_points(alone, robustness(alone)) == ["Largest mean: wilson_sample in 2 of 2 cells."]


def test_cells_of_two_units_are_refused() -> None:
    assert common_unit(CELLS) == DOLLARS
    with pytest.raises(InputError, match="different units"):
        common_unit([*CELLS, replace(CELLS[0], unit=Unit("", "reward", "per replication"))])


def test_a_swing_is_a_mean_over_the_other_keys_and_the_widest_comes_first() -> None:
    pages, days = swings(CELLS, "greedy")
    assert (pages.key, list(pages.levels), list(pages.gains)) == ("pages", ["1", "9"], [-0.5, 4.5])
    assert (days.key, list(days.levels), list(days.gains)) == ("days", ["7", "30"], [2.0, 2.0])


def test_a_map_over_two_keys_names_the_best_policy_of_each_cell() -> None:
    found = gain_map(CELLS, "greedy", "days", "pages")
    assert (found.rows, found.columns) == (["7", "30"], ["1", "9"])
    assert found.gains.tolist() == [[1.0, 3.0], [-2.0, 6.0]]
    assert found.best == [["greedy", "ucb"], ["wilson_sample", "greedy"]]


def test_a_cell_is_named_by_its_values_and_finds_its_best_contender() -> None:
    values = {"p": np.zeros(2), "q": np.ones(2), "r": np.full(2, 9.0)}
    given = DecisionInput("reward", DOLLARS, values, "p", random="r")
    cell = CellResult({"a": "1", "b": "x"}, Path("c"), SimpleNamespace(given=given, gains=[], level=0.95), [])
    assert cell.name == "a=1, b=x"
    assert cell.contenders == ["p", "q"]
    assert (cell.best, cell.gain("q")) == ("q", None)
    assert (cell.lead("q"), cell.lead("p"), cell.shortfall("p")) == (1.0, 0.0, 1.0)


def change(policy: str, *, short: bool = False, low: float | None = -1.0) -> LeadChange:
    moved = Difference(Estimate(2.0, low, 5.0, "t"), 0.04)
    first, second = (Estimate(value, None, None, "t") for value in (-1.0, 1.0))
    return LeadChange(policy, first, second, moved, 0.08, short)


def leads_of(*changes: LeadChange, unit: Unit = DOLLARS) -> Leads:
    return Leads("wilson_sample", unit, (10.0, 12.5), list(changes))


def test_leads_in_a_terminal() -> None:
    assert leads_text(leads_of(change("greedy"))).splitlines() == [
        "Lead over wilson_sample ($10, then $12.5), in US dollars per page and month",
        "policy  lead  then  change  95 % interval  adjusted p",
        "greedy   −$1   +$1     +$2     −$1 to +$5       0.080",
    ]


def test_leads_of_a_world_without_money_name_their_unit() -> None:
    text = leads_text(leads_of(change("greedy"), unit=Unit("", "purchases", "per replication")))
    assert text.startswith("Lead over wilson_sample (10, then 12.5), in purchases per replication")


def test_a_lead_without_an_interval_has_a_dash() -> None:
    assert "–" in leads_text(leads_of(change("greedy", low=None)))


def test_leads_of_a_run_that_is_too_small_say_so() -> None:
    note = "Intervals may be too narrow: a run is too small to know the rare losses of greedy, ucb."
    found = leads_of(change("greedy", short=True), change("kl"), change("ucb", short=True))
    assert note in leads_text(found).replace("\n", " ")
    table, paragraph = leads_block(found, ("one", "two"))
    assert isinstance(table, TableBlock)
    assert table.header == ["policy", "lead in one", "lead in two", "change", "95 % interval", "adjusted p"]
    assert paragraph.text == note


def test_runs_without_a_common_baseline_are_not_compared() -> None:
    assert leads_text(None) == NOTHING
    assert [each.text for each in leads_block(None, ("one", "two"))] == [NOTHING]
    assert leads_data(None) == []


def test_leads_as_data() -> None:
    assert leads_data(leads_of(change("greedy"))) == [
        {
            "policy": "greedy",
            "first_lead": -1.0,
            "second_lead": 1.0,
            "change": 2.0,
            "ci_low": -1.0,
            "ci_high": 5.0,
            "p_value": 0.04,
            "p_adjusted": 0.08,
            "ci_short": False,
        }
    ]


def test_a_robust_decision_holds_in_a_share_of_cells() -> None:
    assert Robustness(8, "keep", "p", 6, {"keep": 6, "switch": 2}, []).share == 0.75
