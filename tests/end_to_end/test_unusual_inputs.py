"""Files and paths of unusual kinds in the commands that take them: each is used, or refused in words."""

import gzip
import lzma
import os
from pathlib import Path

import polars as pl
import pytest

from sim.cli import exit_code
from sim.warehouse.base import STATS

SEED = ["seed", "--rows", "2000", "--quiet", "--to"]
PACKED = {
    "gzip": gzip.compress(b"page_name,caption_id\na,1\n", mtime=0),
    "xz": lzma.compress(b"page_name,caption_id\na,1\n"),
    "zstd": b"\x28\xb5\x2f\xfd" + bytes(40),
    "ZIP": b"PK\x03\x04" + bytes(40),
    "Feather": b"ARROW1" + bytes(40),
}


@pytest.mark.parametrize("command", ["calibrate", "evaluate"])
@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".csv.gz"])
def test_a_log_of_another_kind_is_recognised(
    tmp_path: Path, command: str, kind: str, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / f"log{suffix}"
    log.write_bytes(PACKED[kind])
    source = ["--sends", str(log)] if command == "calibrate" else [str(log), "--policy", "uniform"]
    assert exit_code([command, *source, "--out", str(tmp_path / "out")]) == 3
    said = capsys.readouterr().err
    assert kind in said
    assert "decompress it first" in said or "export the rows as CSV or Parquet" in said


@pytest.mark.parametrize("words", ["report {}", "compare {} {} --out x", "load {} --to parquet:x"])
def test_a_file_in_the_place_of_a_run_is_no_run(
    tmp_path: Path, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine")
    assert exit_code([word.replace("{}", "file") for word in words.split()]) == 3
    assert "file holds no run" in capsys.readouterr().err
    assert [path.name for path in Path().iterdir()] == ["file"]


@pytest.mark.parametrize(
    "words",
    [
        [*SEED, "parquet:{}"],
        [*SEED, "duckdb:{}"],
        ["run", "{}"],
        ["run", "quickstart", "--out", "{}"],
        ["report", "{}"],
    ],
)
def test_a_path_that_is_no_text_is_refused(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code([word.format(os.fsdecode(b"a\xff")) for word in words]) == 2
    assert "is not UTF-8 text" in capsys.readouterr().err
    assert not list(Path().iterdir())


@pytest.mark.parametrize("name", ["cafe\u0301", "o'x\"", "a\nb", "%s%n", "a#b&c", "page_name=x", " x ", "-x"])
def test_a_target_of_any_name_is_that_folder(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code([*SEED, f"parquet:{name}"]) == 0
    assert [path.name for path in Path().iterdir()] == [name]
    assert pl.read_parquet(Path(name) / STATS, glob=False, hive_partitioning=False).height == 2_000


def test_a_link_to_a_folder_or_a_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert exit_code([*SEED, f"parquet:{tmp_path / 'link'}"]) == 0
    assert pl.read_parquet(tmp_path / "real" / STATS).height == 2_000
    (tmp_path / "w.duckdb").symlink_to("real/w.duckdb")
    for _ in range(2):
        assert exit_code([*SEED, f"duckdb:{tmp_path / 'w.duckdb'}"]) == 0
    assert (tmp_path / "real" / "w.duckdb").is_file()
    assert (tmp_path / "w.duckdb").is_symlink()


@pytest.mark.parametrize("place", ["no/where/x.duckdb", "file/x.duckdb", "folder"])
def test_a_duckdb_file_that_cannot_be_there_is_a_message(
    tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    assert exit_code([*SEED, f"duckdb:{tmp_path / place}"]) == 3
    assert "does its folder exist" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"
