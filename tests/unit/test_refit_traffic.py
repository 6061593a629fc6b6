"""scripts/refit_traffic.py: its formulas against the traffic world, and its loss."""

import runpy
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(ROOT / "scripts" / "refit_traffic.py"))


@pytest.fixture(scope="module")
def numbers(script):
    return script["luck"]()


def test_the_defaults_give_the_figures_that_docs_state(script, numbers):
    found = script["simulated"](script["start"](), numbers)
    # docs/traffic.md: 0.69, 1.76 and 63 % with fatigue and holidays, which are left out here (5 % less).
    assert found["50,000 recipients: mean purchases"] == pytest.approx(0.69 * 1.05, rel=0.05)
    assert found["50,000 recipients: share of zeros"] == pytest.approx(0.62, abs=0.03)
    assert found["dollars per purchase"] == pytest.approx(10.8, rel=0.05)
    assert found["recipients per message"] == pytest.approx(17_018, rel=0.05)


def test_recipients_are_proportional_to_reach(script, numbers):
    at = script["start"]()
    less = at.copy()
    less[0] = np.log(0.25)
    whole, part = (script["simulated"](each, numbers)["recipients per message"] for each in (at, less))
    assert part / whole == pytest.approx(0.25, rel=0.01)


def test_the_loss_counts_each_figure_in_tolerances(script, numbers):
    at = script["start"]()
    found = script["simulated"](at, numbers)
    expected = sum((np.log(found[each.name] / each.value) / each.tolerance) ** 2 for each in script["TARGETS"])
    assert script["loss"](at, numbers) == pytest.approx(expected)


def test_a_step_of_the_refit_lowers_the_loss_and_the_report_shows_it(script, numbers):
    before = script["start"]()
    before[0] = np.log(0.27)  # where the search begins
    at = script["refit"](numbers, 30)
    assert script["loss"](at, numbers) < script["loss"](before, numbers)
    text = script["report"](at, numbers)
    assert "| recipients per message | 4600 |" in text
    assert "sends: {reach: 0." in text
