"""Compiled kernels on disk: damage to a file costs a compilation, and never a failure or other numbers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.kernel_cache import NO_CACHE, WORKER_NUMBER

ROOT = Path(__file__).parents[2]
MODULE = """
def total(values):
    result = 0.0
    for value in values:
        result += value * value
    return result
"""
PROGRAM = """
import sys
import numpy as np
import small
from sim.kernels import specialise
kernel = specialise(small.total, "small")
print(kernel(np.array([1.0, 2.0])), sum(kernel.stats.cache_hits.values()))
"""


def start(home: Path, cache: str, **environment: str) -> tuple[str, str]:
    (home / "small.py").write_text(MODULE)
    variables = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{home}", "NUMBA_CACHE_DIR": cache, **environment}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


SHORT = {(".nbi", "cut"), (".nbc", "a byte")}
DAMAGES = [
    pytest.param(suffix, damage, marks=[] if (suffix, damage) in SHORT else pytest.mark.long)
    for suffix in (".nbi", ".nbc")
    for damage in ("empty", "cut", "garbled", "a byte")
]


@pytest.mark.parametrize(("suffix", "damage"), DAMAGES)
@pytest.mark.slow
def test_a_damaged_file_is_compiled_anew_and_replaced(tmp_path: Path, suffix: str, damage: str) -> None:
    cache = tmp_path / "cache"
    assert start(tmp_path, str(cache)) == ("5.0 0", "")
    assert list(cache.rglob(f"*{suffix}"))
    for path in cache.rglob(f"*{suffix}"):
        content = path.read_bytes()
        half = len(content) // 2
        path.write_bytes(
            {
                "empty": b"",
                "cut": content[:half],
                "garbled": bytes(byte ^ 0x5A for byte in content),
                "a byte": content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :],
            }[damage]
        )
    assert start(tmp_path, str(cache)) == ("5.0 0", "")
    assert start(tmp_path, str(cache)) == ("5.0 1", "")


@pytest.mark.slow
def test_checkouts_that_share_a_folder_compile_a_kernel_once(tmp_path: Path) -> None:
    homes = [tmp_path / name for name in ("one", "two")]
    for home in homes:
        home.mkdir()
    cache = str(tmp_path / "cache")
    assert [start(home, cache)[0] for home in homes] == ["5.0 0", "5.0 1"]


@pytest.mark.slow
def test_an_edited_kernel_is_never_taken_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = str(tmp_path / "cache")
    assert start(tmp_path, cache)[0] == "5.0 0"
    monkeypatch.setattr(sys.modules[__name__], "MODULE", MODULE.replace("value * value", "value"))
    assert start(tmp_path, cache)[0] == "3.0 0"


def test_without_a_folder_that_can_be_written_one_note_names_the_remedy(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where folders should go")
    unusable = {"HOME": str(blocked), "XDG_CACHE_HOME": str(blocked / "cache")}
    (tmp_path / "__pycache__").write_text("a file where a folder should be")
    said, note = start(tmp_path, str(blocked / "numba"), **unusable, PYTHONDONTWRITEBYTECODE="1")
    assert said == "5.0 0"
    assert note.strip() == NO_CACHE
    assert "NUMBA_CACHE_DIR" in note


@pytest.mark.slow
def test_only_the_first_worker_prints_the_note(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    (tmp_path / "__pycache__").write_text("")
    unusable = {"HOME": str(blocked), "XDG_CACHE_HOME": str(blocked / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    notes = [start(tmp_path, str(blocked / "numba"), **unusable, **{WORKER_NUMBER: number})[1] for number in "01"]
    assert [bool(note) for note in notes] == [True, False]


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = str(tmp_path / "cache")
    assert start(tmp_path, cache)[0] == "5.0 0"
    refuse = "import tempfile\ndef refuse(*a, **k): raise PermissionError(13, 'read-only')\n"
    monkeypatch.setattr(sys.modules[__name__], "PROGRAM", f"{refuse}tempfile.TemporaryFile = refuse\n{PROGRAM}")
    assert start(tmp_path, cache) == ("5.0 1", "")
    # An empty one is no cache: one note, and the kernel is compiled.
    result, note = start(tmp_path, str(tmp_path / "empty"), HOME="/nowhere", XDG_CACHE_HOME="/nowhere")
    assert result == "5.0 0"
    assert note.count(NO_CACHE) == 1
