"""Blocks: planned from the scenario alone, written whole, read back equal, refused when torn."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.errors import StorageError
from sim.runs.blocks import _header, discard_unfinished, npz_bytes, read_block, read_npz, stored_blocks, write_block
from sim.runs.folders.run_folder import RunFolder
from sim.runs.merge import Sources, merge
from sim.runs.plan import Block, Plan, plan
from sim.scenario import Scenario, load
from sim.worlds.engine import simulate


def scenario(**changes: object) -> Scenario:
    content = {
        "name": "tiny",
        "replications": 5,
        "horizon": {"pulls": 40},
        "world": {"kind": "bernoulli", "means": [0.2, 0.8]},
        "policies": ["uniform", "oracle"],
    }
    return load({**content, **changes})


def block_size(**changes: object) -> int:
    return plan(scenario(**changes)).size


def test_blocks_cover_every_replication_once_in_the_order_of_the_tables() -> None:
    long = scenario(replications=1_000, horizon={"pulls": 200_000})
    blocks = list(plan(long))
    assert len(blocks) == len(plan(long))
    assert len(blocks) > 4
    for index, name in enumerate(["uniform", "oracle"]):
        covered = [r for block in blocks if block.name == name for r in block.replications]
        assert covered == list(range(1_000))
        assert {block.policy for block in blocks if block.name == name} == {index}


def test_block_size_depends_on_the_work_not_on_the_policies() -> None:
    pulls = {"horizon": {"pulls": 200_000}, "replications": 1_000}
    assert block_size(**pulls) == block_size(**pulls, policies=["ucb1", "greedy", "uniform"])
    assert block_size(horizon={"pulls": 800_000}, replications=1_000) < block_size(**pulls)
    assert block_size(horizon={"pulls": 10**9}) == 1


def test_a_plan_of_millions_of_blocks_makes_none_of_them() -> None:
    huge = Plan(("a", "b"), 0, 5_000_000, 1)
    assert len(huge) == 10_000_000
    assert next(iter(huge.all_missing([[], []]))) == Block(0, "a", 0, 1)


def test_what_is_missing_is_cut_around_what_is_there() -> None:
    plan_ = Plan(("a",), 0, 20, 4)
    there = [Block(0, "a", 3, 5), Block(0, "a", 5, 9), Block(0, "a", 15, 18)]
    missing = list(plan_.missing(0, there))
    assert [(block.start, block.stop) for block in missing] == [(0, 3), (9, 13), (13, 15), (18, 20)]


def test_added_replications_begin_where_the_others_end() -> None:
    assert [(block.start, block.stop) for block in Plan(("a",), 10, 17, 5)] == [(10, 15), (15, 17)]
    assert Plan(("a", "b"), 10, 17, 5).replications == 14


def test_missing_blocks_come_lowest_replication_first() -> None:
    stored = [[Block(0, "a", 0, 2)], []]
    order = [(block.name, block.start) for block in Plan(("a", "b"), 0, 6, 2).all_missing(stored)]
    assert order == [("b", 0), ("a", 2), ("b", 2), ("a", 4), ("b", 4)]


KEY = "the run"


@pytest.fixture
def written(tmp_path: Path) -> tuple[RunFolder, Block]:
    folder, block = RunFolder(tmp_path), Block(0, "uniform", 1, 4)
    loaded = scenario()
    write_block(folder.blocks, block, simulate(loaded, loaded.policies[0], block.replications), KEY)
    return folder, block


def stored(folder: RunFolder, key: str = KEY) -> list[list[Block]]:
    return stored_blocks(folder, ["uniform", "oracle"], key)


def test_a_block_reads_back_as_simulated(written: tuple[RunFolder, Block]) -> None:
    loaded = scenario()
    result = simulate(loaded, loaded.policies[0], range(1, 4))
    tables = read_block(written[0].blocks, written[1])
    assert np.array_equal(tables.totals["regret"], result.totals.regret)
    assert np.array_equal(tables.curves["regret"], result.regret)
    assert np.array_equal(tables.at, result.at)
    assert stored(written[0]) == [[written[1]], []]


def test_a_block_holds_the_logs_of_its_own_replications(written: tuple[RunFolder, Block]) -> None:
    folder, block = written
    names = sorted(path.name for path in (folder.blocks / block.folder / "stats").iterdir())
    assert names == [f"replication={r}.parquet" for r in (1, 2, 3)]


FILES = ("block.npz", "observations.npz", "digests.json", "stats/replication=2.parquet")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kept", [0, 3, 200])
def test_a_truncated_block_is_removed(written: tuple[RunFolder, Block], name: str, kept: int) -> None:
    folder, block = written
    path = folder.blocks / block.folder / name
    path.write_bytes(path.read_bytes()[:kept])
    assert stored(folder) == [[], []]
    assert not (folder.blocks / block.folder).exists()


@pytest.mark.parametrize("name", FILES)
def test_a_block_with_a_changed_byte_is_removed(written: tuple[RunFolder, Block], name: str) -> None:
    folder, block = written
    path = folder.blocks / block.folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert stored(folder) == [[], []]


@pytest.mark.parametrize("name", FILES)
def test_a_block_without_one_of_its_files_is_removed(written: tuple[RunFolder, Block], name: str) -> None:
    folder, block = written
    (folder.blocks / block.folder / name).unlink()
    assert stored(folder) == [[], []]


def test_a_block_of_another_run_is_removed(written: tuple[RunFolder, Block]) -> None:
    assert stored(written[0], "another run") == [[], []]


def test_a_log_that_an_interrupted_merge_has_moved_is_found_at_its_place(written: tuple[RunFolder, Block]) -> None:
    folder, block = written
    log = folder.log("stats", "uniform", 2)
    log.parent.mkdir(parents=True)
    (folder.blocks / block.folder / "stats" / log.name).rename(log)
    assert stored(folder) == [[block], []]
    log.write_bytes(b"other")
    assert stored(folder) == [[], []]


def test_of_blocks_that_overlap_one_is_kept(written: tuple[RunFolder, Block]) -> None:
    folder, block = written
    loaded, other = scenario(), Block(0, "uniform", 2, 5)
    write_block(folder.blocks, other, simulate(loaded, loaded.policies[0], other.replications), KEY)
    assert stored(folder) == [[block], []]


@pytest.mark.parametrize("name", ["3-1", "x-y", "0000004-0000004", "4-5", "-", "0000004-0000005.part", "٤-٥"])
def test_folders_that_are_no_blocks_are_removed(written: tuple[RunFolder, Block], name: str) -> None:
    folder, block = written
    stranger = folder.blocks / "uniform" / name
    stranger.mkdir()
    assert stored(folder) == [[block], []]
    assert not stranger.exists()


def test_unfinished_blocks_are_discarded_and_finished_ones_kept(written: tuple[RunFolder, Block]) -> None:
    folder, block = written
    part = folder.blocks / "uniform" / "0000004-0000005.part"
    part.mkdir()
    discard_unfinished(folder.blocks)
    assert not part.exists()
    assert stored(folder) == [[block], []]


def test_a_block_is_written_over_the_remains_of_an_unfinished_one(tmp_path: Path) -> None:
    folder, block, loaded = RunFolder(tmp_path), Block(0, "uniform", 0, 1), scenario()
    remains = folder.blocks / f"{block.folder}.part"
    remains.mkdir(parents=True)
    (remains / "block.npz").write_bytes(b"half")
    write_block(folder.blocks, block, simulate(loaded, loaded.policies[0], block.replications), KEY)
    assert stored(folder) == [[block], []]


def test_merged_tables_have_the_contracts_columns_and_order(tmp_path: Path) -> None:
    loaded = scenario()
    blocks = [Block(0, "uniform", 0, 2), Block(0, "uniform", 2, 5), Block(1, "oracle", 0, 5)]
    for block in reversed(blocks):
        result = simulate(loaded, loaded.policies[block.policy], block.replications)
        write_block(tmp_path / "blocks", block, result, KEY)
    merge(Sources(["uniform", "oracle"], tmp_path / "blocks", [blocks[:2], blocks[2:]]), tmp_path)
    rows = pl.read_parquet(tmp_path / "replications.parquet")
    assert rows.columns[:8] == [
        *("policy", "replication", "pulls", "reward", "regret", "revenue_usd", "best_share", "locked_out"),
    ]
    assert rows.select("policy", "replication").rows() == [(p, r) for p in ("uniform", "oracle") for r in range(5)]
    assert rows["regret_usd"].null_count() == len(rows)
    assert rows.filter(policy="oracle")["best_share"].to_list() == [1.0] * 5
    curves = pl.read_parquet(tmp_path / "curves.parquet")
    assert curves.columns == ["policy", "replication", "at", "regret", "reward", "revenue_usd"]
    last = curves.filter(pl.col("at") == 40).select("policy", "replication", "regret", "reward")
    assert last.equals(rows.select("policy", "replication", "regret", "reward"))


def test_tables_with_a_base_are_those_of_all_blocks(tmp_path: Path) -> None:
    loaded, names = scenario(), ["uniform", "oracle"]
    blocks = [[Block(policy, name, 0, 2), Block(policy, name, 2, 5)] for policy, name in enumerate(names)]
    for block in (block for of_policy in blocks for block in of_policy):
        result = simulate(loaded, loaded.policies[block.policy], block.replications)
        write_block(tmp_path / "blocks", block, result, KEY)
    whole, base, added = (tmp_path / name for name in ("whole", "base", "added"))
    for folder in (whole, base, added):
        folder.mkdir()
    merge(Sources(names, tmp_path / "blocks", blocks), whole)
    merge(Sources(names, tmp_path / "blocks", [each[:1] for each in blocks]), base)
    merge(Sources(names, tmp_path / "blocks", [each[1:] for each in blocks], base), added)
    tables = sorted(path.name for path in whole.glob("*.parquet"))
    assert tables == sorted(path.name for path in added.glob("*.parquet"))
    for name in tables:
        assert pl.read_parquet(whole / name).equals(pl.read_parquet(added / name)), name
    assert (whole / "observations.npz").read_bytes() == (added / "observations.npz").read_bytes()


ARRAYS: dict[str, Any] = {
    "floats": np.array([[1.5, np.nan], [-0.0, np.inf]]),
    "whole": np.arange(6, dtype=np.int32).reshape(1, 2, 3),
    "flags": np.array([True, False]),
    "number": np.array(7),
    "empty": np.zeros((3, 0)),
    "turned": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "words": np.array(["a", "é"]),
}


def test_arrays_are_read_as_numpy_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    path.write_bytes(npz_bytes(ARRAYS))
    found = read_npz(path)
    with np.load(path, allow_pickle=False) as wanted:
        assert found.keys() == set(wanted.files) == ARRAYS.keys()
        for name, values in found.items():
            assert values.dtype == wanted[name].dtype
            assert values.flags.writeable
            np.testing.assert_array_equal(values, wanted[name], strict=True)
            assert values.tobytes() == wanted[name].tobytes()


def test_what_is_no_array_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    whole = npz_bytes(ARRAYS)
    np.savez(path, objects=np.array([{}], dtype=object))
    pickled = path.read_bytes()
    for content in (b"", b"PK", whole[: len(whole) // 2], whole.replace(b"NUMPY\x01", b"NUMPY\x02"), pickled):
        path.write_bytes(content)
        with pytest.raises(StorageError, match=r"some\.npz cannot be read"):
            read_npz(path)


def test_headers_are_parsed_once(tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    path.write_bytes(npz_bytes({f"x{i}": np.arange(5) + i for i in range(40)}))
    _header.cache_clear()
    read_npz(path)
    assert _header.cache_info().misses == 1
