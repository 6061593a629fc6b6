"""What labels tell, on tables made by hand: entropy, information against counts, classes and warnings."""

import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from scipy.stats import entropy as scipys

from reports.content import Paragraph, TableBlock
from reports.report_input import ReportInput
from reports.sections.labels import labels
from reports.tables.labels import (
    entropy,
    label_classes,
    relative_information,
    saturated_revenue,
    success_shares,
    warnings,
)


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
def test_information_is_the_ratio_of_fisher_informations(mean: float) -> None:
    p = 1.0 - math.exp(-mean)
    of_label = math.exp(-mean) ** 2 / (p * (1.0 - p))  # (dp / dm)² / (p (1 − p))
    assert relative_information(np.array([mean]))[0] == pytest.approx(of_label * mean)


def test_information_ends_at_all_and_at_nothing() -> None:
    assert relative_information(np.array([0.0, 1e-9])).tolist() == pytest.approx([1.0, 1.0])
    assert relative_information(np.array([1e6]))[0] < 1e-200


def test_shares_count_priced_messages_only() -> None:
    pages = pages_of([50, 0, 7], [1.0, 0.0, 1.0], [1.0, 0.0, 1.0]).with_columns(priced=pl.Series([100, 0, 5]))
    assert success_shares(pages).tolist() == [0.5, 0.0, 1.0]


def test_classes_go_by_sales_and_hold_every_page_once() -> None:
    reward = [float(value) for value in np.random.default_rng(1).permutation(200)]
    pages = pages_of([50] * 200, reward, reward)
    found = label_classes(pages)
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
    assert [each.name for each in label_classes(pages_of([1], [2.0], [3.0]))] != []
    assert label_classes(pages_of([0], [0.0], [0.0], priced=0)) == []


def test_labels_saturate_where_the_money_is() -> None:
    pages = pages_of([95, 40, 91], [900.0, 50.0, 300.0], [70.0, 20.0, 10.0])
    assert saturated_revenue(pages) == pytest.approx(0.8)
    assert saturated_revenue(pages_of([95], [0.0], [0.0])) == 0.0
    assert warnings([("a", 0.05), ("b", 0.8)])[0].startswith("Labels saturate under b: 80 % of its revenue")
    assert len(warnings([("a", 0.05), ("b", 0.8)])) == 1


def data_of(pages: pl.DataFrame | None) -> ReportInput:
    scenario = SimpleNamespace(world=SimpleNamespace(kind="traffic"))
    made: Any = SimpleNamespace(table=lambda name: pages, scenario=scenario, ranked=["wilson"], baseline="wilson")
    return cast(ReportInput, made)


def test_the_section_warns_and_shows_the_classes() -> None:
    section = labels(data_of(pages_of([95, 40, 91], [900.0, 50.0, 300.0], [70.0, 20.0, 10.0])))
    assert any(isinstance(each, Paragraph) and "Labels saturate under wilson" in each.text for each in section.content)
    table = next(each for each in section.content if isinstance(each, TableBlock))
    assert table.header[0] == "pages by sales"
    assert table.rows[-1][0].text == "next 40 %"


def test_a_quiet_run_is_not_warned_of() -> None:
    section = labels(data_of(pages_of([30, 40], [40.0, 50.0], [70.0, 20.0])))
    assert not [each for each in section.content if isinstance(each, Paragraph) and each.text.startswith("Labels sat")]


@pytest.mark.parametrize("pages", [None, pl.DataFrame({"policy": ["wilson"], "sends": [1]})])
def test_worlds_without_labels_of_messages_have_no_table(pages: pl.DataFrame | None) -> None:
    assert not [each for each in labels(data_of(pages)).content if isinstance(each, TableBlock)]
