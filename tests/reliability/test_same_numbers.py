"""Determinism, isolation and independent streams."""

import itertools
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import sim
from reliability.harness import ROOT, amounts, digest, finish, start
from sim.rng import generator, policy_purpose, row_keys
from sim.scenario import Scenario, load
from sim.worlds.engine import BlockResult, simulate

pytestmark = pytest.mark.slow

AVX_OFF = {"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3", "NUMBA_CPU_NAME": "generic"}
SETTINGS: list[dict[str, str]] = [
    {"workers": "2", "PYTHONHASHSEED": "1"},
    {"workers": "1", "PYTHONHASHSEED": "2", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"},
    {"workers": "3", "PYTHONHASHSEED": "3", "POLARS_MAX_THREADS": "4", "NUMBA_NUM_THREADS": "2"},
    {"workers": "2", "PYTHONHASHSEED": "4", "PYTHONOPTIMIZE": "1"},
]


@amounts(2, len(SETTINGS))
def test_workers_hash_seeds_and_threads_change_no_bit(home: Path, tmp_path: Path, expected: str, amount: int) -> None:
    for number, setting in enumerate(SETTINGS[:amount]):
        environment = {name: value for name, value in setting.items() if name != "workers"}
        run = tmp_path / f"run{number}"
        code, said = finish(start(home, "--out", str(run), "--workers", setting["workers"], **environment))
        assert code == 0, said
        assert digest(run) == expected, setting


@pytest.mark.long
def test_instruction_sets_change_no_bit(home: Path, tmp_path: Path, expected: str) -> None:
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    code, said = finish(start(home, "--out", str(tmp_path / "run"), "--workers", "1", **AVX_OFF, **cache))
    assert code == 0, said
    assert digest(tmp_path / "run") == expected


@pytest.mark.long
@pytest.mark.parametrize("version", ["2.2", "2.3"])
def test_numpy_versions_change_no_bit(home: Path, tmp_path: Path, expected: str, version: str) -> None:
    """Another NumPy, installed into a folder that Python looks into first; the manifest says which one was in use."""
    other = tmp_path / "other"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(other)]
    if subprocess.run([*pip, f"numpy=={version}.*"], check=False, capture_output=True).returncode:
        pytest.skip(f"NumPy {version} cannot be installed here")
    folders = f"{other}{os.pathsep}{ROOT}"
    code, said = finish(start(home, "--out", str(tmp_path / "run"), "--workers", "1", PYTHONPATH=folders))
    assert code == 0, said
    assert sim.load_run(tmp_path / "run").manifest["versions"]["numpy"].startswith(f"{version}.")
    assert digest(tmp_path / "run") == expected


def same(one: BlockResult, other: BlockResult) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        for name in ("regret", "reward", "revenue_micros")
    ) and np.array_equal(one.totals.pulls, other.totals.pulls)


KINDS = ("wilson_sample", "thompson_beta", "ucb1", "greedy", "uniform")


def bernoulli(seed: int, policies: list[str]) -> Scenario:
    world = {"kind": "bernoulli", "arms": 5, "prior": {"beta": [1, 1]}, "churn": {"probability": 0.01}}
    content: dict[str, Any] = {"name": "x", "seed": seed, "replications": 8, "horizon": {"pulls": 80}}
    return load({**content, "world": world, "policies": policies})


@amounts(10, 100)
def test_other_policies_change_nothing(amount: int) -> None:
    dice = random.Random(20)
    for seed in range(amount):
        kind, others = dice.choice(KINDS), dice.sample(KINDS, dice.randint(1, len(KINDS)))
        alone = bernoulli(seed, [kind])
        among = bernoulli(seed, [kind, *(other for other in others if other != kind)])
        results = [simulate(scenario, scenario.policies[0], range(3)) for scenario in (alone, among)]
        assert same(*results)


@amounts(10, 100)
def test_a_replication_alone_is_the_same(amount: int) -> None:
    dice = random.Random(21)
    for seed in range(amount):
        scenario = bernoulli(seed, [dice.choice(KINDS)])
        number = dice.randrange(8)
        block = simulate(scenario, scenario.policies[0], range(8))
        alone = simulate(scenario, scenario.policies[0], range(number, number + 1))
        assert np.array_equal(block.regret[:, number], alone.regret[:, 0])
        assert block.totals.reward[number] == alone.totals.reward[0]


@amounts(5, 100)
def test_another_page_changes_no_page(tmp_path: Path, amount: int) -> None:
    header = "page_name,caption_id,trials,successes\n"
    for seed in range(amount):
        rows = [f"{page},{arm},1000,{37 * (arm + seed) % 900}\n" for page in "abc" for arm in range(4)]
        results = []
        for pages in (2, 3):
            source = tmp_path / f"{seed}-{pages}.csv"
            source.write_text(header + "".join(rows[: 4 * pages]))
            world = {"kind": "table", "source": str(source), "rates": "observed"}
            content = {"name": "x", "seed": seed, "replications": 1, "horizon": {"days": 3}, "world": world}
            scenario = load({**content, "policies": [KINDS[seed % len(KINDS)]]})
            results.append(simulate(scenario, scenario.policies[0], range(1)).stats[0])
        few, many = results
        kept = many.page <= 2
        assert np.array_equal(few.caption_id, many.caption_id[kept])
        assert np.array_equal(few.successes, many.successes[kept])
        assert np.array_equal(few.observations, many.observations[kept])


def test_a_million_addresses_have_a_million_keys() -> None:
    purposes = ["outcome", "table:rates", *map(policy_purpose, ("a", "b"))]
    seeds, replications, pages = (0, 1, 42, 2**62), 250, 250
    keys = [row_keys(seed, purpose, range(replications), pages) for seed in seeds for purpose in purposes]
    found = np.concatenate([each.ravel() for each in keys])
    assert found.size == 1_000_000
    assert np.unique(found).size == found.size


@amounts(200, 1_000)
def test_streams_are_uniform_and_uncorrelated(amount: int) -> None:
    """False-alarm rate at most 1e-4 in all: one pooled test of uniformity and one of the largest correlation."""
    length = 1_000
    draws = np.array([generator(7, "streams", number).random(length) for number in range(amount)])
    p_values = [stats.kstest(row, "uniform").pvalue for row in draws]
    assert stats.kstest(p_values, "uniform").pvalue > 5e-5
    correlation = np.corrcoef(draws)[np.triu_indices(amount, 1)]
    pairs = correlation.size
    bound = stats.norm.isf(5e-5 / 2 / pairs) / np.sqrt(length) * 1.05
    assert np.abs(correlation).max() < bound
    for one, other in itertools.islice(itertools.pairwise(draws), 50):
        crossed = np.correlate(one - one.mean(), other - other.mean(), "full") / (length / 12)
        assert np.abs(crossed).max() * np.sqrt(length) < stats.norm.isf(5e-5 / 50 / 2 / crossed.size) * 1.05


def test_the_tests_of_streams_notice_shared_draws() -> None:
    draws = np.array([generator(7, "streams", number % 50).random(1_000) for number in range(51)])
    assert np.abs(np.corrcoef(draws)[np.triu_indices(51, 1)]).max() > 0.99
