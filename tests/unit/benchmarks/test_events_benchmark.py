"""`benchmarks.events`: the SimPy rival simulates the same world, and SimPy's share is what the clock takes."""

import numpy as np
import pytest

import sim.worlds.engine
from benchmarks.events import rival, share
from benchmarks.events.captions import ArrayTier, Law, ObjectTier, steps
from benchmarks.limit import timing
from benchmarks.limit.traffic import advanced, world_of
from sim.scenario import load
from sim.worlds.engine import build_world, run, simulate

DAYS, REPLICATIONS = 28, 16
# Many purchases, so that a few thousand messages tell.
SCENARIO = {
    "name": "events",
    "seed": 5,
    "replications": REPLICATIONS,
    "horizon": {"days": DAYS},
    "world": {
        "kind": "traffic",
        "pages": 1,
        "audience": {"fixed": 2_000},
        "sends": {"reach": 1.0, "per_day": 20, "unpriced_share": 0.2},
        "bank": {"captions": 200},
        "purchases": {"page_sigma": 0, "strong_pages": {"share": 0}, "per_view": [[5.0, 0.003], [20.0, 0.002]]},
        "fatigue": {"drop": 0.5},
    },
    "policies": ["wilson_sample"],
}


@pytest.fixture(scope="module")
def ours():
    scenario = load(SCENARIO)
    world = world_of(scenario)
    advanced(world, scenario)
    return world


def means(kind):
    scenario = load(SCENARIO)
    return rival.play(scenario, world_of(scenario), np.arange(REPLICATIONS), kind).means


@pytest.mark.parametrize("kind", rival.KINDS)
def test_a_process_a_message_simulates_the_same_world(ours, kind):
    # Two means, each outside its interval once in 10,000 at the least (seeds are fixed).
    assert all(difference.agrees for difference in rival.differences(means(kind), ours))


def test_a_mistake_in_the_rival_is_noticed(ours, monkeypatch):
    monkeypatch.setattr(ArrayTier, "wear_out", lambda self, day, place: None)
    assert not all(difference.agrees for difference in rival.differences(means("arrays"), ours))


def test_objects_and_arrays_are_two_ways_to_write_the_same():
    assert np.allclose(means("objects"), means("arrays"))


def test_captions_rest_wear_out_and_learn():
    law = Law(z=1.96, prior=(1.0, 1.0), drop=0.5, half_life_days=2.0, drift=0.0, cool_down_s=86_400.0)
    columns = ([3, 5], [0.2, 0.4], [0, 0], [9, 9])
    for kind in (ObjectTier, ArrayTier):
        tier = kind(law, np.random.default_rng(1), tuple(np.array(column) for column in columns))
        tier.wear_out(0, 1)
        assert tier.rate_on(0, 1) == pytest.approx(0.2)
        assert tier.rate_on(2, 1) == pytest.approx(0.3)
        tier.use(1, 10.0)
        assert tier.choose(1, 86_409.0, 2) == ([0], 0.0)
        assert sorted(tier.choose(1, 86_410.0, 2)[0]) == [0, 1]
        assert tier.choose(63, 1e9, 2) == ([], 0.0)
        for _ in range(200):
            tier.label(0, True)
            tier.label(1, False)
        chosen, missed = tier.choose(2, 1e9, 1)
        assert (chosen, missed) == ([0], pytest.approx(0.1))


def test_a_step_keeps_the_mean_rate_and_has_the_spread_of_the_law():
    drawn, sigma = steps(np.random.default_rng(2), 0.3, 40_000), 0.3
    # Four standard errors: each fails by chance less than once in 10,000.
    assert abs(np.exp(drawn).mean() - 1.0) < 4 * 0.31 / 200
    assert abs(drawn.std() / sigma - 1.0) < 4 * 0.71 / 200


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 0.0

    def move(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    hand = HandClock()
    monkeypatch.setattr(timing.time, "process_time", lambda: hand.now)
    return hand


TEXTBOOK = ["replications=2", "horizon.pulls=500", "policies=[greedy]", "record.stats=none", "checks=[]"]


def test_a_metered_world_is_the_same_world():
    scenario = load("textbook", [*TEXTBOOK, "world.changes=[{at: 100, means: [" + ", ".join(["0.5"] * 10) + "]}]"])
    spec, block = scenario.policies[0], range(2)
    world = build_world(scenario, spec, block)
    metered = share.MeteredWorld(world)
    run(metered, share.MeteredCurve(scenario, world, metered))
    assert np.array_equal(world.totals().regret, simulate(scenario, spec, block).totals.regret)


def test_time_on_the_clock_is_simpys_and_time_in_the_world_is_not(monkeypatch, clock):
    scenario = load("textbook", [*TEXTBOOK, "record.curve_points=10"])
    spec, block = scenario.policies[0], range(2)
    points, ticks = len(sim.worlds.engine.curve_points(scenario)), sim.worlds.engine.ticks

    def slow(at):
        clock.move(1.0)
        return ticks(at)

    monkeypatch.setattr(sim.worlds.engine, "ticks", slow)
    assert share.clock_seconds(scenario, spec, block) == points + 1  # the horizon is asked for once more
    world = build_world(scenario, spec, block)
    metered = share.MeteredWorld(world)
    monkeypatch.setattr(world, "advance", lambda until: clock.move(2.0))
    for at in range(4):
        metered.advance(float(at))
    assert metered.seconds == 8.0
