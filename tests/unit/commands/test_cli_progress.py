"""Progress: nothing when quiet, sparse lines without a terminal, a bar with one."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.commands import progress as module
from sim.commands.output import Output
from sim.commands.progress import progress
from sim.runs.plan import Block
from sim.runs.runner import tell_compiled


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(output: Output) -> None:
    with progress(output, "replications") as tell:
        for done in range(11):
            tell(done, 10)


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run(Output(quiet=True))
    assert capsys.readouterr() == ("", "")


def test_lines_are_sparse_and_tell_the_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 1_000, 10))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(clock)))
    run(Output())
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert 3 <= len(lines) <= 6
    assert lines[0] == "replications: 1 of 10"  # it may have waited for the compiler
    assert lines[1] == "replications: 3 of 10, about 70 s left"


def test_short_runs_print_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    run(Output())
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run(Output())
    assert "replications" in terminal.getvalue()


class Timer:
    """Speaks only when a test says that the time has come."""

    last: "Timer | None" = None

    def __init__(self, seconds: float, function: Callable[..., None], args: list[str]) -> None:
        self.function, self.args, self.cancelled, self.daemon = function, args, False, False
        Timer.last = self

    def start(self) -> None:
        pass

    def cancel(self) -> None:
        self.cancelled = True

    def ring(self) -> None:
        if not self.cancelled:
            self.function(*self.args)


def test_words_while_compiling(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module, "Timer", Timer)
    with progress(Output(), "replications") as tell:
        for ready, at in ((0, 0.0), (1, 5.0), (2, 10.0), (7, 40.0)):
            now[0] = at
            tell.compiled(ready, 7)  # type: ignore[attr-defined]
            assert Timer.last is not None
            if ready != 1:  # the second policy is ready before its words are due
                Timer.last.ring()
    assert capsys.readouterr().err.splitlines() == [
        "compiling 1 of 7 policies; the first run on a machine takes longer",
        "compiling 3 of 7 policies, about 25 s left",
    ]


def test_kernels_from_disk_take_no_words(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Timer", Timer)
    with progress(Output(), "replications") as tell:
        tell.compiled(0, 2)  # type: ignore[attr-defined]
        waiting = Timer.last
    assert waiting is not None
    waiting.ring()
    assert capsys.readouterr().err == ""


def test_the_first_line_waits_for_no_heavy_library(tmp_path: Path) -> None:
    scenario = tmp_path / "small.yaml"
    scenario.write_text(
        "{version: 1, name: small, seed: 1, replications: 1, horizon: {pulls: 10}, policies: [uniform],"
        " world: {kind: bernoulli, means: [0.1, 0.2]}}"
    )
    program = f"""
import sys
from sim.commands.output import Output
loaded = []
Output.note = lambda self, text: loaded.append([name for name in ("numba", "scipy", "polars") if name in sys.modules])
from sim.cli import exit_code
code = exit_code(["run", {str(scenario)!r}, "--out", {str(tmp_path / "out")!r}, "--workers", "1", "--no-report"])
print(code, loaded[0], "numba" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 [] True"


def test_the_bar_says_what_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with progress(Output(), "replications") as tell:
        tell.compiled(0, 3)  # type: ignore[attr-defined]
        tell(0, 10)
    assert "compiling 1 of 3 policies" in terminal.getvalue()


def test_a_run_tells_how_many_policies_have_a_finished_block() -> None:
    class Recorder:
        def __init__(self) -> None:
            self.told: list[tuple[int, int]] = []

        def __call__(self, done: int, total: int) -> None:
            pass

        def compiled(self, ready: int, total: int) -> None:
            self.told.append((ready, total))

    recorder = Recorder()
    block = Block(0, "a", 0, 1)
    tell_compiled(recorder, [[], [block]])
    tell_compiled(lambda done, total: None, [[], []])
    assert recorder.told == [(1, 2)]
