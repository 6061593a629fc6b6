"""Files are whole or not there."""

from pathlib import Path

import pytest

from sim.files import replacing, write_text


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
