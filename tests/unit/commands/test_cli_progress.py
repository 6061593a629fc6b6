"""Progress: nothing when quiet, sparse lines without a terminal, a bar with one."""

import io
import sys

import pytest

from sim.commands import progress as module
from sim.commands.output import Output
from sim.commands.progress import progress


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
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run(Output())
    assert "replications" in terminal.getvalue()
