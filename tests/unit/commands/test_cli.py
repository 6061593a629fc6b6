"""Every ending of a command has its message and its exit code."""

import json
import signal
from collections.abc import Callable, Iterator

import click
import pytest

from sim import cli as command_line
from sim.commands.output import Output, json_text, output_options
from sim.errors import CheckFailedError, InputError, RemoteError, StorageError, WriteNotPermittedError


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException | None], int]:
    """Run a command that ends with the exception given; returns the exit code."""

    def run(problem: BaseException | None) -> int:
        @click.command()
        def command() -> None:
            if problem is not None:
                raise problem

        monkeypatch.setattr(command_line.LazyGroup, "get_command", lambda *_: command)
        return command_line.exit_code(["run"])

    return run


@pytest.fixture(autouse=True)
def _keep_sigterm() -> Iterator[None]:
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


@pytest.mark.parametrize(
    ("problem", "code", "said"),
    [
        (None, 0, ""),
        (CheckFailedError("a check failed"), 1, "error: a check failed"),
        (InputError("bad words", "Say it so."), 2, "error: bad words\nSay it so."),
        (click.UsageError("bad words"), 2, "bad words"),
        (StorageError("no disk"), 3, "error: no disk"),
        (PermissionError(13, "Permission denied", "runs/x"), 3, "error: runs/x: Permission denied"),
        (MemoryError(), 3, "not enough memory"),
        (RemoteError("no answer"), 4, "error: no answer"),
        (WriteNotPermittedError("not on the list"), 5, "error: not on the list"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
        (command_line.Terminated(), 143, "terminated"),
    ],
)
def test_endings(
    ending: Callable[[BaseException | None], int],
    capsys: pytest.CaptureFixture[str],
    problem: BaseException | None,
    code: int,
    said: str,
) -> None:
    assert ending(problem) == code
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_a_defect_alone_shows_a_traceback_and_asks_for_a_report(
    ending: Callable[[BaseException | None], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ending(ZeroDivisionError("an invariant broke")) == 70
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "an invariant broke" in said
    assert "please report it" in said


def test_the_traceback_of_a_worker_is_shown_once(
    ending: Callable[[BaseException | None], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ending(RuntimeError("Traceback (in a worker)\n  some line\nKeyError: 'lost'")) == 70
    said = capsys.readouterr().err
    assert said.count("some line") == 1
    assert "error: RuntimeError: KeyError: 'lost'" in said


def test_json_is_strict() -> None:
    text = json_text({"a": [float("nan"), 1.5], "b": {"c": float("inf")}, "d": (None,)})
    assert json.loads(text) == {"a": [None, 1.5], "b": {"c": None}, "d": [None]}


def test_quiet_silences_notes_and_keeps_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    @output_options
    def command(output: Output) -> None:
        output.note("a note")
        output.result({"rows": 3}, "3 rows")

    for words, out, err in (
        ([], "3 rows\n", "a note\n"),
        (["--quiet"], "3 rows\n", ""),
        (["--json", "-q"], '{\n  "rows": 3\n}\n', ""),
    ):
        command.main(words, standalone_mode=False)
        captured = capsys.readouterr()
        assert (captured.out, captured.err) == (out, err)
