"""Runs on a server that speaks S3: moto's, started here (`pip install 'caption-bandit-sim[s3]' 'moto[server]'`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.api import run_shard
from sim.errors import RemoteError
from sim.runs.shards import Shard
from sim.runs.stores.object_store import ObjectStore

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
pytest.importorskip("s3fs", reason="the extra `s3` is not installed")
pytest.importorskip("moto.server", reason="no S3 server to test with: pip install 'moto[server]'")

SCENARIO: dict[str, Any] = {
    "name": "stored",
    "replications": 24,
    "horizon": {"pulls": 1_000_000},
    "world": {"kind": "bernoulli", "means": [0.2, 0.5, 0.8]},
    "policies": ["uniform"],
}
BUCKET = "s3://study"


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        host, port = server.get_host_and_port()
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        s3fs.S3FileSystem().mkdir("study")
        yield BUCKET
    server.stop()


def files(run: sim.Run) -> dict[str, str]:
    found: dict[str, str] = run.manifest["files"]
    return found


def test_an_object_is_created_only_where_there_is_none(bucket: str) -> None:
    store = ObjectStore(f"{bucket}/objects")
    assert store.create("one", b"first")
    assert not store.create("one", b"second")
    assert store.read("one") == b"first"
    assert store.read("two") is None
    assert store.names("") == {"one"}
    store.remove(["one", "two"])
    assert store.names("") == set()


def test_a_bucket_that_is_not_there_is_named(bucket: str) -> None:
    with pytest.raises(RemoteError, match="s3://absent/run"):
        ObjectStore("s3://absent/run").write("x", b"")


def test_two_workers_and_three_shards_make_the_bits_of_one_process(bucket: str, tmp_path: Path) -> None:
    whole = files(sim.run(SCENARIO, tmp_path / "whole", report=False))
    assert files(sim.run(SCENARIO, f"{bucket}/workers", workers=2, report=False)) == whole
    for index in (0, 0, 2):
        assert isinstance(run_shard(SCENARIO, Shard(index, 3), f"{bucket}/shards", report=False), int)
    done = run_shard(SCENARIO, Shard(1, 3), f"{bucket}/shards", report=False)
    assert isinstance(done, sim.Run)
    assert files(done) == files(sim.load_run(f"{bucket}/shards")) == whole
    assert ObjectStore(f"{bucket}/shards").names(".blocks") == set()
