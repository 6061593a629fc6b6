"""Logs of messages: what a file is decides its content; what is no log is named."""

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from sim.errors import InputError, StorageError
from sim.files import digest
from sim.runs.folders.manifest import COMPLETE, FORMAT
from sim.runs.folders.run_folder import RunFolder
from sim.warehouse.send_logs import collect_log, of_unchanged, scan_log

ROWS = pl.DataFrame({"row_id": [1, 2], "page_name": ["a", "b"], "price": [1.5, None]})
TEXT = ROWS.write_csv()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("log.csv", TEXT.encode()),
        ("log.tsv", TEXT.replace(",", "\t").encode()),
        ("log.txt", TEXT.replace(",", ";").encode()),
        ("crlf.csv", TEXT.replace("\n", "\r\n").encode()),
        ("mark.csv", b"\xef\xbb\xbf" + TEXT.encode()),
        ("no_suffix", TEXT.encode()),
    ],
)
def test_texts_are_read(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert collect_log("log", scan_log(str(tmp_path / name))).equals(ROWS)


@pytest.mark.parametrize("name", ["log.parquet", "log.csv", "a[1]*{b}.pq"])
def test_parquet_is_read_whatever_its_name(tmp_path: Path, name: str) -> None:
    ROWS.write_parquet(tmp_path / name)
    assert collect_log("log", scan_log(str(tmp_path / name))).equals(ROWS)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("log.parquet", TEXT.encode(), "is not a Parquet file"),
        ("log.csv", TEXT.encode("utf-16"), "NUL characters, as UTF-16"),
        ("log.csv", TEXT.replace("\n", "\r").encode(), "with CR alone"),
        ("log.csv", gzip.compress(TEXT.encode(), mtime=0), "compressed with gzip"),
        ("log.csv", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointer of Git LFS"),
        ("log.csv", b"<html>", "web page"),
        ("log.csv", b"", "is empty"),
        ("log.csv", b"\xef\xbb\xbf\n \n", "is empty"),
        ("log.csv", b"\x04\x22\x4d\x18" + b"x" * 50, "compressed with lz4"),
        ("log.csv", b"Rar!\x1a\x07\x01\x00", "a RAR archive"),
        ("log.arrows", b"\xff\xff\xff\xff\x10\x00\x00\x00", "an Arrow stream"),
        ("log.tar", b"log.csv".ljust(257, b"\0") + b"ustar\x0000", "a TAR archive"),
        ("log.csv", b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        ("log.pkl", b"\x80\x04\x95\x00", "a pickle"),
        ("log.parquet", b"PAR1" + b"x" * 50, "cannot be read"),
    ],
)
def test_what_is_no_log_is_named(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StorageError, match=told):
        collect_log(name, scan_log(str(tmp_path / name)))


@pytest.mark.parametrize("as_text", [True, False])
def test_a_row_with_more_fields_than_the_header_is_refused_whatever_columns_are_read(
    tmp_path: Path, as_text: bool
) -> None:
    """As a decimal comma without quotation marks makes it: all later values of the row are shifted."""
    (tmp_path / "log.csv").write_text("row_id,page_name,price\n1,a,1\n2,b,1,5\n")
    with pytest.raises(StorageError, match=r"row 2 \(line 3\) has 4 fields, the header has 3"):
        scan_log(str(tmp_path / "log.csv"), as_text=as_text)


@pytest.mark.parametrize("as_text", [True, False])
def test_separators_at_the_end_of_rows_are_no_values(tmp_path: Path, as_text: bool) -> None:
    (tmp_path / "log.csv").write_text("row_id,page_name,price\n1,a,1.5,\n2,b,,\n")
    found = collect_log("log", scan_log(str(tmp_path / "log.csv"), as_text=as_text))
    assert found.cast({"row_id": pl.Int64, "price": pl.Float64}).equals(ROWS)


def test_a_quotation_mark_that_is_not_closed_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text('row_id,page_name,price\n1,"a,1.5\n2,b,1\n')
    with pytest.raises(StorageError) as raised:
        collect_log("log", scan_log(str(tmp_path / "log.csv")))
    assert "quotation mark" in raised.value.hint


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log.csv")
    with pytest.raises(StorageError, match="is not a regular file"):
        scan_log(str(tmp_path / "log.csv"))


def test_a_column_stands_once(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("page_name,price,price\na,1,2\n")
    with pytest.raises(InputError, match="has the column 'price' twice"):
        scan_log(str(tmp_path / "log.csv"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete run, as its manifest says, with three recorded replications."""
    folder = tmp_path_factory.mktemp("run")
    sends = folder / "sends" / "policy=uniform"
    sends.mkdir(parents=True)
    (folder / "scenario.yaml").touch()
    for number in (0, 1, 10):
        ROWS.write_parquet(sends / f"replication={number}.parquet")
    files = {path.relative_to(folder).as_posix(): digest(path) for path in folder.rglob("*") if path.is_file()}
    RunFolder(folder).write_manifest({"format": FORMAT, "status": COMPLETE, "policies": ["uniform"], "files": files})
    return folder


def test_rows_of_several_replications_keep_distinct_ids_and_pages(run: Path) -> None:
    found = collect_log("run", scan_log(str(run)))
    assert found["row_id"].n_unique() == found["page_name"].n_unique() == 6
    assert set(found["page_name"]) == {f"{number}/{page}" for number in (0, 1, 10) for page in "ab"}
    with pytest.raises(InputError, match="holds no sends of policy 'unifrm'; did you mean"):
        scan_log(str(run), "unifrm")


@pytest.mark.parametrize("how", ["other rows", "missing"])
def test_a_run_with_a_damaged_log_is_no_log(run: Path, tmp_path: Path, how: str) -> None:
    shutil.copytree(run, tmp_path / "run")
    log = tmp_path / "run" / "sends" / "policy=uniform" / "replication=1.parquet"
    log.unlink() if how == "missing" else ROWS.reverse().write_parquet(log)
    with pytest.raises(StorageError, match=r"replication=1\.parquet is (missing|damaged)"):
        scan_log(str(tmp_path / "run"))


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def other(file: Path) -> None:
    """The same columns, and rows that another reading would mix with the first ones."""
    ROWS.reverse().write_parquet(file) if file.suffix == ".parquet" else file.write_text(ROWS.reverse().write_csv())


@pytest.mark.parametrize("change", [cut, other, Path.unlink])
@pytest.mark.parametrize("name", ["log.csv", "log.parquet", "folder/log.parquet"])
def test_a_log_that_changes_between_two_passes_is_refused(
    tmp_path: Path, name: str, change: Callable[[Path], None]
) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    ROWS.write_csv(file) if file.suffix == ".csv" else ROWS.write_parquet(file)

    @of_unchanged
    def read(source: str) -> int:
        rows = scan_log(source)
        first = collect_log(source, rows.select("page_name"))
        change(file)
        return first.height + collect_log(source, rows).height

    with pytest.raises(StorageError, match=r"log\.(csv|parquet): was changed while it was read"):
        read(str(file.parent if "/" in name else file))


def test_a_parquet_file_without_its_middle_is_a_message(tmp_path: Path) -> None:
    """Polars panics on it, which is no Exception."""
    file = tmp_path / "log.parquet"
    pl.DataFrame({"a": range(10_000)}).write_parquet(file, compression="uncompressed")
    content = file.read_bytes()
    file.write_bytes(content[:1_000] + content[-500:])
    with pytest.raises(StorageError, match="cannot be read"):
        collect_log(str(file), scan_log(str(file)))
