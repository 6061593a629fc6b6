"""A damaged run folder is repaired or refused in words: no traceback, and never other numbers in silence."""

import json
import random
import shutil
from pathlib import Path

import pytest

import sim
from reliability.harness import SMALL, amounts, digest
from sim.errors import SimError
from sim.runs.folders.run_folder import RunFolder
from sim.scenario import load

SCENARIO = load(SMALL)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sim.run(SMALL, tmp_path_factory.mktemp("damage") / "run", report=False).path


@pytest.fixture(scope="module")
def expected(whole: Path) -> str:
    return everything(whole)


def everything(folder: Path) -> str:
    """All that a user can read of a run, as one text."""
    run = sim.load_run(folder)
    frames = [run.replications, run.curves, run.summary, run.pairs]
    frames += [run.table(path.stem) for path in sorted(folder.glob("*.parquet"))]
    for policy in ("wilson_sample", "uniform"):
        frames += [run.stats(policy, number) for number in range(4)]
    scenario = run.scenario.to_yaml()
    csv = "".join(path.read_text() for path in sorted((folder / "tables").glob("*.csv")))
    return "".join(frame.write_json() for frame in frames) + scenario + (folder / "summary.json").read_text() + csv


def flipped(content: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(content))
    return content[:place] + bytes([content[place] ^ (1 << dice.randrange(8))]) + content[place + 1 :]


def refused(folder: Path, expected: str) -> bool:
    """Whether damage is refused in words; raises AssertionError where it is accepted, anything else is a traceback."""
    try:
        found = everything(folder)
    except SimError as problem:
        assert str(folder) in problem.message
        return True
    assert found == expected, "other content in silence"
    return False


@amounts(120, 5_000)
def test_every_flipped_byte_of_a_complete_run_is_refused(whole: Path, expected: str, amount: int) -> None:
    dice = random.Random(10)
    files = sorted(path for path in whole.rglob("*") if path.is_file())
    for _ in range(amount):
        path = dice.choice(files)
        content = path.read_bytes()
        try:
            path.write_bytes(flipped(content, dice))
            assert refused(whole, expected), path
        finally:
            path.write_bytes(content)
    assert not refused(whole, expected)


@amounts(6, 60)
def test_truncations_of_every_file_are_refused(whole: Path, expected: str, amount: int) -> None:
    dice = random.Random(11)
    for path in sorted(path for path in whole.rglob("*") if path.is_file() and "replication=1" not in path.name):
        content = path.read_bytes()
        for length in {0, len(content) - 1, *(dice.randrange(len(content)) for _ in range(amount - 6))}:
            try:
                path.write_bytes(content[:length])
                assert refused(whole, expected), (path, length)
            finally:
                path.write_bytes(content)


def test_every_missing_file_is_refused(whole: Path, expected: str, tmp_path: Path) -> None:
    for path in sorted(path for path in whole.rglob("*") if path.is_file()):
        path.rename(tmp_path / "aside")
        try:
            assert refused(whole, expected), path
        finally:
            (tmp_path / "aside").rename(path)


@amounts(6, 60)
def test_resuming_repairs_a_complete_run(whole: Path, tmp_path: Path, amount: int) -> None:
    dice, wanted = random.Random(12), digest(whole)
    for number in range(amount):
        folder = tmp_path / str(number)
        shutil.copytree(whole, folder)
        path = dice.choice(sorted(path for path in folder.rglob("*") if path.is_file()))
        path.write_bytes(flipped(path.read_bytes(), dice))
        try:
            sim.run(SMALL, folder, resume=True, report=False)
        except SimError as problem:
            assert path.name == "manifest.json", problem
            assert "--fresh" in problem.hint
            continue
        assert digest(folder) == wanted
        assert not RunFolder(folder).damaged(RunFolder(folder).manifest(), logs=True)


class Halfway:
    """A backend that stops after some blocks."""

    def run(self, jobs, work):  # type: ignore[no-untyped-def]
        for number, job in enumerate(jobs):
            if number == 1:
                raise KeyboardInterrupt
            yield job, work(job)


@amounts(10, 200)
def test_resuming_an_unfinished_run_simulates_damaged_blocks_again(whole: Path, tmp_path: Path, amount: int) -> None:
    dice, wanted, unfinished = random.Random(13), digest(whole), tmp_path / "unfinished"
    with pytest.raises(KeyboardInterrupt):
        sim.run(SMALL, unfinished, report=False, backend=Halfway())
    assert json.loads((unfinished / "manifest.json").read_text())["status"] == "running"
    for number in range(amount):
        folder = tmp_path / str(number)
        shutil.copytree(unfinished, folder)
        path = dice.choice(sorted(path for path in folder.rglob("*") if path.is_file()))
        content = path.read_bytes()
        path.write_bytes(content[: dice.randrange(len(content))] if number % 2 else flipped(content, dice))
        try:
            sim.run(SMALL, folder, resume=True, report=False)
        except SimError as problem:
            assert path.name == "manifest.json", problem
            continue
        assert digest(folder) == wanted
