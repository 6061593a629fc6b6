"""What labels tell: how often messages succeed, and how much that says, by how well pages sell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from reports.decision.text import listed
from reports.estimators.intervals import Floats
from reports.estimators.label_information import PageModel, informations, successes
from reports.formatting import percent
from sim.scenario.sections.traffic_loop import LABELS, Label

CLASSES = (("lower half", 0.5), ("next 40 %", 0.9), ("next 9 %", 0.99), ("top 1 %", 1.0))
SATURATED = 0.9  # of a page's priced messages succeed
WARN_FROM = 0.1  # of the revenue

Inside = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LabelClass:
    """Pages of one class; means are weighted by priced messages."""

    name: str
    pages: int
    purchases: float
    """Per priced message."""
    success: float
    """Share of priced messages that succeed."""
    bits: float
    """Entropy of a label, 0 to 1: an upper bound of what it can tell."""
    information: float
    """Of a label on the caption's rate, against that of the count of purchases, in the model; 0 to 1."""
    revenue_share: float


@dataclass(frozen=True)
class Choice:
    """A label that the scenario could use, in the model of `label_information`."""

    label: Label
    success: tuple[float, ...]
    """Expected share of priced messages that succeed, by class of pages."""
    information: float
    """Of the label against the count of purchases, weighted by revenue."""


def success_shares(pages: pl.DataFrame) -> Floats:
    """Share of each page's priced messages that succeeded, (pages,); 0 without any."""
    priced = pages["priced"].to_numpy().astype(np.float64)
    share: Floats = np.clip(pages["successes"].to_numpy() / np.maximum(priced, 1.0), 0.0, 1.0)
    return share


def entropy(share: Floats) -> Floats:
    """Bits of a label that succeeds with this probability: −p log₂ p − (1 − p) log₂ (1 − p)."""
    inside = np.clip(share, 1e-300, 1.0 - 1e-16)
    bits: Floats = -inside * np.log2(inside) - (1.0 - inside) * np.log2(1.0 - inside)
    return np.where((share <= 0.0) | (share >= 1.0), 0.0, bits)


def means(pages: pl.DataFrame) -> Floats:
    """Purchases per priced message of each page, (pages,)."""
    mean: Floats = pages["reward"].to_numpy() / np.maximum(pages["priced"].to_numpy().astype(np.float64), 1.0)
    return mean


def label_classes(pages: pl.DataFrame, label: Label, model: PageModel) -> list[LabelClass]:
    """Classes of the pages of one policy, all replications together, by purchases per priced message."""
    mean = means(pages)
    information = informations(label, mean, model)
    return [_class(name, inside, pages, mean, information) for name, inside in members(pages)]


def members(pages: pl.DataFrame) -> Iterator[tuple[str, Inside]]:
    """Classes that sent priced messages: the name of each, and which pages are in it, (pages,)."""
    rank = np.argsort(np.argsort(means(pages), kind="stable"), kind="stable")
    edges = [0, *(round(share * len(pages)) for _, share in CLASSES)]
    for (name, _), low, high in zip(CLASSES, edges[:-1], edges[1:], strict=True):
        inside = (rank >= low) & (rank < high)
        if priced_in(inside, pages).sum():
            yield name, inside


def priced_in(inside: Inside, pages: pl.DataFrame) -> Floats:
    """Priced messages of the pages of a class, (pages,); 0 elsewhere."""
    found: Floats = np.where(inside, pages["priced"].to_numpy(), 0.0)
    return found


def _class(name: str, inside: Inside, pages: pl.DataFrame, mean: Floats, information: Floats) -> LabelClass:
    weight = priced_in(inside, pages)
    revenue, share = pages["revenue_usd"].to_numpy(), success_shares(pages)
    purchases, succeeded, bits, told = (
        float(np.average(values, weights=weight)) for values in (mean, share, entropy(share), information)
    )
    part = float(revenue[inside].sum() / revenue.sum()) if revenue.sum() else 0.0
    return LabelClass(name, int(inside.sum()), purchases, succeeded, bits, told, part)


def choices(pages: pl.DataFrame, model: PageModel) -> list[Choice]:
    """What every label would tell on the pages of one policy, in the order of LABELS."""
    mean, revenue = means(pages), pages["revenue_usd"].to_numpy()
    weight = revenue if revenue.sum() > 0.0 else np.ones(len(mean))
    priced = [priced_in(inside, pages) for _, inside in members(pages)]
    return [
        Choice(
            label,
            tuple(float(np.average(successes(label, mean, model), weights=each)) for each in priced),
            float(np.average(informations(label, mean, model), weights=weight)),
        )
        for label in LABELS
    ]


def saturates_least(found: Sequence[Choice]) -> Choice:
    """The label that tells most where the money is; of equal ones the last, which counts dollars."""
    most = max(each.information for each in found)
    return [each for each in found if each.information > most - 1e-9][-1]


def saturated_revenue(pages: pl.DataFrame) -> float:
    """Share of the revenue from pages where nearly every priced message succeeds."""
    revenue = pages["revenue_usd"].to_numpy()
    return float(revenue[success_shares(pages) > SATURATED].sum() / revenue.sum()) if revenue.sum() else 0.0


def warnings(shares: Sequence[tuple[str, float]], best: Choice) -> list[str]:
    """One sentence for all (policy, share of its revenue from saturated pages) that are large, with the best label."""
    large = [(name, share) for name, share in shares if share >= WARN_FROM]
    if not large:
        return []
    least, most = (percent(limit(share for _, share in large)) for limit in (min, max))
    part, whose = most if least == most else f"{least} to {most}", "its" if len(large) == 1 else "their"
    return [
        f"Labels saturate under {listed([name for name, _ in large])}: {part} of {whose} revenue "
        f"comes from pages where more than {percent(SATURATED)} of the priced messages succeed. There a label "
        "hardly depends on the caption, and policies that learn from labels cannot tell captions apart; those that "
        f"count purchases can (gamma_poisson). `feedback.label: {best.label}` saturates least."
    ]
