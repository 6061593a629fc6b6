"""Sweeps, comparisons and loads of runs in an object store: `memory://` in this process, `file://` on the disk."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sim
from sim.cli import exit_code
from sim.errors import InputError, StorageError
from sim.runs.shards import Shard
from sim.runs.stores.object_store import ObjectStore
from sim.sweeps import sweep_shard

pytest.importorskip("fsspec", reason="the extra `object-store` is not installed")

SCENARIO: dict[str, Any] = {
    "name": "stored",
    "replications": 8,
    "horizon": {"pulls": 20},
    "world": {"kind": "bernoulli", "means": [0.2, 0.8]},
    "policies": ["uniform"],
    "record": {"stats": "all"},
}
VARY = {"horizon.pulls": [10, 20]}


@pytest.fixture(params=["memory", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty place."""
    if request.param == "file":
        yield f"file://{tmp_path}/store"
        return
    from fsspec.implementations.memory import MemoryFileSystem

    yield f"memory://{tmp_path.name}"
    MemoryFileSystem.store.clear()


def test_a_sweep_in_a_store_equals_one_on_the_disk(url: str, tmp_path: Path) -> None:
    here = sim.sweep(SCENARIO, VARY, tmp_path / "here", report=False)
    there = sim.sweep(SCENARIO, VARY, url, report=False)
    assert there.table.equals(here.table)
    opened = sim.Sweep.open(url)
    assert opened.table.equals(here.table)
    assert {name: run.manifest["files"] for name, run in opened.runs.items()} == {
        name: run.manifest["files"] for name, run in here.runs.items()
    }
    held = ObjectStore(url).names("")
    assert {"sweep.json", "sweep.parquet", "cells/horizon.pulls=10/manifest.json"} <= held
    assert sum(name.endswith("sweep.json") for name in held) == 1
    assert sim.load_run(f"{url}/cells/horizon.pulls=10").replications.height == 8


def test_shards_of_a_stored_sweep_make_it_complete(url: str, tmp_path: Path) -> None:
    assert sweep_shard(SCENARIO, VARY, Shard(1, 2), url, report=False) == 2
    with pytest.raises(StorageError, match=rf"2 cells of the sweep in {url} are not complete"):
        sim.Sweep.open(url)
    done = sweep_shard(SCENARIO, VARY, Shard(0, 2), url, report=False)
    assert isinstance(done, sim.Sweep)
    assert done.table.equals(sim.sweep(SCENARIO, VARY, tmp_path / "here", report=False).table)


def test_a_stored_sweep_is_continued_grown_and_kept_apart(url: str) -> None:
    sim.sweep(SCENARIO, VARY, url, report=False)
    with pytest.raises(InputError, match=f"{url} already holds a sweep"):
        sim.sweep(SCENARIO, VARY, url, report=False)
    before = ObjectStore(url).read("cells/horizon.pulls=10/manifest.json")
    grown = sim.sweep(SCENARIO, {"horizon.pulls": [10, 20, 30]}, url, resume=True, report=False)
    assert len(grown.runs) == 3
    assert ObjectStore(url).read("cells/horizon.pulls=10/manifest.json") == before
    with pytest.raises(InputError, match="another scenario"):
        sim.sweep(SCENARIO | {"seed": 99}, VARY, url, resume=True, report=False)


def test_a_place_with_other_objects_is_left_alone(url: str) -> None:
    ObjectStore(url).write("mine.csv", b"a,b\n")
    with pytest.raises(InputError, match="not empty and holds no sweep"):
        sim.sweep(SCENARIO, VARY, url, report=False)
    assert ObjectStore(url).names("") == {"mine.csv"}


def test_no_sweep_at_a_url_is_said(url: str) -> None:
    with pytest.raises(StorageError, match=f"{url} holds no sweep"):
        sim.Sweep.open(url)


def test_the_loser_of_two_starts_continues_or_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process writes sweep.json between the look and the conditional write."""
    write, seen = ObjectStore.create, []

    def late(store: ObjectStore, name: str, content: bytes) -> bool:
        if name == "sweep.json" and not seen:
            seen.append(write(store, name, content.replace(b'"stored"', b'"first"')))
        return write(store, name, content)

    monkeypatch.setattr(ObjectStore, "create", late)
    with pytest.raises(InputError, match="already holds a sweep"):
        sim.sweep(SCENARIO, VARY, url, report=False)
    assert seen == [True]


def test_commands_take_urls(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`sweep --out`, `compare` and `load` of a run in a store."""
    file = tmp_path / "stored.yaml"
    file.write_text(json.dumps({"version": 1, **SCENARIO}))
    words = ["sweep", str(file), "--vary", "horizon.pulls=[10, 20]", "--out", url, "--workers", "1", "--no-report"]
    assert exit_code([*words, "--dry-run"]) == 0
    assert f"folder      {url}" in capsys.readouterr().out
    assert ObjectStore(url).names("") == set()
    assert exit_code([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sweep"] == url
    cells = [f"{url}/cells/horizon.pulls={pulls}" for pulls in (10, 20)]
    assert exit_code(["compare", *cells]) == 0
    assert "horizon.pulls=10 → horizon.pulls=20" in capsys.readouterr().out
    assert exit_code(["load", cells[0], "--to", f"parquet:{tmp_path / 'warehouse'}", "--quiet"]) == 0
    loaded = pl.read_parquet(tmp_path / "warehouse/caption_bandit_stats/*.parquet")
    assert loaded.height == sim.load_run(cells[0]).stats("uniform", 0).height
    assert exit_code(["load", f"{url}/cells/none", "--to", f"parquet:{tmp_path / 'warehouse'}"]) == 3
    assert f"{url}/cells/none holds no run" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["compare", "a", "b", "--out", "s3://bucket/x"],
        ["report", "a", "--out", "gs://bucket/x"],
        ["incidents", "textbook", "--out", "s3://bucket/x"],
        ["calibrate", "--out", "s3://bucket/x"],
        ["evaluate", "log.parquet", "--policy", "uniform", "--out", "memory://x"],
        ["scenarios", "init", "x", "--out", "s3://bucket/x"],
    ],
)
def test_what_is_written_here_refuses_urls(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code(words) == 2
    assert "is in an object store" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
