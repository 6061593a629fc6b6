"""The C kernels of `benchmarks.limit` do what ours do, and its figures are judged as documented."""

import json
import subprocess
import sys

import numpy as np
import pytest

from benchmarks.limit import bernoulli, report, traffic
from benchmarks.limit.compiler import compiler
from benchmarks.limit.timing import Duel, duel, timed
from benchmarks.limit.traffic_kernel import Problem, simulate
from sim.scenario import load
from sim.worlds.engine import build_world

needs_compiler = pytest.mark.skipif(compiler() is None, reason="no C compiler: the limit is a C kernel")

SMALL = {
    "name": "small",
    "seed": 3,
    "replications": 2,
    "horizon": {"days": 40},
    "world": {"kind": "traffic", "pages": 3, "bank": {"captions": 150}, "audience": {"fixed": 2_000}},
    "policies": [{"kind": "wilson_sample", "prior": [1, 3]}],
}
# What the benchmark's own scenario leaves out: other ways of planning a day, and of drawing.
VARIANTS = {
    "size classes": {"audience": {"quantiles": [[0, 5], [0.5, 20_000], [1, 400_000]]}},
    "given number": {"sends": {"per_day": 20, "hours": [6, 22]}},
    "exact quotas": {},
    "nothing random": {
        "purchases": {"message_cv": 0, "page_sigma": 0},
        "drift": {"sigma_per_week": 0},
        "delay": {"mean_hours": 0},
    },
    "scarce and sold": {
        "bank": {"captions": 40},
        "purchases": {"per_view": [[5.0, 0.5], [20.0, 0.4]], "message_cv": 1.5},
        "views": {"priced": {"mean": 0.6, "cv": 1.0}},
    },
    # Most cold captions retire before they are chosen, and some lists of the best run out.
    "restless": {"turnover": {"retire_share_per_week": 0.6, "arrivals_per_week": 40}, "drift": {"sigma_per_week": 0.4}},
    "all equal": {"purchases": {"caption_cv": 0, "page_sigma": 0}, "drift": {"sigma_per_week": 0}},
}


def small(variant):
    selection = {"scaled": False} if variant == "exact quotas" else {}
    return load({**SMALL, "world": {**SMALL["world"], **VARIANTS[variant]}, "selection": selection})


def both(scenario, change=lambda problem: None):
    world = traffic.world_of(scenario)
    problem = traffic.problem_of(scenario)
    change(problem)
    world.advance(11.3)
    world.advance(40.0)
    return world, simulate(problem)


@needs_compiler
@pytest.mark.parametrize("variant", VARIANTS)
def test_c_and_ours_simulate_the_same_traffic_to_the_last_bit(variant):
    world, c = both(small(variant))
    assert traffic.world_agrees(world, c)
    assert c["successes"].tolist() == [world.counts(index).successes.sum() for index in range(2)]
    assert c["late"].sum() > 0 or variant == "nothing random"
    assert c["unfilled"].sum() > 0 or variant != "scarce and sold"


MISTAKES = {
    "delay": ("rules", "delay_s", 1.5),
    "fatigue": ("rules", "fatigue_drop", 0.99),
    "median": ("rules", "median_s", 0.5),
    "price": ("bank", "price", 0.5),
    "drift": ("rules", "drift_sigma", 2.0),
    "audience": ("pages", "fans", 2),
}


@needs_compiler
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_difference_between_c_and_ours_is_noticed(mistake):
    array, field, factor = MISTAKES[mistake]

    def change(problem):
        problem.arrays[array][field] = problem.arrays[array][field] * factor

    assert not traffic.world_agrees(*both(small("exact quotas"), change))


def test_c_refuses_what_it_does_not_know():
    for changes in ({"policies": ["ucb1"]}, {"horizon": {"days": 2.5}}):
        scenario = load({**SMALL, **changes})
        world = build_world(scenario, scenario.policies[0], range(1))
        with pytest.raises(ValueError, match="whole days only"):
            Problem(scenario, scenario.policies[0], range(1), world)


@needs_compiler
@pytest.mark.parametrize("arms", [2, 7])
@pytest.mark.slow
def test_c_and_ours_pull_the_same_arms(arms):
    scenario = bernoulli.problem(arms, bernoulli.POLICIES, 2)
    for spec in scenario.policies:
        figure = bernoulli.compare(scenario, spec, rounds=1)
        assert figure.duel.agree, spec.name


def test_a_duel_tells_the_ratio_and_whether_results_agree():
    seconds = iter([1.0, 4.0, 2.0, 1.0, 5.0, 10.0])
    results = iter("aabba!")

    def play():
        return next(seconds), next(results)

    found = duel(play, play, 3, lambda mine, theirs: mine == theirs)
    assert found == Duel(ours=2.0, limit=4.0, ratio=2.0, agree=False)


def test_growth_is_the_time_of_the_many_over_that_of_the_few(monkeypatch):
    seconds = iter([1.0, 3.0, 2.0, 4.0, 1.0, 9.0] * 2)
    monkeypatch.setattr(traffic, "timed", lambda work: (next(seconds), work()))
    few, many = small("given number"), load({**SMALL, "replications": 1})
    assert traffic.growth(few, few, 3) == Duel(ours=1.0, limit=4.0, ratio=3.0, agree=True)
    assert not traffic.growth(few, many, 3).agree


def test_work_is_timed_in_cpu_time():
    def burn():
        return sum(range(200_000))

    seconds, result = timed(burn)
    assert seconds > 0
    assert result == burn()


def figure(name, ratio):
    return report.Figure(name, "pull", 2e-8, 1e-8, Duel(2.0, 1.0, ratio, True))


def test_only_a_ratio_that_fell_by_more_than_the_tolerance_is_named():
    before = {"fast": 1.0, "slow": 1.0}
    figures = [figure("fast", 0.81), figure("slow", 0.79), figure("new", 0.01)]
    assert report.fallen(figures, before, 0.2) == ["slow"]
    assert "| slow | pull | 20.0 | 10.0 | 0.79 | 1.00 | yes |" in report.table(figures, before)
    assert "| new | pull | 20.0 | 10.0 | 0.01 | – | yes |" in report.table(figures, before)


def test_recording_keeps_what_was_not_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "RECORDED", tmp_path / "figures.json")
    assert report.recorded() == {}
    report.record([figure("a", 0.512), figure("b", 2.0)])
    report.record([figure("b", 1.996)])
    assert report.recorded() == {"a": 0.51, "b": 2.0}


def test_every_recorded_figure_is_one_that_is_measured():
    names = {f"{policy}, K = {arms}" for policy in bernoulli.POLICIES for arms in (10, 100)}
    names |= {f"traffic, {captions} captions, {part}" for captions in ("500", "16,500") for part in ("kernel", "whole")}
    assert set(json.loads(report.RECORDED.read_text())) <= names


def test_peak_memory_is_this_process_own():
    program = "from benchmarks.limit.memory import peak; a = peak(); b = b'x' * 2**26; print(peak() - a)"
    held = np.ones(2**25)  # 256 MB that are not the child's
    grown = float(subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE).stdout)
    assert held.nbytes == 2**28
    assert 60 < grown < 90
