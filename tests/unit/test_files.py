"""Files are whole or not there."""

from pathlib import Path

import pytest

from sim.files import make_folder, replacing, write_text


def test_a_file_written_well_replaces_the_old_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "table"
    target.write_text("old")
    write_text(target, "neu – ü\n")
    assert target.read_bytes() == "neu – ü\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["table"]


def test_a_failure_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "table"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="half-way"), replacing(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError("half-way")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["table"]


def test_the_new_name_appears_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "table"
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"


def test_folders_are_made_at_any_depth(deep_folder: Path) -> None:
    make_folder(deep_folder)
    make_folder(deep_folder)
    assert deep_folder.is_dir()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises((FileExistsError, NotADirectoryError)):
            make_folder(path)
