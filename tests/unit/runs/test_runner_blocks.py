"""Blocks: planned from the scenario alone, written whole, read back equal, refused when torn."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sim.runs import merge as run_tables
from sim.runs.blocks import Block, discard_unfinished, is_done, plan, read_block, write_block
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
    first = plan(scenario(**changes))[0]
    return first.stop - first.start


def test_blocks_cover_every_replication_once_in_the_order_of_the_tables() -> None:
    long = scenario(replications=1_000, horizon={"pulls": 200_000})
    blocks = plan(long)
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


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, Block]:
    block = Block(0, "uniform", 1, 4)
    loaded = scenario()
    write_block(tmp_path, block, simulate(loaded, loaded.policies[0], block.replications))
    return tmp_path, block


def test_a_block_reads_back_as_simulated(written: tuple[Path, Block]) -> None:
    loaded = scenario()
    result = simulate(loaded, loaded.policies[0], range(1, 4))
    tables = read_block(*written)
    assert np.array_equal(tables.totals["regret"], result.totals.regret)
    assert np.array_equal(tables.curves["regret"], result.regret)
    assert np.array_equal(tables.at, result.at)
    assert is_done(*written)


def test_a_block_holds_the_logs_of_its_own_replications(written: tuple[Path, Block]) -> None:
    folder, block = written
    names = sorted(path.name for path in (folder / block.folder / "stats").iterdir())
    assert names == [f"replication={r}.parquet" for r in (1, 2, 3)]


@pytest.mark.parametrize("kept", [0, 3, 200])
def test_a_block_with_a_torn_log_is_not_done(written: tuple[Path, Block], kept: int) -> None:
    folder, block = written
    log = folder / block.folder / "stats" / "replication=2.parquet"
    log.write_bytes(log.read_bytes()[:kept])
    assert not is_done(folder, block)


def test_a_torn_block_is_simulated_again_over_its_remains(written: tuple[Path, Block]) -> None:
    folder, block = written
    log = folder / block.folder / "stats" / "replication=2.parquet"
    whole = log.read_bytes()
    log.write_bytes(b"")
    loaded = scenario()
    write_block(folder, block, simulate(loaded, loaded.policies[0], block.replications))
    assert is_done(folder, block)
    assert log.read_bytes() == whole


def test_unfinished_blocks_are_discarded_and_finished_ones_kept(written: tuple[Path, Block]) -> None:
    folder, block = written
    part = folder / "uniform" / "0000004-0000005.part"
    part.mkdir()
    discard_unfinished(folder)
    assert not part.exists()
    assert is_done(folder, block)


def test_merged_tables_have_the_contracts_columns_and_order(tmp_path: Path) -> None:
    loaded = scenario()
    blocks = [Block(0, "uniform", 0, 2), Block(0, "uniform", 2, 5), Block(1, "oracle", 0, 5)]
    for block in reversed(blocks):
        result = simulate(loaded, loaded.policies[block.policy], block.replications)
        write_block(tmp_path / "blocks", block, result)
    run_tables.merge(tmp_path / "blocks", blocks, tmp_path)
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
