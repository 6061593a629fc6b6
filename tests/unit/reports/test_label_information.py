"""What labels tell, on tables made by hand: entropy, information against counts, classes and warnings."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from scipy.stats import entropy as scipys

from reports.content import Paragraph, TableBlock
from reports.estimators.label_information import PageModel, information, informations, median_value, success
from reports.report_input import ReportInput
from reports.sections.labels import labels
from reports.tables.labels import (
    Choice,
    choices,
    entropy,
    label_classes,
    saturated_revenue,
    saturates_least,
    success_shares,
    warnings,
)
from sim.scenario import load
from sim.scenario.sections.traffic import TrafficSection
from sim.scenario.sections.traffic_loop import LABELS, Label

POISSON = PageModel(views_cv=0.0, message_cv=0.0, unpriced_share=0.575)
USUAL = PageModel(views_cv=0.53, message_cv=0.47, unpriced_share=0.575)
ABOVE_OWN_MEDIAN: list[Label] = ["emv_above_priced_median", "purchases_per_view", "dollars_per_view"]


def pages_of(successes: list[int], reward: list[float], revenue: list[float], priced: int = 100) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "policy": ["wilson"] * len(successes),
            "priced": [priced] * len(successes),
            "successes": successes,
            "reward": reward,
            "revenue_usd": revenue,
        }
    )


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.999])
def test_bits_are_scipys_entropy(share: float) -> None:
    assert entropy(np.array([share]))[0] == pytest.approx(scipys([share, 1.0 - share], base=2))


def test_a_label_that_always_says_the_same_has_no_bits() -> None:
    assert entropy(np.array([0.0, 1.0])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("mean", [0.01, 0.7, 3.0, 20.0])
def test_information_of_what_sold_is_the_ratio_of_fisher_informations(mean: float) -> None:
    p = 1.0 - math.exp(-mean)
    of_label = math.exp(-mean) ** 2 / (p * (1.0 - p))  # (dp / dm)² / (p (1 − p))
    assert information("sold", np.array([mean]), POISSON)[0] == pytest.approx(of_label * mean, rel=1e-3)


def test_information_ends_at_all_and_at_nothing() -> None:
    assert information("sold", np.array([1e-6]), USUAL)[0] == pytest.approx(1.0, rel=1e-3)
    assert information("sold", np.array([1e4]), POISSON)[0] == 0.0


@pytest.mark.parametrize("label", ABOVE_OWN_MEDIAN)
def test_a_label_above_its_own_median_never_saturates(label: Label) -> None:
    """Of a Poisson count of large mean the sign against the median keeps 2 / π of the information."""
    many = np.array([30.0, 100.0, 1_000.0])
    assert success(label, median_value(label, many, USUAL), many, USUAL) == pytest.approx(0.5, abs=0.02)
    assert information(label, many, POISSON) == pytest.approx(2.0 / math.pi, abs=0.06)
    assert (information(label, many, USUAL) > 0.45).all()
    assert (information("sold", many, USUAL) < 0.01).all()


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("mean", [0.3, 2.0, 12.0])
def test_success_is_that_of_a_million_drawn_messages(label: Label, mean: float) -> None:
    """A share of 400,000 beyond 5 standard errors has a probability below 1e-6; the median adds a step of counts."""
    generator = np.random.default_rng(3)
    sigma = math.sqrt(math.log1p(0.53**2))
    views = np.exp(sigma * generator.standard_normal(400_000) - 0.5 * sigma**2)
    bought = generator.poisson(mean * views * generator.gamma(0.47**-2, 0.47**2, 400_000))
    value = bought / views if label in {"purchases_per_view", "dollars_per_view"} else bought**2 / views
    median = median_value(label, np.array([mean]), USUAL)
    expected = float(success(label, median, np.array([mean]), USUAL)[0])
    assert (value > median[0]).mean() == pytest.approx(expected, abs=0.01)
    if median[0] > 0.0:
        assert np.median(value) == pytest.approx(median[0], rel=0.05)
    else:
        assert expected == pytest.approx(1.0 - (bought == 0).mean(), abs=0.01)


def test_the_table_of_the_docs_is_that_of_the_model() -> None:
    lines = (Path(__file__).parents[3] / "docs" / "traffic.md").read_text("utf-8").splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("| information, by purchases per"))
    means, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in (lines[first], *lines[first + 2 :][:3])
    )
    shown = {name.strip("` "): row[1:] for row in rows for name in row[0].split(",")}
    pages = np.array([float(mean) for mean in means[1:]])
    assert shown == {
        label: [f"{share:.0%}".replace("%", " %") for share in information(label, pages, USUAL)] for label in LABELS
    }


def test_few_unpriced_messages_leave_the_deployed_median_above_zero() -> None:
    mean = np.array([3.0])
    few = PageModel(0.53, 0.47, 0.2)
    assert median_value("emv_above_median", mean, USUAL)[0] == 0.0
    assert 0.0 < median_value("emv_above_median", mean, few)[0] < median_value(LABELS[2], mean, few)[0]
    assert 0.8 * success("emv_above_median", median_value("emv_above_median", mean, few), mean, few)[0] <= 0.5


def test_many_pages_are_interpolated_closely() -> None:
    many = np.random.default_rng(2).lognormal(0.0, 2.0, 500)
    for label in LABELS:
        assert informations(label, many, USUAL) == pytest.approx(information(label, many, USUAL), abs=0.03)
    assert informations("sold", np.zeros(3), USUAL) == pytest.approx(1.0, abs=0.01)


def test_the_model_of_a_page_is_that_of_the_scenario() -> None:
    assert PageModel.of(TrafficSection()) == USUAL
    assert USUAL.views().mean() == pytest.approx(1.0)


def test_shares_count_priced_messages_only() -> None:
    pages = pages_of([50, 0, 7], [1.0, 0.0, 1.0], [1.0, 0.0, 1.0]).with_columns(priced=pl.Series([100, 0, 5]))
    assert success_shares(pages).tolist() == [0.5, 0.0, 1.0]


def test_classes_go_by_sales_and_hold_every_page_once() -> None:
    reward = [float(value) for value in np.random.default_rng(1).permutation(200)]
    pages = pages_of([50] * 200, reward, reward)
    found = label_classes(pages, "sold", USUAL)
    assert [(each.name, each.pages) for each in found] == [
        ("lower half", 100),
        ("next 40 %", 80),
        ("next 9 %", 18),
        ("top 1 %", 2),
    ]
    assert [each.purchases for each in found] == pytest.approx([0.495, 1.395, 1.885, 1.985])
    assert sum(each.revenue_share for each in found) == pytest.approx(1.0)
    assert all(each.bits == 1.0 for each in found)


def test_few_pages_leave_classes_out() -> None:
    assert [each.name for each in label_classes(pages_of([1], [2.0], [3.0]), "sold", USUAL)] != []
    assert label_classes(pages_of([0], [0.0], [0.0], priced=0), "sold", USUAL) == []


def test_labels_saturate_where_the_money_is() -> None:
    pages = pages_of([95, 40, 91], [900.0, 50.0, 300.0], [70.0, 20.0, 10.0])
    assert saturated_revenue(pages) == pytest.approx(0.8)
    assert saturated_revenue(pages_of([95], [0.0], [0.0])) == 0.0
    best = Choice("dollars_per_view", (0.5,), 0.6)
    (found,) = warnings([("a", 0.05), ("b", 0.8)], best)
    assert found.startswith("Labels saturate under b: 80 % of its revenue")
    assert found.endswith("`feedback.label: dollars_per_view` saturates least.")
    (both,) = warnings([("a", 0.62), ("b", 0.8)], best)
    assert both.startswith(
        "Labels saturate under a and b: 62 % to 80 % of their revenue comes from pages where more than"
    )
    assert warnings([("a", 0.05)], best) == []


def test_the_label_that_saturates_least_is_the_one_that_tells_most_where_the_money_is() -> None:
    pages = pages_of([95, 40, 91], [900.0, 50.0, 300.0], [70.0, 20.0, 10.0])
    found = choices(pages, USUAL)
    assert [each.label for each in found] == list(LABELS)
    assert saturates_least(found).label == "dollars_per_view"
    assert found[1].information < 0.5 < saturates_least(found).information
    assert found[1].success[-1] > 0.7 > found[-1].success[-1]
    poor = pages_of([1, 2], [1.0, 2.0], [0.0, 0.0])
    assert [each.information > 0.95 for each in choices(poor, USUAL)] == [True] * 5


def test_the_share_of_a_class_is_the_mean_of_its_pages_not_that_of_its_mean_page() -> None:
    """In the lower half one page of 100 sells almost nothing; a page of their mean sales would always sell."""
    pages = pages_of([0] * 200, [0.1] + [1e6] * 199, [1.0] * 200)
    assert choices(pages, USUAL)[1].success[0] == pytest.approx(0.99, abs=0.002)


def data_of(pages: pl.DataFrame | None, label: Label = "emv_above_median") -> ReportInput:
    content = {"name": "x", "horizon": {"days": 2}, "world": {"kind": "traffic"}, "policies": ["uniform"]}
    scenario = load(content | {"feedback": {"label": label}})
    made: Any = SimpleNamespace(table=lambda name: pages, scenario=scenario, ranked=["wilson"], baseline="wilson")
    return cast(ReportInput, made)


def test_the_section_warns_and_shows_the_classes() -> None:
    section = labels(data_of(pages_of([95, 40, 91], [900.0, 50.0, 300.0], [70.0, 20.0, 10.0])))
    assert any(isinstance(each, Paragraph) and "Labels saturate under wilson" in each.text for each in section.content)
    table = next(each for each in section.content if isinstance(each, TableBlock))
    assert table.header[0] == "pages by sales"
    assert table.rows[-1][0].text == "next 40 %"
    possible = section.content[-1]
    assert isinstance(possible, TableBlock)
    assert [row[0].text for row in possible.rows] == list(LABELS)
    assert possible.emphasised == "emv_above_median"
    assert possible.header == ["feedback.label", "success, lower half", "success, next 40 %", "information, by revenue"]


@pytest.mark.parametrize("label", LABELS)
def test_the_section_says_when_a_message_succeeds(label: Label) -> None:
    reading = labels(data_of(pages_of([30, 40], [40.0, 50.0], [70.0, 20.0]), label)).content[0]
    words = {
        "sold": "sold something",
        "purchases_per_view": "purchases per view",
        "dollars_per_view": "dollars per view",
    }
    assert isinstance(reading, Paragraph)
    assert words.get(label, "EMV exceeds the median") in reading.text


def test_a_quiet_run_is_not_warned_of() -> None:
    section = labels(data_of(pages_of([30, 40], [40.0, 50.0], [70.0, 20.0])))
    assert not [each for each in section.content if isinstance(each, Paragraph) and each.text.startswith("Labels sat")]


@pytest.mark.parametrize("pages", [None, pl.DataFrame({"policy": ["wilson"], "sends": [1]})])
def test_worlds_without_labels_of_messages_have_no_table(pages: pl.DataFrame | None) -> None:
    assert not [each for each in labels(data_of(pages)).content if isinstance(each, TableBlock)]
