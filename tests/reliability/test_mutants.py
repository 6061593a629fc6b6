"""The science: seeded mistakes are noticed by the suite.

The short form checks that enough mistakes still apply to the sources; the full one runs the tests against each.
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
STALE_ALLOWED = 0.05
PARTS = ("sim", "policies", "reports", "scenarios", "sql", "tests", "benchmarks", "docs", "scripts")


def applies(mutant: Mutant) -> bool:
    """Whether the sources still hold the text once, and the changed module is still Python."""
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    if source.count(mutant.old) != 1:
        return False
    compile(source.replace(mutant.old, mutant.new), mutant.file, "exec")
    return all((ROOT / test.partition("::")[0]).is_file() for test in mutant.tests)


def test_nearly_all_mutants_apply_to_the_sources() -> None:
    """A mutant whose line has changed tests nothing: give it the new line."""
    stale = [str(mutant) for mutant in MUTANTS if not applies(mutant)]
    assert len(set(MUTANTS)) == len(MUTANTS)
    assert len(stale) <= STALE_ALLOWED * len(MUTANTS), stale


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
    mutants = [mutant for mutant in MUTANTS if applies(mutant)]
    for tests in {mutant.tests for mutant in mutants}:
        untouched = Mutant("sim/units.py", "MICROS = 1_000_000", "MICROS = 1_000_000", tests)
        assert not noticed(project, untouched), tests
    survivors = [str(mutant) for mutant in mutants if not noticed(project, mutant)]
    assert len(survivors) <= SURVIVORS_ALLOWED * len(mutants), survivors
