"""Paths with `[ ] * ? { }` name one file: no reader takes them as a pattern, in any command."""

import ast
from pathlib import Path

import duckdb
import polars as pl
import pytest

import sim
from sim.cli import exit_code

ROOT = Path(__file__).parents[2]
POLARS_READERS = {"read_parquet", "scan_parquet", "read_csv", "scan_csv"}
NAMES = ["gl[1]", "a*b", "q?x", "{a,b}", "[!a]", "x'y", "back\\slash", "%41", "day=3"]
# What the same name would match as a pattern: a folder whose files must never be read along.
DECOYS = {"gl[1]": "gl1", "a*b": "aXb", "q?x": "qYx", "{a,b}": "a", "[!a]": "z"}
TABLE_WORLD = {
    "version": 1, "name": "paths", "seed": 3, "replications": 2, "horizon": {"days": 2},
    "policies": ["wilson_sample", "uniform"], "record": {"sends": True},
}  # fmt: skip


def write_table(folder, pages, successes=(3, 9)):
    folder.mkdir(parents=True)
    rows = {
        "page_name": [page for page in pages for _ in successes],
        "caption_id": list(range(len(pages) * len(successes))),
        "trials": [100] * len(pages) * len(successes),
        "successes": list(successes) * len(pages),
    }
    pl.DataFrame(rows).write_csv(folder / "base.csv")
    pl.DataFrame(rows).write_parquet(folder / "base.parquet")


@pytest.fixture(params=NAMES)
def folder(request, tmp_path):
    """A folder of a hostile name, with a folder beside it that the name would match."""
    decoy = DECOYS.get(request.param)
    if decoy:
        write_table(tmp_path / decoy, ["page_0001", "page_0002", "page_0003"])
    write_table(tmp_path / request.param, ["page_0001"])
    return tmp_path / request.param


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.slow
def test_a_table_world_reads_its_own_file_only(folder, suffix):
    world = {"kind": "table", "source": str(folder / f"base.{suffix}"), "sends_per_day": 4}
    run = sim.run(TABLE_WORLD | {"world": world}, out=folder / "run", report=False)
    assert set(run.stats("wilson_sample", 0)["page_name"]) == {"page_0001"}


SOME = ["gl[1]", "{a,b}"]  # the others are for the long suite
EVERY = [pytest.param(name, marks=[] if name in SOME else pytest.mark.long) for name in NAMES]


@pytest.mark.parametrize("folder", EVERY, indirect=True)
@pytest.mark.slow
def test_every_command_works_in_such_a_folder(folder, capsys):
    world = {"kind": "table", "source": str(folder / "base.csv"), "sends_per_day": 4}
    run = sim.run(TABLE_WORLD | {"world": world}, out=folder / "run")
    policy = ["--policy", "wilson_sample"]
    assert exit_code(["report", str(run.path)]) == 0
    # DuckDB itself cuts a path at `?`: such a place is refused, see test_place.
    database = folder.parent / "w.duckdb" if "?" in folder.name else folder / "w.duckdb"
    for target in (f"duckdb:{database}", f"parquet:{folder / 'w'}"):
        assert exit_code(["load", str(run.path), "--to", target, *policy]) == 0
        assert exit_code(["load", str(run.path), "--to", target, *policy]) == 0
        assert exit_code(["verify", "--to", target, "--rows", "100", "--draws", "1000"]) in (0, 1)
    with duckdb.connect(str(database), read_only=True) as connection:
        [(rows,)] = connection.execute("SELECT COUNT(*) FROM mass_messages").fetchall()
    assert rows == run.sends("wilson_sample", 0).height
    assert "Traceback" not in capsys.readouterr().err


def readers():
    """Every call of a Polars reader in the product, as (place, whether it says glob=False)."""
    for package in ("sim", "reports"):
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                name = getattr(getattr(node, "func", None), "attr", None)
                if isinstance(node, ast.Call) and name in POLARS_READERS:
                    said = {one.arg: getattr(one.value, "value", None) for one in node.keywords}
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", said.get("glob") is False


def test_every_polars_reader_takes_its_path_literally():
    found = list(readers())
    assert len(found) >= 5
    assert [place for place, literal in found if not literal] == []
