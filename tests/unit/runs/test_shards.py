"""Shards of one run: together they make the same bits as one process, whatever is repeated or killed."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sim
from sim.api import run_shard
from sim.cli import exit_code
from sim.errors import InputError
from sim.runs.folders.manifest import describe
from sim.runs.folders.run_folder import RunFolder
from sim.runs.plan import plan
from sim.runs.runner import Pipeline
from sim.runs.shards import Shard, missing_blocks, parse_shard, shard_of_environment
from sim.scenario import load

# Three blocks per policy.
SCENARIO: dict[str, Any] = {
    "name": "sharded",
    "replications": 24,
    "horizon": {"pulls": 1_000_000},
    "world": {"kind": "bernoulli", "means": [0.2, 0.5, 0.8]},
    "policies": ["uniform", "oracle"],
}


def rows(run: Path) -> dict[str, str]:
    files = sorted(run.rglob("*.parquet"))
    return {f"{path.relative_to(run)}": pl.read_parquet(path, hive_partitioning=False).write_json() for path in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return rows(sim.run(SCENARIO, tmp_path_factory.mktemp("whole") / "run", report=False).path)


def pipeline(folder: Path) -> Pipeline:
    scenario = load(SCENARIO)
    return Pipeline(scenario, describe(scenario), plan(scenario), RunFolder(folder))


def test_every_block_belongs_to_one_shard(tmp_path: Path) -> None:
    one = pipeline(tmp_path)
    for count in (1, 2, 3, 7, 50):
        parts = [block for index in range(count) for block in Shard(index, count).blocks(one)]
        assert sorted(parts, key=lambda block: (block.policy, block.start)) == list(one.plan)


def test_the_last_shard_merges_and_the_bits_are_those_of_one_process(tmp_path: Path, whole: dict[str, str]) -> None:
    folder, count = tmp_path / "run", 3
    for index in (2, 0):
        missing = run_shard(SCENARIO, Shard(index, count), folder, report=False)
        assert isinstance(missing, int)
        assert missing > 0
    assert run_shard(SCENARIO, Shard(0, count), folder, report=False) == missing  # repeated: nothing is lost
    done = run_shard(SCENARIO, Shard(1, count), folder, report=False)
    assert isinstance(done, sim.Run)
    assert rows(folder) == whole
    again = run_shard(SCENARIO, Shard(1, count), folder, report=False)  # repeated after the merge
    assert isinstance(again, sim.Run)
    assert rows(folder) == whole
    assert not RunFolder(folder).blocks.exists()


class Killed(BaseException):
    """Ends a shard."""


class Stopping:
    """A backend that dies after one block."""

    def run(self, jobs: Any, work: Any) -> Any:
        for number, job in enumerate(jobs):
            if number == 1:
                raise Killed
            yield job, work(job)


@pytest.mark.slow
def test_a_shard_that_dies_is_repeated_and_a_damaged_block_made_again(tmp_path: Path, whole: dict[str, str]) -> None:
    folder = tmp_path / "run"
    with pytest.raises(Killed):
        run_shard(SCENARIO, Shard(0, 2), folder, report=False, backend=Stopping())
    (block,) = RunFolder(folder).blocks.glob("*/*")
    (block / "block.npz").write_bytes(b"half")
    assert isinstance(run_shard(SCENARIO, Shard(0, 2), folder, report=False), int)
    assert isinstance(run_shard(SCENARIO, Shard(1, 2), folder, report=False), sim.Run)
    assert rows(folder) == whole


def test_resuming_makes_what_no_shard_has_made(tmp_path: Path, whole: dict[str, str]) -> None:
    run_shard(SCENARIO, Shard(1, 3), tmp_path / "run", report=False)
    assert rows(sim.run(SCENARIO, tmp_path / "run", resume=True, report=False).path) == whole


def test_unfinished_blocks_of_others_are_left_alone(tmp_path: Path) -> None:
    part = RunFolder(tmp_path / "run").blocks / "uniform" / "0000000-0000001-host-1.part"
    run_shard(SCENARIO, Shard(1, 3), tmp_path / "run", report=False)
    part.mkdir()
    run_shard(SCENARIO, Shard(0, 3), tmp_path / "run", report=False)
    assert part.exists()
    assert missing_blocks(pipeline(tmp_path / "run")) > 0


def test_a_shard_of_another_scenario_is_refused(tmp_path: Path) -> None:
    run_shard(SCENARIO, Shard(0, 3), tmp_path / "run", report=False)
    with pytest.raises(InputError, match="seed: 1 there, 2 here"):
        run_shard(SCENARIO, Shard(1, 3), tmp_path / "run", report=False, overrides=["seed=2"])


@pytest.mark.parametrize(("text", "shard"), [("1/1", Shard(0, 1)), ("2/3", Shard(1, 3)), ("3/3", Shard(2, 3))])
def test_shards_are_written_from_one(text: str, shard: Shard) -> None:
    assert parse_shard(text) == shard
    assert str(shard) == text


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "-1/3", "1/0", "1/3/5", "a/b", "1.0/2", " 1/2", "١/٢"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="shard"):
        parse_shard(text)


@pytest.mark.parametrize(
    ("environment", "count", "expected"),
    [
        ({"SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "1"}, None, Shard(0, 4)),
        ({"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "0"}, 4, Shard(3, 4)),
        # sbatch --array=2-8:3
        (
            {
                "SLURM_ARRAY_TASK_ID": "8",
                "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_MIN": "2",
                "SLURM_ARRAY_TASK_STEP": "3",
            },
            None,
            Shard(2, 3),
        ),
        ({"CLOUD_RUN_TASK_INDEX": "0", "CLOUD_RUN_TASK_COUNT": "2"}, None, Shard(0, 2)),
        ({"JOB_COMPLETION_INDEX": "5"}, 8, Shard(5, 8)),
        ({"COILED_BATCH_TASK_ID": "7"}, 8, Shard(7, 8)),
    ],
)
def test_schedulers_name_the_shard(environment: dict[str, str], count: int | None, expected: Shard) -> None:
    assert shard_of_environment(count, environment) == expected


@pytest.mark.parametrize(
    ("environment", "count", "message"),
    [
        ({}, 3, "needs a scheduler's variable"),
        ({"JOB_COMPLETION_INDEX": "1"}, None, "not the number of shards"),
        ({"JOB_COMPLETION_INDEX": "x"}, 3, "JOB_COMPLETION_INDEX is 'x', not a whole number"),
        ({"JOB_COMPLETION_INDEX": "3"}, 3, "shard 4/3 does not exist"),
        ({"CLOUD_RUN_TASK_INDEX": "0", "CLOUD_RUN_TASK_COUNT": "2"}, 3, "--shards 3, but CLOUD_RUN_TASK_COUNT is 2"),
    ],
)
def test_unclear_shards_are_refused(environment: dict[str, str], count: int | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        shard_of_environment(count, environment)


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, run = tmp_path / "s.yaml", str(tmp_path / "run")
    path.write_text(load(SCENARIO).to_yaml())
    words = ["run", str(path), "--out", run, "--no-report", "--workers", "1"]
    assert exit_code([*words, "--shard", "1/2"]) == 0
    assert "shard 1/2 is done" in capsys.readouterr().out
    assert exit_code([*words, "--shard", "1/2", "--fresh"]) == 2
    assert exit_code([*words, "--shard", "2/2"]) == 0
    assert f"run folder: {run}" in capsys.readouterr().out
