"""scripts/refit_traffic.py: its formulas against the traffic world, and its loss."""

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from scenarios import path_of
from sim.scenario.sections.traffic import TrafficSection
from sim.worlds.traffic.pages import page_level, per_view

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(ROOT / "scripts" / "refit_traffic.py"))


@pytest.fixture(scope="module")
def numbers(script):
    return script["luck"]()


def test_the_defaults_give_the_figures_that_docs_state(script, numbers):
    found = script["simulated"](script["shipped"](), numbers)
    assert found["50,000 recipients: mean purchases"] == pytest.approx(0.73, rel=0.12)
    assert found["50,000 recipients: share of zeros"] == pytest.approx(0.65, abs=0.03)
    assert found["dollars per purchase"] == pytest.approx(11.3, rel=0.05)
    assert found["recipients per message"] == pytest.approx(4_600, rel=0.05)
    assert found["purchases per message"] == pytest.approx(3.82, rel=0.2)
    assert found["revenue per message, $5 to $10: largest over smallest"] == pytest.approx(1.0, abs=0.01)


def test_the_formulas_are_those_of_the_world(script, numbers):
    """Pages and rates as `sim.worlds.traffic.pages` has them, but for the soft edge of strong pages."""
    world, fleet = TrafficSection(), script["shipped"]()
    level = page_level(world, 20_000, np.array([-1.0, 0.0, 2.0]))
    strong = np.array([1.0, 1.0, fleet.strong_factor])
    usual = (20_000 / world.purchases.reference_audience) ** -fleet.audience_exponent
    assert level == pytest.approx(usual * np.exp(fleet.page_sigma * np.array([-1.0, 0.0, 2.0])) * strong)
    price = np.array([3.0, 5.0, 11.0, 40.0])
    assert script["_per_view"](fleet, price) == pytest.approx(per_view(world, price))


def test_recipients_are_proportional_to_reach(script, numbers):
    whole = replace(script["shipped"](), reach=1.0)
    part = replace(whole, reach=0.25)
    found = [script["simulated"](each, numbers)["recipients per message"] for each in (part, whole)]
    assert found[0] / found[1] == pytest.approx(0.25, rel=0.01)


def test_strong_pages_bring_most_of_the_purchases(script, numbers):
    strong = script["shipped"]()
    usual = replace(strong, strong_factor=1.0)
    name = "purchases per message"
    assert script["simulated"](strong, numbers)[name] > 5.0 * script["simulated"](usual, numbers)[name]


def test_the_loss_counts_each_figure_in_tolerances(script, numbers):
    fleet = script["shipped"]()
    found = script["simulated"](fleet, numbers)
    expected = sum((np.log(found[each.name] / each.value) / each.tolerance) ** 2 for each in script["TARGETS"])
    assert script["loss"](fleet, numbers) == pytest.approx(expected)


def test_a_point_of_the_search_is_a_fleet(script):
    low, first, high = np.array([*script["RANGES"].values(), *[script["ELASTICITY"]] * (len(script["KNOTS"]) - 1)]).T
    fleet = script["fleet_at"](first)
    assert (fleet.reach, fleet.page_sigma, fleet.per_view[0]) == (first[0], first[2], first[6])
    assert np.diff(np.log(fleet.per_view)) / np.diff(np.log(script["KNOTS"])) == pytest.approx(-first[7:])
    assert ((low < first) & (first < high)).all()


def test_the_refit_lowers_the_loss_and_the_report_shows_it(script, numbers):
    fleet = script["refit"](numbers, 2)
    first = script["fleet_at"](np.array([*script["RANGES"].values(), *[script["ELASTICITY"]] * 5])[:, 1])
    assert script["loss"](fleet, numbers) < 0.5 * script["loss"](first, numbers)
    text = script["report"](fleet, numbers)
    assert "| recipients per message | 4600 |" in text
    assert "sends: {reach: 0." in text


# The fleet of docs/traffic.md, section "Dear pages".
DEAR_FLEET = {
    "sends": {"reach": 0.276},
    "bank": {"price_correlation": 0.455},
    "purchases": {
        "per_view": [[4, 0.00173], [5, 0.000903], [10, 0.000442], [12, 0.00026], [18, 0.00021], [35, 0.0000812]],
        "message_cv": 0.481,
        "reference_audience": 181_000,
        "audience_exponent": 0.281,
        "page_sigma": 0.982,
        "strong_pages": {"share": 0.37, "factor": 300},
    },
}


def dear_fleet(script):
    law = TrafficSection.model_validate({"kind": "traffic", **DEAR_FLEET})
    made, bought = script["shipped"](), law.purchases
    return replace(
        made,
        reach=law.sends.reach,
        price_correlation=law.bank.price_correlation,
        per_view=np.array([rate for _, rate in bought.per_view]),
        message_cv=bought.message_cv,
        audience_exponent=bought.audience_exponent,
        page_sigma=bought.page_sigma,
        strong_share=bought.strong_pages.share,
        strong_factor=bought.strong_pages.factor,
    )


def test_a_fleet_of_dear_pages_meets_every_published_figure(script, numbers):
    fleet = dear_fleet(script)
    found = script["simulated"](fleet, numbers)
    off = {each.name: abs(found[each.name] / each.value - 1.0) for each in script["TARGETS"]}
    assert max(off.values()) < 0.09
    assert script["loss"](fleet, numbers) < 0.15 * script["loss"](script["shipped"](), numbers)
    alike = script["simulated"](replace(fleet, price_correlation=0.0), numbers)
    assert alike["dollars per purchase"] < 0.8 * found["dollars per purchase"]


def test_the_fleet_of_dear_pages_is_the_one_that_docs_show():
    text = (ROOT / "docs" / "traffic.md").read_text("utf-8")
    block = text.split("### Dear pages", 1)[1].split("```yaml\n", 1)[1].split("```", 1)[0]
    assert YAML(typ="safe").load(block) == {"world": DEAR_FLEET}


@pytest.mark.parametrize("name", ["production_small", "production_sound", "production_incidents"])
def test_scenarios_of_the_deployed_system_have_the_fleet_that_fits(name):
    world = YAML(typ="safe").load(path_of(name).read_text("utf-8"))["world"]
    assert {section: {key: world[section][key] for key in keys} for section, keys in DEAR_FLEET.items()} == DEAR_FLEET
    assert set(world["purchases"]) == set(DEAR_FLEET["purchases"])  # nothing else changes how pages sell
    assert "audience" not in world


def test_prices_of_dear_pages_rise_with_the_level_and_keep_their_mix(script, numbers):
    same, dear = (script["prices"](replace(script["shipped"](), price_correlation=rho), numbers) for rho in (0.0, 0.6))
    assert np.corrcoef(numbers.level, dear.mean(axis=1))[0, 1] > 0.9
    assert np.corrcoef(numbers.level, same.mean(axis=1))[0, 1] == pytest.approx(0.0, abs=0.06)
    assert dear.mean() == pytest.approx(same.mean(), rel=0.01)
    assert np.quantile(dear, [0.25, 0.5, 0.75]) == pytest.approx(np.quantile(same, [0.25, 0.5, 0.75]), abs=1.0)
