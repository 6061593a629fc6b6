"""The manifest: sealed, so that damage to it shows; and the key that keeps blocks of different runs apart."""

import json
from pathlib import Path

import pytest

from sim.errors import StorageError
from sim.runs.folders.manifest import FORMAT, describe, read, run_key, to_text
from sim.scenario import Scenario, load

CONTENT = {"format": FORMAT, "status": "running", "name": "größe", "files": {"a": "b"}}


def scenario(**changes: object) -> Scenario:
    content = {
        "name": "tiny",
        "horizon": {"pulls": 40},
        "world": {"kind": "bernoulli", "means": [0.2, 0.8]},
        "policies": ["uniform", "oracle"],
    }
    return load({**content, **changes})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "manifest.json"
    file.write_text(to_text(CONTENT), encoding="utf-8")
    return file


def test_it_reads_back_as_written_and_is_json(path: Path) -> None:
    assert read(path) == CONTENT
    assert {**json.loads(path.read_text("utf-8")), "sha256": 0} == {**CONTENT, "sha256": 0}


def test_no_file_is_no_manifest(tmp_path: Path) -> None:
    assert read(tmp_path / "manifest.json") == {}


def test_every_changed_byte_is_noticed(path: Path) -> None:
    whole = path.read_bytes()
    for place in range(len(whole)):
        for mask in (1, 0x80):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ mask]) + whole[place + 1 :])
            with pytest.raises(StorageError, match=r"manifest\.json"):
                read(path)


def test_every_truncation_is_noticed(path: Path) -> None:
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(StorageError, match="damaged"):
            read(path)


@pytest.mark.parametrize("text", ["{", "[]", "null", "[" * 100_000, f'{{"format": {FORMAT}}}', "\udcff"])
def test_what_is_no_manifest_is_damaged(tmp_path: Path, text: str) -> None:
    file = tmp_path / "manifest.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(StorageError, match="damaged"):
        read(file)


def test_another_format_is_named(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text('{"format": 1}')
    with pytest.raises(StorageError, match=f"has format 1; this version reads format {FORMAT}") as caught:
        read(file)
    assert "--fresh" in caught.value.hint


def test_the_key_of_a_run_depends_on_all_but_the_number_of_replications() -> None:
    base = describe(scenario())
    assert run_key(base) == run_key(describe(scenario(replications=7)))
    others = [scenario(seed=9), scenario(horizon={"pulls": 41}), scenario(policies=["uniform"])]
    assert len({run_key(describe(each)) for each in [scenario(), *others]}) == 4
    for key, value in (("version", "2"), ("versions", {}), ("code", {}), ("format", 0)):
        assert run_key({**base, key: value}) != run_key(base)


def test_it_names_what_made_the_run() -> None:
    described = describe(scenario())
    assert set(described["code"]) == {"engine", "policy uniform", "policy oracle"}
    assert {"python", "numpy", "numba"} <= set(described["versions"])
