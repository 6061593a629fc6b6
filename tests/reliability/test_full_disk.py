"""A full disk is exit code 3 at any size; what was complete stays, and the run can be resumed elsewhere."""

import shutil
from pathlib import Path

import pytest

from reliability.harness import Tries, amounts, digest, finish, small_disk, start
from sim.files import is_full_disk

pytestmark = pytest.mark.slow


@amounts(3, 20)
def test_a_full_disk_is_said_and_the_run_resumes(
    home: Path, tmp_path: Path, expected: str, amount: int, tries: Tries
) -> None:
    codes = []
    for number in tries(amount):
        kilobytes = 24 + 2_000 * number // amount
        with small_disk(tmp_path / f"disk{number}", kilobytes) as disk:
            code, said = finish(start(home, "--out", str(disk / "run"), "--workers", str(1 + number % 2)))
            codes.append(code)
            assert code in (0, 3), said
            assert "Traceback" not in said
            if code == 3:
                assert "space" in said
            kept = tmp_path / f"run{number}"
            if (disk / "run").exists():
                shutil.copytree(disk / "run", kept)
        code, said = finish(start(home, "--out", str(kept), "--resume"))
        assert code == 0, said
        assert digest(kept) == expected
    assert 3 in codes


def test_a_full_disk_is_known_by_any_of_its_names() -> None:
    hidden = RuntimeError("the archive cannot be closed")
    hidden.__context__ = OSError(28, "No space left on device")
    assert is_full_disk(hidden)
    assert is_full_disk(RuntimeError("IO error: No space left on device (os error 28)"))
    assert not is_full_disk(RuntimeError("anything else"))
    assert not is_full_disk(OSError(5, "Input/output error"))
