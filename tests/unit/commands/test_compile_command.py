"""`compile`: kernels are there before the first run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim import kernel_cache
from sim.cli import exit_code
from sim.precompile import CompileJob, compile_all, compile_job, compile_jobs
from sim.scenario import load

ROOT = Path(__file__).parents[3]
SCENARIO = {
    "name": "few",
    "replications": 50,
    "horizon": {"pulls": 20},
    "world": {"kind": "bernoulli", "means": [0.2, 0.8]},
    "policies": ["uniform", "greedy"],
}


class Counting:
    """A backend that keeps what it was asked to do."""

    def __init__(self) -> None:
        self.jobs: list[str] = []

    def run(self, jobs, work):
        for job in jobs:
            self.jobs.append(str(job))
            yield job, work(job)


@pytest.mark.slow
def test_every_policy_is_compiled_and_the_loads_where_asked():
    scenario = load(SCENARIO)
    assert list(map(str, compile_jobs([scenario], loads=False))) == ["few, uniform", "few, greedy"]
    assert str(compile_jobs([scenario], loads=True)[0]) == "seed and verify"
    backend = Counting()
    counts = [found for _, found in compile_all(compile_jobs([scenario], loads=False), backend)]
    assert backend.jobs == ["few, uniform", "few, greedy"]
    assert all(found["lost"] == 0 for found in counts)


@pytest.mark.slow
def test_seed_and_verify_are_a_job(monkeypatch):
    monkeypatch.setattr(kernel_cache, "kernels", kernel_cache.kernels.copy())
    assert compile_job(CompileJob())["lost"] == 0


def test_kernels_that_cannot_be_kept_are_an_error(tmp_path, monkeypatch, capsys):
    file = tmp_path / "few.yaml"
    file.write_text(load(SCENARIO).to_yaml())

    def losing(jobs, backend):
        for job in jobs:
            yield job, kernel_cache.Counter({"lost": 2})

    monkeypatch.setattr("sim.precompile.compile_all", losing)
    assert exit_code(["compile", str(file), "--workers", "1"]) == 3
    assert "4 kernels were compiled and cannot be kept" in capsys.readouterr().err


def test_dry_run_names_what_would_be_compiled(capsys):
    assert exit_code(["compile", "--dry-run", "--json"]) == 0
    jobs = json.loads(capsys.readouterr().out)["jobs"]
    assert jobs[0] == "seed and verify"
    assert "textbook, ucb1" in jobs
    assert not any(job.startswith("headline_tests") for job in jobs)  # which needs a file of the user
    assert exit_code(["compile", "headline_tests"]) == 2


@pytest.mark.long
def test_a_run_after_it_compiles_nothing(tmp_path):
    file = tmp_path / "few.yaml"
    file.write_text(load(SCENARIO).to_yaml())
    variables = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kernels")}

    def command(*words: str) -> str:
        program = [sys.executable, "-m", "sim", *words]
        return subprocess.run(program, cwd=ROOT, env=variables, capture_output=True, text=True, check=True).stdout

    assert json.loads(command("compile", str(file), "--json"))["compiled"] > 0
    kept = sorted(path.name for path in (tmp_path / "kernels").iterdir())
    command("run", str(file), "--out", str(tmp_path / "run"), "--no-report")
    assert sorted(path.name for path in (tmp_path / "kernels").iterdir()) == kept
    assert json.loads(command("compile", str(file), "--json"))["compiled"] == 0
