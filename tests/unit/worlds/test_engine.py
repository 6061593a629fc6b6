"""The clock: when a world advances, changes and is recorded, and what a block returns."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from sim.scenario import load
from sim.worlds import engine
from sim.worlds.base import UNNAMED, PageTotals, SendLog, Tally, Totals
from sim.worlds.engine import Curve, curve_points, recorded, run, simulate
from sim.worlds.metrics.estimation import nothing
from sim.worlds.metrics.loop import LoopMetrics

BERNOULLI = {
    "version": 1,
    "name": "clock",
    "replications": 6,
    "horizon": {"pulls": 1000},
    "world": {"kind": "bernoulli", "means": [0.4, 0.6]},
    "policies": ["uniform"],
}


class Diary:
    """A world that writes down what it is asked to do; its regret is the time, its reward the number of changes."""

    horizon = 10.0

    def __init__(self, change_at=(), pages=1, locked=(0.0, 0.5), send=None):
        self.change_at, self.pages, self.locked, self.send = change_at, pages, locked, send
        self.diary: list[object] = []
        self.time, self.changed = 0.0, 0

    def changes(self):
        for at in self.change_at:
            yield at, self.change

    def change(self):
        self.diary.append("change")
        self.changed += 1

    def simulate_through(self, points, watched):
        self.foreseen = [points.tolist(), watched.tolist()]

    def advance(self, until):
        self.time = max(self.time, until)
        self.diary.append(float(until))

    def totals(self):
        rows, zeros = np.ones(2), np.zeros(2, np.int64)
        return Totals(zeros, self.changed * rows, self.time * rows, zeros, math.nan * rows, zeros, zeros)

    def locked_out_pages(self):
        return np.array(self.locked)

    def tally(self):
        return Tally(np.zeros(14, np.int64), 0, 0, 0, 0, 0, 0)

    def tier_revenue(self):
        return np.zeros((0, 2), np.int64)

    def estimation(self):
        return nothing()

    def loop(self):
        return LoopMetrics()

    def page_totals(self):
        zeros = np.zeros((2, self.pages))
        counts = zeros.astype(np.int64)
        return PageTotals(
            counts - 1, counts, zeros, counts, zeros + np.nan, zeros + 1.0, counts - 1, counts - 1, UNNAMED
        )

    def counts(self, index):
        return f"counts {index}"

    def sends(self, index):
        return self.send


def ran(world, at):
    curve = Curve(np.array(at, float))
    run(world, curve)
    return curve


def test_between_two_events_the_world_advances_and_changes_fall_in_order():
    world = Diary(change_at=[2.5, 7.0])
    curve = ran(world, [1.0, 5.0, 10.0])
    assert world.diary == [1.0, 2.5, "change", 5.0, 7.0, "change", 10.0]
    assert [point[0] for point in curve.regret] == [1.0, 5.0, 10.0]
    assert [point[0] for point in curve.reward] == [0.0, 1.0, 2.0]


def test_several_changes_at_one_time_and_at_a_recorded_time():
    world = Diary(change_at=[0.1, 0.1, 0.3])
    curve = ran(world, [0.1, 0.2, 0.3])
    assert world.changed == 3
    assert [point[0] for point in curve.regret] == [0.1, 0.2, 0.3]


def test_days_that_no_binary_fraction_holds_keep_their_order():
    times = [k * 0.1 for k in range(1, 400)]
    world = Diary(change_at=times)
    ran(world, [sum([0.1] * k) for k in range(1, 400)])
    assert world.changed == 399


@pytest.mark.parametrize("times", [[math.nan], [math.inf], [-1.0], [3.0, 2.0]])
def test_times_that_are_no_times_or_past_are_refused(times):
    with pytest.raises(ValueError, match=r"no time|past"):
        ran(Diary(change_at=times), [1.0, 10.0])


@pytest.mark.parametrize(("pulls", "points"), [(1, 60), (2, 60), (50, 60), (1000, 60), (10**9, 3)])
def test_curves_of_pulls_are_whole_rising_log_spaced_and_end_at_the_horizon(pulls, points):
    at = curve_points(load(BERNOULLI | {"horizon": {"pulls": pulls}, "record": {"curve_points": points}}))
    assert at[-1] == pulls
    assert at[0] == 1
    assert len(at) <= points
    assert np.all(np.diff(at) > 0)
    assert np.all(at == np.round(at))
    if pulls == 1000:
        late = at[at > 100]
        assert late[1:] / late[:-1] == pytest.approx(1000 ** (1 / 59), rel=0.02)


def test_curves_of_days_are_evenly_spaced_and_end_at_the_horizon():
    scenario = SimpleNamespace(record=SimpleNamespace(curve_points=4), horizon=SimpleNamespace(pulls=None, days=10))
    assert curve_points(scenario).tolist() == [2.5, 5.0, 7.5, 10.0]


def test_which_statistics_are_kept():
    assert recorded("all", 10, range(4, 7)) == [4, 5, 6]
    assert recorded("none", 10, range(4, 7)) == []
    assert recorded("last", 10, range(4, 7)) == []
    assert recorded("last", 10, range(7, 10)) == [9]


@pytest.fixture
def spec():
    return SimpleNamespace(name="p")


def test_a_block_returns_what_its_world_says(monkeypatch, spec):
    world = Diary(change_at=[4.0])
    monkeypatch.setattr(engine, "build_world", lambda *_: world)
    result = simulate(load(BERNOULLI | {"record": {"stats": "last", "curve_points": 5}}), spec, range(4, 6))
    assert result.policy == "p"
    assert result.replications == range(4, 6)
    assert result.regret.shape == result.reward.shape == (len(result.at), 2)
    assert result.regret[:, 1].tolist() == result.at.tolist()
    assert result.totals.regret.tolist() == [1000.0, 1000.0]
    assert (result.stats, result.stats_of) == (["counts 1"], [5])
    assert (result.sends, result.sends_of) == ([], [])


@pytest.mark.parametrize(
    ("pages", "locked", "expected"),
    [(1, (0.0, 1.0), [False, True]), (38, (0.49, 0.5), [False, True]), (2, (0.5, 0.0), [True, False])],
)
def test_locked_out_means_the_page_or_at_least_half_of_the_pages(monkeypatch, spec, pages, locked, expected):
    monkeypatch.setattr(engine, "build_world", lambda *_: Diary(pages=pages, locked=locked))
    result = simulate(load(BERNOULLI), spec, range(2))
    assert result.locked_out.tolist() == expected
    assert result.locked_out_pages.tolist() == list(locked)


def test_send_logs_are_kept_where_the_scenario_asks(monkeypatch, spec):
    log = SendLog(*[np.zeros(1)] * 11)
    monkeypatch.setattr(engine, "build_world", lambda *_: Diary(send=log))
    scenario = load(BERNOULLI)
    asking = SimpleNamespace(
        replications=6, horizon=scenario.horizon, record=scenario.record.model_copy(update={"sends": True})
    )
    assert simulate(scenario, spec, range(2)).sends == []
    assert simulate(asking, spec, range(2, 4)).sends_of == [2, 3]
