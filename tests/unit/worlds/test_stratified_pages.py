"""Stratified draws of pages: weights that keep every mean, strata that each get one page, sums that follow."""

import math

import numpy as np
import pytest

import sim
from sim.scenario import load
from sim.worlds.traffic.pages import (
    TILT,
    make_pages,
    page_level,
    page_normals,
    page_weights,
    strong_from,
    tilt,
    tilted_normals,
)

SCENARIO = {
    "name": "strata",
    "replications": 4,
    "horizon": {"days": 8},
    "world": {"kind": "traffic", "pages": 4, "audience": {"draw": "stratified"}, "bank": {"captions": 60}},
    "policies": ["wilson_sample", "oracle"],
}


def drawn(draw: str, count: int, pages: int = 4, **audience: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(levels, weights, audiences), each (replications, pages)."""
    world = load(SCENARIO, ["world.pages=" + str(pages), "world.audience.draw=" + draw, "world.sends.reach=1"]).world
    records = make_pages(world, 5, range(count))
    weights = page_weights(world, records)
    level = page_level(world, records["fans"], page_normals(world, records))
    shape = (count, pages)
    return (
        level.reshape(shape),
        np.ones(shape) if weights is None else weights.reshape(shape),
        records["fans"].reshape(shape),
    )


def test_weights_keep_the_mean_of_the_population() -> None:
    # E exp(sigma z) = exp(sigma² / 2), and E w = 1. Over 20,000 replications both lie within 4.5 standard errors of
    # this (1e-5 together); without weights the mean level is several times as large.
    world = load(SCENARIO).world
    z = np.random.default_rng(1).normal(size=80_000)
    number = np.tile(np.arange(4), 20_000)
    sigma = world.purchases.page_sigma
    tilted = tilted_normals(z, number, 4, TILT * sigma)
    weight = np.exp(-TILT * sigma * tilted + 0.5 * (TILT * sigma) ** 2)
    for values, truth in ((weight, 1.0), (weight * np.exp(sigma * tilted), np.exp(sigma**2 / 2))):
        by_replication = values.reshape(-1, 4).mean(axis=1)
        error = by_replication.std() / np.sqrt(len(by_replication))
        assert abs(by_replication.mean() - truth) < 4.5 * error
    assert np.exp(sigma * tilted).mean() > 2.0 * np.exp(sigma**2 / 2)


def test_weights_of_pages_as_drawn_average_one_and_fall_with_the_level() -> None:
    """8,000 pages; within 4.5 standard errors of replications. With the wrong sign of t² / 2 the mean is below 0.7."""
    level, weight, _ = drawn("stratified", 2_000)
    by_replication = weight.mean(axis=1)
    assert abs(by_replication.mean() - 1.0) < 4.5 * by_replication.std() / np.sqrt(2_000)
    assert (np.diff(weight.mean(axis=0)) < 0.0).all()
    assert (np.diff(np.log(level).mean(axis=0)) > 0.0).all()


def test_each_page_of_a_replication_is_of_another_stratum() -> None:
    z = np.random.default_rng(2).normal(size=400)
    tilted = tilted_normals(z, np.tile(np.arange(4), 100), 4, 1.0).reshape(100, 4)
    quartiles = 1.0 + np.array([-0.6744897501960817, 0.0, 0.6744897501960817])
    assert (np.searchsorted(quartiles, tilted) == np.arange(4)).all()
    extreme = tilted_normals(np.array([-40.0, 40.0]), np.array([0, 3]), 4, 1.0)
    assert np.isfinite(extreme).all()


@pytest.mark.parametrize(("pages", "share"), [(2, 0.5), (4, 0.5), (8, 0.3), (15, 0.1)])
def test_no_stratum_mixes_usual_and_strong_pages(pages: int, share: float) -> None:
    world = load(SCENARIO, [f"world.pages={pages}", f"world.purchases.strong_pages.share={share}"]).world
    z = page_normals(world, make_pages(world, 5, range(200))).reshape(200, pages)
    strong = (z > strong_from(world)).mean(axis=0)
    assert set(strong.tolist()) == {0.0, 1.0}
    assert abs(tilt(world) - TILT) < 1.0


def test_without_strong_pages_or_with_one_page_the_tilt_follows_the_spread() -> None:
    alike = load(SCENARIO, ["world.purchases.strong_pages.share=0", "world.purchases.page_sigma=1.5"]).world
    assert tilt(alike) == TILT * 1.5
    assert tilt(load(SCENARIO, ["world.pages=1"]).world) == TILT
    for share in ("1e-17", "5e-324"):  # 1 - share is 1
        assert strong_from(load(SCENARIO, [f"world.purchases.strong_pages.share={share}"]).world) == math.inf


def test_audiences_are_one_of_each_stratum_in_an_order_of_their_own() -> None:
    *_, fans = drawn("stratified", 60)
    probability, points = np.array(load(SCENARIO).world.audience.quantiles).T
    u = np.interp(np.log(fans), np.log(points), probability)
    strata = np.minimum(np.floor(u * 4 + 1e-3).astype(int), 3)
    assert (np.sort(strata, axis=1) == np.arange(4)).mean() > 0.97  # whole fans lie on either side of a border
    assert len({tuple(row) for row in strata.tolist()}) > 10


def test_the_variance_of_what_pages_earn_falls() -> None:
    # Level stands for earnings: the mean level of four pages, 2,000 times. The ratio of variances is about 20; the
    # chance that 2,000 values show less than 5 is far below 1e-4.
    level, weight, _ = drawn("stratified", 2_000, pages=4)
    plain, *_ = drawn("independent", 2_000, pages=4)
    assert plain.mean(axis=1).var() > 5.0 * (level * weight).mean(axis=1).var()


@pytest.mark.slow
def test_totals_are_weighted_and_counts_are_not() -> None:
    run = sim.simulate(SCENARIO)
    own = run.pages.filter(policy="wilson_sample")
    weight = own["weight"].to_numpy().reshape(4, 4)
    assert (weight != 1.0).all()
    whole = run.replications.filter(policy="wilson_sample")
    for name in ("reward", "revenue_usd"):
        sums = (own[name].to_numpy().reshape(4, 4) * weight).sum(axis=1)
        assert whole[name].to_numpy() == pytest.approx(sums, abs=1e-5)
    assert whole["pulls"].to_list() == own["sends"].to_numpy().reshape(4, 4).sum(axis=1).tolist()
    last = run.curves.filter(policy="wilson_sample", at=8.0)
    assert last["revenue_usd"].to_list() == whole["revenue_usd"].to_list()
    oracle = run.pages.filter(policy="oracle")
    assert oracle["weight"].to_list() == own["weight"].to_list()


def test_independent_draws_have_no_weights() -> None:
    world = load(SCENARIO, ["world.audience.draw=independent"]).world
    assert page_weights(world, make_pages(world, 5, range(2))) is None
