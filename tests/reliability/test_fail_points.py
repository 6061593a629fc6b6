"""Every write step is safe: at the n-th change of the disk the process dies, or the disk fails; for every n.

An audit hook sees every change that Python makes to the file system: files opened for writing, folders made, renames,
removals. The run before it stays intact or becomes the new one, and can be resumed.
"""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import sim
from reliability.harness import ROOT, SMALL, Tries, amounts, digest
from sim.errors import SimError

pytestmark = pytest.mark.slow

CHANGES = frozenset({"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate"})
_armed: list[tuple[str, int, int]] = []
_seen = [0]


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if not _armed:
        return
    home, target, code = _armed[0]
    if not (event in CHANGES or (event == "open" and writes(arguments))) or home not in str(arguments[0]):
        return
    _seen[0] += 1
    if _seen[0] == target:
        if code == 0:
            os._exit(99)
        raise OSError(code, os.strerror(code), str(arguments[0]))


def writes(arguments: tuple[object, ...]) -> bool:
    """Whether `open(path, mode, flags)` is for writing."""
    flags = arguments[2] if len(arguments) > 2 and isinstance(arguments[2], int) else 0
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


@pytest.fixture(scope="module", autouse=True)
def hook() -> None:
    sys.addaudithook(_hook)


def attempt(folder: Path, target: int, code: int, **how: bool) -> bool:
    """Run with a failure at the change number `target`; False when there are fewer changes."""
    _seen[0] = 0
    _armed[:] = [(str(folder), target, code)]
    try:
        sim.run(SMALL, folder, report=False, **how)
    except (SimError, OSError) as problem:
        assert not isinstance(problem, OSError) or problem.errno == code
    finally:
        _armed.clear()
    return _seen[0] >= target


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> str:
    return digest(sim.run(SMALL, tmp_path_factory.mktemp("whole") / "run", report=False).path)


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC], ids=["EIO", "ENOSPC"])
@amounts(9, 1)
def test_an_error_at_any_change_leaves_a_run_that_can_be_resumed(
    tmp_path: Path, wanted: str, amount: int, code: int, tries: Tries
) -> None:
    """Every `amount`-th change."""
    tried = 0
    for tried in tries(0):
        target = 1 + tried * amount
        if not attempt(folder := tmp_path / str(target), target, code):
            break
        if not (folder / "manifest.json").exists():
            assert not folder.exists() or not [path for path in folder.iterdir() if path.suffix == ".parquet"]
        sim.run(SMALL, folder, resume=True, report=False)
        assert digest(folder) == wanted
    assert tried >= 40 // amount


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC], ids=["EIO", "ENOSPC"])
@amounts(17, 1)
def test_an_error_while_replacing_leaves_the_old_run_or_the_new_one(
    tmp_path: Path, wanted: str, amount: int, code: int, tries: Tries
) -> None:
    old = digest(first := sim.run({**SMALL, "seed": 99}, tmp_path / "old", report=False).path)
    for number in tries(0):
        target = 1 + number * amount
        shutil.copytree(first, folder := tmp_path / str(target))
        reached = attempt(folder, target, code, fresh=True)
        if (folder / "manifest.json").exists():
            assert digest_of_own(folder) in (old, wanted)
        sim.run(SMALL, folder, report=False, fresh=sim_seed(folder) == 99, resume=sim_seed(folder) != 99)
        assert digest(folder) == wanted
        if not reached:
            return


def sim_seed(folder: Path) -> int | None:
    try:
        return int(sim.load_run(folder).manifest["seed"])
    except SimError:
        return None


def digest_of_own(folder: Path) -> str:
    """The digest of the run itself, without one that is built beside it."""
    copy = folder.with_name(f"{folder.name}-copy")
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".next", ".replacing", ".moving"))
    return digest(copy)


DYING = """
import os, sys
sys.path[:0] = [{tests!r}, {root!r}]
from pathlib import Path
import numba, numpy, pyarrow.parquet  # once, for all forks; nothing runs here, for no thread survives a fork
import sim.api, sim.pilot, sim.runs.runner, sim.worlds.bernoulli.world
import reliability.test_fail_points as points
for line in sys.stdin:
    target, folder = line.rstrip().split(" ", 1)
    child = os.fork()
    if child == 0:
        sys.addaudithook(points._hook)
        os._exit(0 if points.attempt(Path(folder), int(target), 0, resume=True) else 7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def deaths() -> Iterator[Callable[[Path, int], int]]:
    """Run in a process that dies at the change number `target`; its exit code. All share one start of Python."""
    program = DYING.format(tests=str(ROOT / "tests"), root=str(ROOT))
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        wanted, codes = server.stdin, server.stdout

        def die(folder: Path, target: int) -> int:
            print(target, folder, file=wanted, flush=True)
            return int(codes.readline())

        yield die
        wanted.close()


@amounts(23, 1)
def test_a_death_at_any_change_leaves_a_run_that_can_be_resumed(
    tmp_path: Path, wanted: str, deaths: Callable[[Path, int], int], amount: int, tries: Tries
) -> None:
    for number in tries(0):
        target = 1 + number * amount
        code = deaths(folder := tmp_path / str(target), target)
        assert code in (7, 99)
        sim.run(SMALL, folder, resume=True, report=False)
        assert digest(folder) == wanted
        if code == 7:
            return
