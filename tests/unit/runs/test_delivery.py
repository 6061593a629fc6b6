"""How blocks travel: packed, unpacked, refused where they are damaged, missing, or made by other code."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.errors import StorageError
from sim.runs.blocks import is_intact
from sim.runs.delivery import Collected, SharedFolder
from sim.runs.folders import manifest
from sim.runs.folders.manifest import describe, run_key
from sim.runs.folders.run_folder import RunFolder
from sim.runs.job import Job, simulate_block, simulate_packed
from sim.runs.packed import pack, unpack
from sim.runs.plan import plan
from sim.scenario import load

SCENARIO: dict[str, Any] = {
    "name": "delivered",
    "replications": 2,
    "horizon": {"pulls": 50},
    "world": {"kind": "bernoulli", "means": [0.2, 0.5, 0.8]},
    "policies": ["uniform"],
}


@pytest.fixture
def job(tmp_path: Path) -> Job:
    scenario = load(SCENARIO)
    block = next(iter(plan(scenario)))
    return Job.of_run(scenario, block, tmp_path / "run" / ".blocks", describe(scenario))


def test_a_block_that_was_packed_is_the_block(job: Job) -> None:
    simulate_block(job)
    packed = pack(job.blocks / job.block.folder)
    assert simulate_packed(job) == packed
    other = replace(job, blocks=job.blocks.parent.parent / "other" / ".blocks")
    Collected().receive(other, packed)
    assert is_intact(RunFolder(other.blocks.parent), job.block, job.run_key)
    assert pack(other.blocks / job.block.folder) == packed
    Collected().receive(other, packed)  # twice does no harm


def test_half_a_block_is_refused_and_leaves_nothing(job: Job) -> None:
    packed = simulate_packed(job)
    with pytest.raises(StorageError, match="arrived damaged"):
        unpack(packed[: len(packed) // 2], job.blocks, job.block)
    assert not (job.blocks / job.block.folder).exists()


def test_a_block_that_is_not_in_the_folder_is_an_error_with_a_way_out(job: Job) -> None:
    with pytest.raises(StorageError, match="is not in") as caught:
        SharedFolder().receive(job, None)
    assert "--collect" in caught.value.hint
    simulate_block(job)
    SharedFolder().receive(job, None)


def test_a_worker_with_other_code_names_what_differs(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "library_versions", lambda: {"python": "2.7", "numpy": "1.0"})
    with pytest.raises(StorageError, match=r"version of numpy: .* in the run, 1\.0 here") as caught:
        simulate_block(job)
    assert "version of python" in caught.value.message
    assert "version of scipy" in caught.value.message
    assert not (job.blocks / job.block.folder).exists()


def test_another_engine_is_named_too(job: Job) -> None:
    changed = replace(job, made_by={**job.made_by, "code of engine": "0" * 16})
    with pytest.raises(StorageError, match="code of engine: 0000000000000000 in the run"):
        simulate_packed(changed)


def test_the_key_of_a_run_covers_what_workers_compare() -> None:
    here = describe(load(SCENARIO))
    other = {**here, "code": {**here["code"], "engine": "0" * 64}}
    assert run_key(other) != run_key(here)


def test_a_run_by_collected_blocks_equals_one_in_the_folder(tmp_path: Path) -> None:
    whole = sim.run(SCENARIO, tmp_path / "whole", report=False)
    collected = sim.run(SCENARIO, tmp_path / "collected", report=False, collect=True)
    assert collected.manifest["files"] == whole.manifest["files"]
