"""Runs in object stores: `memory://` in this process, `file://` as a store on the disk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.api import run_shard
from sim.cli import exit_code
from sim.errors import InputError, RemoteError, StorageError
from sim.runs.packed import is_whole
from sim.runs.shards import Shard
from sim.runs.stores.object_store import ObjectStore, _is_there_already, is_url
from sim.runs.workload import workload
from sim.scenario import load

pytest.importorskip("fsspec", reason="the extra `object-store` is not installed")

SCENARIO: dict[str, Any] = {
    "name": "stored",
    "replications": 24,
    "horizon": {"pulls": 200},
    "world": {"kind": "bernoulli", "means": [0.2, 0.5, 0.8]},
    "policies": ["uniform"],
    "record": {"stats": "all"},
}


@pytest.fixture(scope="module", autouse=True)
def three_blocks() -> Iterator[None]:
    seconds = workload(load(SCENARIO)).seconds
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sim.runs.plan.TARGET_SECONDS", seconds * 8.5)
        yield


@pytest.fixture(params=["memory", "file"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "file":
        yield f"file://{tmp_path}/store"
        return
    from fsspec.implementations.memory import MemoryFileSystem

    yield f"memory://{tmp_path.name}"
    MemoryFileSystem.store.clear()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, three_blocks: None) -> dict[str, str]:
    return files(sim.run(SCENARIO, tmp_path_factory.mktemp("whole") / "run", report=False))


def files(run: sim.Run) -> dict[str, str]:
    found: dict[str, str] = run.manifest["files"]
    return found


@pytest.mark.parametrize(
    ("place", "remote"),
    [("s3://bucket/run", True), ("memory://x", True), ("runs/x", False), ("C:/x", False), (Path("s3://b"), False)],
)
def test_urls_are_told_from_paths(place: Any, remote: bool) -> None:
    assert is_url(place) is remote


def test_an_object_is_created_once_and_written_often(url: str) -> None:
    store = ObjectStore(url)
    assert store.read("a/one") is None
    assert store.create("a/one", b"first")
    assert not store.create("a/one", b"second")
    assert store.read("a/one") == b"first"
    store.write("a/one", b"third")
    assert store.read("a/one") == b"third"
    store.write("b/two", b"")
    assert store.names("a") == {"a/one"}
    store.remove(["a/one", "a/absent"])
    assert store.names("a") == set()


def test_a_refused_condition_is_recognised() -> None:
    cause = OSError("An error occurred (PreconditionFailed) when calling the PutObject operation")
    wrapped = OSError("outer")
    wrapped.__cause__ = cause
    assert _is_there_already(wrapped)
    assert not _is_there_already(OSError("access denied"))


def test_unknown_stores_and_missing_packages_are_named() -> None:
    with pytest.raises(InputError, match="nonsense"):
        ObjectStore("nonsense://bucket").read("x")


def test_what_a_store_raises_names_the_url(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RemoteError, match="file://"):
        ObjectStore(f"file://{tmp_path}").write("file/below", b"")


def test_a_run_is_the_same_in_a_store(url: str, whole: dict[str, str]) -> None:
    there = sim.run(SCENARIO, url, report=False)
    assert files(there) == whole
    assert files(sim.load_run(url)) == whole
    assert ObjectStore(url).names(".blocks") == set()
    with pytest.raises(InputError, match=f"{url} already holds a run"):
        sim.run(SCENARIO, url, report=False)
    assert files(sim.run(SCENARIO, url, resume=True, report=False)) == whole


def test_shards_repeated_and_with_half_a_block_make_the_same_run(url: str, whole: dict[str, str]) -> None:
    def part(index: int) -> sim.Run | int:
        return run_shard(SCENARIO, Shard(index, 3), url, report=False)

    assert part(0) == 2
    assert part(0) == 2
    (block,) = ObjectStore(url).names(".blocks")
    content = ObjectStore(url).read(block) or b""
    assert is_whole(content)
    ObjectStore(url).write(block, content[: len(content) // 2])
    assert part(2) == 1
    assert part(1) == 1  # the damaged block of the first shard is removed
    done = part(0)
    assert isinstance(done, sim.Run)
    assert files(done) == whole
    again = part(1)
    assert isinstance(again, sim.Run)
    assert files(again) == whole


def test_more_replications_are_added(url: str, tmp_path: Path) -> None:
    more = ["replications=30"]
    for place in (url, tmp_path / "local"):
        sim.run(SCENARIO, place, report=False)
    local = sim.run(SCENARIO, tmp_path / "local", resume=True, overrides=more, report=False)
    assert files(sim.run(SCENARIO, url, resume=True, overrides=more, report=False)) == files(local)
    assert files(sim.load_run(url)) == files(local)


def test_another_scenario_is_refused_and_replaces_the_run_when_asked(url: str) -> None:
    run_shard(SCENARIO, Shard(0, 3), url, report=False)
    with pytest.raises(InputError, match="seed: 1 there, 2 here"):
        run_shard(SCENARIO, Shard(1, 3), url, report=False, overrides=["seed=2"])
    sim.run(SCENARIO, url, report=False, resume=True)
    fresh = sim.run(SCENARIO, url, report=False, fresh=True, overrides=["seed=2", "record.stats=none"])
    assert sim.load_run(url).manifest["seed"] == fresh.manifest["seed"] == 2
    assert ObjectStore(url).names("stats") == set()


def test_a_damaged_table_is_repaired(url: str, whole: dict[str, str]) -> None:
    sim.run(SCENARIO, url, report=False)
    ObjectStore(url).write("summary.parquet", b"PAR1")
    with pytest.raises(StorageError, match=f"{url}/summary.parquet is damaged"):
        sim.load_run(url)
    sim.run(SCENARIO, url, resume=True, report=False)
    assert files(sim.load_run(url)) == whole


def test_where_there_is_no_run(url: str) -> None:
    with pytest.raises(StorageError, match=f"{url} holds no run"):
        sim.load_run(url)


@pytest.mark.slow
def test_the_command_names_the_url(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url, file = f"file://{tmp_path}/store", tmp_path / "stored.yaml"
    file.write_text(load(SCENARIO).to_yaml())
    assert exit_code(["run", str(file), "--out", url, "--quiet"]) == 0
    assert f"report: {url}/report.html" in capsys.readouterr().out
    assert (tmp_path / "store" / "report.html").is_file()
    assert exit_code(["report", url]) == 2
    assert "--out DIR" in capsys.readouterr().err
    assert exit_code(["report", url, "--out", str(tmp_path / "again"), "--dry-run"]) == 0
    assert exit_code(["run", str(file), "--out", url, "--dry-run"]) == 0
    assert url in capsys.readouterr().out
