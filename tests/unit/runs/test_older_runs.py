"""Run folders of another version: a table that lacks columns, or is missing, is named with what to do."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from reports.tables.derived import SCHEMAS, require_current
from sim.cli import cli
from sim.errors import InputError, SimError, StorageError
from sim.runs.columns import require_columns, require_table, simulated_columns
from sim.runs.run import StoredRun
from twins.invented_run import stored_run


def without(run: StoredRun, table: str, *columns: str) -> StoredRun:
    """The run as a version without these columns would have left it."""
    path = run.path / f"{table}.parquet"
    pl.read_parquet(path).drop(columns).write_parquet(path)
    return StoredRun(run.path)


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    return stored_run(tmp_path / "run", "traffic", replications=6)


def test_a_run_of_this_version_has_every_column(run: StoredRun) -> None:
    require_current(run.path)
    assert {f"{name}.parquet" for name in SCHEMAS}.isdisjoint(simulated_columns())


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("replications", ["expected_usd"]),
        ("curves", ["reward"]),
        ("exploration", ["entropy_share", "cold_share"]),
        ("weeks", ["mean_price"]),
        ("summary", ["usd_page_month"]),
        ("beats", ["ties"]),
        ("regret_over_time", ["q25"]),
    ],
)
def test_absent_columns_are_named_with_the_command(run: StoredRun, table: str, columns: list[str]) -> None:
    older = without(run, table, *columns)
    with pytest.raises(InputError, match=f"{table}.parquet has no column.*another version") as caught:
        require_current(older.path)
    assert all(name in caught.value.message for name in columns)
    assert (
        caught.value.hint == f"Simulate it again: python -m sim run {run.path}/scenario.yaml --out {run.path} --fresh"
    )


def test_a_table_is_checked_when_it_is_read(run: StoredRun) -> None:
    older = without(run, "replications", "locked_out_pages")
    with pytest.raises(InputError, match="locked_out_pages"):
        _ = older.replications
    assert len(older.curves)
    (run.path / "pages.parquet").unlink(missing_ok=True)
    with pytest.raises(StorageError, match=r"pages\.parquet is missing"):
        _ = older.pages
    assert older.optional_table("pages") is None


def test_further_columns_and_other_tables_are_no_matter(run: StoredRun) -> None:
    path = run.path / "replications.parquet"
    pl.read_parquet(path).with_columns(new=1).write_parquet(path)
    pl.DataFrame({"a": [1]}).write_parquet(run.path / "mine.parquet")
    assert "new" in StoredRun(run.path).replications.columns
    assert StoredRun(run.path).table("mine")["a"].to_list() == [1]


def test_one_and_several_columns_in_words(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no column b:"):
        require_columns(tmp_path / "t.parquet", ["a"], ["a", "b"])
    with pytest.raises(InputError, match="has no columns b, c:"):
        require_columns(tmp_path / "t.parquet", ["a"], ["b", "a", "c"])
    with pytest.raises(SimError, match="missing"):
        require_table(tmp_path / "t.parquet")


def test_the_command_line_ends_with_exit_2(run: StoredRun, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.runs.folders.run_folder import RunFolder

    monkeypatch.setattr(RunFolder, "damaged", lambda *_, **__: [])  # as if it had been sealed like this
    monkeypatch.setattr(RunFolder, "manifest", lambda _: {"status": "complete", "files": {}})
    older = without(run, "summary", "p_best")
    for words in (["report", str(older.path)], ["report", str(older.path), "--json"]):
        done = CliRunner().invoke(cli, words)
        assert isinstance(done.exception, InputError)
        assert done.exception.exit_code == 2
    assert json.loads((older.path / "summary.json").read_text())["scenario"] == "invented"
