"""Temporary run folders of killed processes are removed, and nothing else in the system's temporary folder."""

from pathlib import Path

import pytest

from sim.runs.folders.lock import LOCK, locked
from sim.runs.folders.temporary import PREFIX, TemporaryRunFolder, remove_abandoned


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_that_a_killed_process_left_is_removed(temporary: Path) -> None:
    (temporary / f"{PREFIX}killed" / "run").mkdir(parents=True)
    (temporary / f"{PREFIX}killed" / LOCK).touch()
    remove_abandoned()
    assert list(temporary.iterdir()) == []


def test_other_folders_stay(temporary: Path) -> None:
    """An empty one is that of a load, which is about to write into it; `run` in another is the user's."""
    for name in ("caption-sim-a1b2c3d4", "caption-sim-seed-a1b2c3d4", f"{PREFIX}just_made", "caption-sim-mine/run"):
        (temporary / name).mkdir(parents=True)
    (temporary / "caption-sim-mine" / "run" / "notes").touch()
    (temporary / "caption-sim-mine" / LOCK).touch()
    before = sorted(temporary.rglob("*"))
    remove_abandoned()
    assert sorted(temporary.rglob("*")) == before


def test_a_folder_in_use_stays_and_goes_with_its_object(temporary: Path) -> None:
    used = TemporaryRunFolder()
    used.path.mkdir(parents=True)
    with locked(temporary / f"{PREFIX}other"):
        (temporary / f"{PREFIX}other" / "run").mkdir()
        remove_abandoned()
        assert used.path.is_dir()
        assert (temporary / f"{PREFIX}other" / "run").is_dir()
    home = used.path.parent
    del used
    assert not home.exists()
