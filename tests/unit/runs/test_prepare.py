"""What `run` does in a folder that holds something already."""

from pathlib import Path
from typing import Any

import pytest

import sim
from sim.errors import InputError, StorageError
from sim.runs.folders.run_folder import RunFolder
from sim.runs.prepare import Request
from sim.scenario import load

SCENARIO: dict[str, Any] = {
    "name": "tiny",
    "replications": 5,
    "horizon": {"pulls": 40},
    "world": {"kind": "bernoulli", "means": [0.2, 0.8]},
    "policies": ["uniform", "oracle"],
}


class Stopped(Exception):
    """Ends a run in the middle."""


class Stopping:
    """A backend that does a number of jobs and then fails."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def run(self, jobs: Any, work: Any) -> Any:
        for number, job in enumerate(jobs):
            if number >= self._jobs:
                raise Stopped
            yield job, work(job)


def run(folder: Path, **how: Any) -> sim.Run:
    changes = how.pop("changes", {})
    return sim.run({**SCENARIO, **changes}, folder, report=False, **how)


def stop(folder: Path, jobs: int, **how: Any) -> None:
    with pytest.raises(Stopped):
        run(folder, backend=Stopping(jobs), **how)


def same(one: Path, other: Path) -> bool:
    import polars as pl

    names = [sorted(path.relative_to(folder) for path in folder.rglob("*.parquet")) for folder in (one, other)]
    return names[0] == names[1] and all(
        pl.read_parquet(one / n, hive_partitioning=False).equals(pl.read_parquet(other / n, hive_partitioning=False))
        for n in names[0]
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Undisturbed runs by number of replications."""
    home = tmp_path_factory.mktemp("whole")
    return {n: run(home / str(n), changes={"replications": n}).path for n in (5, 9)}


def test_a_run_is_not_overwritten_and_the_ways_out_are_named(tmp_path: Path) -> None:
    stop(tmp_path / "run", 1)
    with pytest.raises(InputError, match=r"already holds a run \(running\)") as caught:
        run(tmp_path / "run")
    assert all(way in caught.value.hint for way in ("--resume", "--fresh", "--out"))
    run(tmp_path / "run", resume=True)
    with pytest.raises(InputError, match=r"already holds a run \(complete\)") as caught:
        run(tmp_path / "run")
    assert "--resume" not in caught.value.hint


def test_a_run_stopped_before_its_first_block_leaves_nothing(tmp_path: Path) -> None:
    stop(tmp_path / "run", 0)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("stopped_at", [None, 1])
def test_replications_are_added_to_a_complete_run(
    tmp_path: Path, whole: dict[int, Path], stopped_at: int | None
) -> None:
    folder, more = tmp_path / "run", {"replications": 9}
    before = run(folder).path / "replications.parquet"
    old = before.read_bytes()
    if stopped_at is not None:
        stop(folder, stopped_at, changes=more, resume=True)
        assert before.read_bytes() == old  # the old run stays until the new one is complete
        sim.load_run(folder)
    done: list[tuple[int, int]] = []
    run(folder, changes=more, resume=True, progress=lambda *told: done.append(told))
    assert done[-1] == (8, 8)  # four more for each of two policies, and none of the old ones
    assert same(folder, whole[9])
    assert not (folder / ".next").exists()
    assert "base" not in RunFolder(folder).manifest()


def test_replications_are_added_to_an_unfinished_run(tmp_path: Path, whole: dict[int, Path]) -> None:
    stop(tmp_path / "run", 1)
    run(tmp_path / "run", changes={"replications": 9}, resume=True)
    assert same(tmp_path / "run", whole[9])


def test_of_the_last_replication_alone_the_statistics_are_kept_when_the_number_rises(tmp_path: Path) -> None:
    last = {"record": {"stats": "last"}}
    run(tmp_path / "run", changes=last)
    run(tmp_path / "run", changes={**last, "replications": 9}, resume=True)
    run(tmp_path / "whole", changes={**last, "replications": 9})
    assert same(tmp_path / "run", tmp_path / "whole")


def test_fewer_replications_are_refused(tmp_path: Path) -> None:
    run(tmp_path / "run")
    with pytest.raises(InputError, match="replications: 5 there, 4 here"):
        run(tmp_path / "run", changes={"replications": 4}, resume=True)


def test_a_replacement_is_built_beside_and_continued(tmp_path: Path) -> None:
    folder, other = tmp_path / "run", {"seed": 9}
    run(folder)
    (folder / "notes.txt").write_text("mine")
    stop(folder, 1, changes=other, fresh=True)
    assert sim.load_run(folder).manifest["seed"] == 1
    assert RunFolder(folder).resumable
    run(folder, changes=other, resume=True)
    run(tmp_path / "whole", changes=other)
    assert same(folder, tmp_path / "whole")
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_replacement_stopped_before_its_first_block_leaves_the_old_run_alone(tmp_path: Path) -> None:
    run(tmp_path / "run")
    stop(tmp_path / "run", 0, changes={"seed": 9}, fresh=True)
    assert not (tmp_path / "run" / ".next").exists()
    assert sim.load_run(tmp_path / "run").manifest["seed"] == 1


def test_fresh_replaces_a_run_whose_manifest_is_damaged(tmp_path: Path, whole: dict[int, Path]) -> None:
    run(tmp_path / "run")
    (tmp_path / "run" / "manifest.json").write_text("{")
    for how in ({}, {"resume": True}):
        with pytest.raises(StorageError, match="damaged"):
            run(tmp_path / "run", **how)
    run(tmp_path / "run", fresh=True)
    assert same(tmp_path / "run", whole[5])


DAMAGED = ["summary.parquet", "pairs.parquet", "summary.json", "scenario.yaml", "tables/ranks.csv"]
SIMULATED = ["replications.parquet", "curves.parquet", "observations.npz", "stats/policy=uniform/replication=2.parquet"]


@pytest.mark.parametrize("name", [*DAMAGED, *SIMULATED])
@pytest.mark.parametrize("damage", ["changed", "missing"])
@pytest.mark.slow
def test_resuming_repairs_a_damaged_file(tmp_path: Path, whole: dict[int, Path], name: str, damage: str) -> None:
    folder = run(tmp_path / "run").path
    path = folder / name
    content = path.read_bytes()
    path.unlink() if damage == "missing" else path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    done: list[tuple[int, int]] = []
    run(folder, resume=True, progress=lambda *told: done.append(told))
    assert bool(done) == (name in SIMULATED)  # what derives from other tables is not simulated again
    assert same(folder, whole[5])
    assert path.read_bytes() == (whole[5] / name).read_bytes()


def test_an_intact_complete_run_is_left_alone(tmp_path: Path) -> None:
    folder = run(tmp_path / "run").path
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    run(folder, resume=True)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path in before} == before


def test_refusals_write_nothing(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").touch()
    for how in ({}, {"resume": True}, {"fresh": True}):
        with pytest.raises(InputError, match=r"it holds thesis\.tex"):
            Request(load(SCENARIO), RunFolder(tmp_path / "run"), **how).prepare(lambda path, scenario: None)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.tex"]
