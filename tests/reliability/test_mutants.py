"""The science: seeded mistakes are noticed by the suite.

The short form holds that every mistake still applies to the sources; the full one runs the tests against each.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reliability.harness import ROOT
from reliability.mutants import MUTANTS, Mutant

SURVIVORS_ALLOWED = 0.05
PARTS = ("sim", "policies", "reports", "scenarios", "sql", "tests", "benchmarks", "docs", "scripts")


def test_there_are_forty_mutants() -> None:
    assert len(MUTANTS) >= 40
    assert len(set(MUTANTS)) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=map(str, MUTANTS))
def test_a_mutant_applies_to_the_sources(mutant: Mutant) -> None:
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert source.count(mutant.old) == 1
    compile(source.replace(mutant.old, mutant.new), mutant.file, "exec")
    assert all((ROOT / test).is_file() for test in mutant.tests)


def copy_of_the_project(folder: Path) -> Path:
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part)
    for file in (*ROOT.glob("*.toml"), *ROOT.glob("*.md")):
        shutil.copy(file, folder)
    return folder


def noticed(project: Path, mutant: Mutant) -> bool:
    """Whether a test fails; the sources are as before afterwards."""
    path = project / mutant.file
    source = path.read_text(encoding="utf-8")
    path.write_text(source.replace(mutant.old, mutant.new), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutant.tests]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(project), str(project / "tests")))}
    try:
        done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    finally:
        path.write_text(source, encoding="utf-8")
    assert done.returncode in (0, 1, 2), done.stdout + done.stderr
    return done.returncode != 0


@pytest.mark.long
def test_mutants_are_noticed(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    for tests in {mutant.tests for mutant in MUTANTS}:
        untouched = Mutant("sim/units.py", "MICROS = 1_000_000", "MICROS = 1_000_000", tests)
        assert not noticed(project, untouched), tests
    survivors = [str(mutant) for mutant in MUTANTS if not noticed(project, mutant)]
    assert len(survivors) <= SURVIVORS_ALLOWED * len(MUTANTS), survivors
