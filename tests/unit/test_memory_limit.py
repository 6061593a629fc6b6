"""Under `ulimit -v`, whatever a library does where memory ends becomes one message and exit code 3."""

import errno
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sim import memory_limit
from sim.memory_limit import limit, may_lack_memory, within_limit

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="`ulimit -v` works on Linux only")

PROGRAM = """
import json, os, resource, signal, sys, time
from sim.memory_limit import within_limit
resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
parent, said = os.getpid(), []

def after_signal(number):
    seen = []
    signal.signal(number, lambda *_: seen.append(number))
    os.kill(os.getppid(), number)
    while not seen:
        time.sleep(0.01)
    return 128 + number

def orphan():
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)

cases = {
    "own": lambda: 7,
    "good": lambda: 0,
    "abort": os.abort,
    "exit": lambda: os._exit(1),
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "interrupt": lambda: after_signal(signal.SIGINT),
    "terminate": lambda: after_signal(signal.SIGTERM),
    "interrupts itself": lambda: 130,  # as OpenBLAS does where it cannot start a thread
    "last": lambda: 4,  # and dies when all is said
    "orphan": orphan,
}
for name in sys.argv[1:]:
    code = within_limit(cases[name], lambda problem: said.append(problem.message + "|" + problem.hint) or 3)
    if os.getpid() != parent:
        os.abort() if name == "last" else os._exit(code)
    said.append([name, code])
print(json.dumps(said))
"""


def program(*cases: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *cases], cwd=ROOT, capture_output=True, text=True, check=False, timeout=50
    )
    return done.returncode, done.stdout


def test_endings_of_the_child() -> None:
    wanted = {"own": 7, "good": 0, "abort": 3, "exit": 3, "segfault": 3, "kill": 137, "interrupt": 130}
    wanted |= {"terminate": 143, "interrupts itself": 3, "last": 4}
    said: list[Any] = json.loads(program(*wanted)[1])
    assert dict(each for each in said if isinstance(each, list)) == wanted
    how = [each.partition(" (")[2].partition(")")[0] for each in said if isinstance(each, str)]
    assert how == ["SIGABRT", "exit code 1", "SIGSEGV", "exit code 130"]
    assert "2,048 MB of addresses (`ulimit -v`)" in said[2]


def test_the_child_ends_with_its_parent() -> None:
    assert program("orphan") == (-9, "")  # it holds our pipe: without its end, this would last for its whole minute


def test_without_a_limit_the_command_runs_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_limit, "limit", lambda: None)
    ran: list[int] = []
    assert within_limit(lambda: ran.append(1) or 5, lambda _: 3) == 5  # type: ignore[func-returns-value]
    assert ran == [1]


def test_a_problem_that_follows_from_a_failed_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_limit, "limit", lambda: 2**30)
    problem = ValueError("the 'partitioning' keyword is not supported")
    problem.__context__ = ImportError("_acero.so: failed to map segment from shared object")
    assert may_lack_memory(problem)


@pytest.mark.parametrize(
    ("problem", "may"),
    [
        (OSError("Could not find/load shared object file 'libllvmlite.so'"), True),
        (ImportError("libx.so"), True),
        (SystemError("error return without exception set"), True),
        (OSError(errno.ENOENT, "No such file"), False),
        (ValueError("x"), False),
    ],
)
def test_what_a_lack_of_memory_may_look_like(problem: Exception, may: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_limit, "limit", lambda: 2**30)
    assert may_lack_memory(problem) is may
    monkeypatch.setattr(memory_limit, "limit", lambda: None)
    assert not may_lack_memory(problem)


def test_the_limit_is_that_of_the_process() -> None:
    import resource

    assert limit() is None or limit() == resource.getrlimit(resource.RLIMIT_AS)[0]


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [250, 700, 1_100])
def test_a_command_with_little_memory_ends_in_a_message(tmp_path: Path, megabytes: int) -> None:
    (tmp_path / "log.csv").write_text("item_id,click,propensity_score\n" + "a,1,0.5\nb,0,0.5\n" * 40)
    command = f"ulimit -v {megabytes * 1024}; exec {sys.executable} -m sim evaluate {tmp_path}/log.csv --policy uniform"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode in (0, 3), done.stderr
    assert done.returncode == 0 or "error: not enough memory" in done.stderr
    assert "Traceback" not in done.stderr
