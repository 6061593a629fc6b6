"""The command line: the commands, and how every error becomes one message and one exit code.

A command is a module of `sim.commands` with an attribute `command`; it is imported only when it is called for.
Results go to stdout; everything else (progress, notes, errors) to stderr.
"""

import contextlib
import gc
import importlib
import importlib.util
import io
import os
import sys
import traceback
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import click

from sim.backends.worker import COLLECT_AFTER
from sim.errors import EXIT_DEFECT, EXIT_INTERRUPTED, EXIT_TERMINATED, InputError, SimError, StorageError, out_of_memory
from sim.files import is_full_disk
from sim.installation import check_neighbours
from sim.interrupts import Terminated, ending_by_signals
from sim.memory_limit import may_lack_memory, within_limit
from sim.terminal import log_line, prepare, visible
from sim.version import __version__
from sim.wording import near

# Name on the command line -> module under sim.commands. A command whose module is not there is not shown.
COMMANDS = {
    "run": "run",
    "report": "report",
    "compare": "compare",
    "incidents": "incidents",
    "seed": "seed",
    "load": "load",
    "deploy": "deploy",
    "job": "job",
    "verify": "verify",
    "scenarios": "scenarios",
    "policies": "policies",
    "sweep": "sweep",
    "calibrate": "calibrate",
    "power": "power",
    "evaluate": "evaluate",
    "compile": "compile",
    "export": "export",
}
PROGRAM = "python -m sim"
COMPLETION = "_CAPTION_SIM_COMPLETE"  # which shells set to ask for completions
REPORT_DEFECT = "This is a defect of the program, not of your input: please report it with the lines above."


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands that are there, in the order of `COMMANDS`."""
        return [name for name, module in COMMANDS.items() if importlib.util.find_spec(f"sim.commands.{module}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"sim.commands.{COMMANDS[cmd_name]}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As in click; for an unknown command, the message suggests the nearest ones."""
        known = self.list_commands(ctx)
        if args and not args[0].startswith("-") and args[0] not in known:
            names = near(args[0], known, count=2)
            meant = f" Did you mean {' or '.join(map(repr, names))}?" if names else ""
            raise click.UsageError(f"No such command {args[0]!r}.{meant}", ctx)
        return super().resolve_command(ctx, args)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="caption-sim")
def cli() -> None:
    """Decide whether a caption-selection bandit is worth running, before it costs money.

    \b
    First run:   python -m sim run quickstart
    Exit codes:  0 done; 1 a check failed; 2 bad usage or scenario; 3 local I/O; 4 remote service;
                 5 write not permitted; 70 a defect of this program; 130/143 interrupted
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; `arguments` are those of the process by default."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(within_limit(lambda: exit_code(words), lambda problem: _ending(problem, words)))


def exit_code(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code of the contract and lets no exception out."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    gc.set_threshold(COLLECT_AFTER)
    try:
        with ending_by_signals():
            prepare()
            _run(words)
        sys.stdout.flush()
    except BaseException as problem:  # noqa: BLE001 - the last resort of the process: every ending gets its code
        return _ending(problem, words)
    return 0


def _run(words: list[str]) -> None:
    check_neighbours()
    _check_text(words)
    if instruction := os.environ.get(COMPLETION):
        from click.shell_completion import shell_complete

        raise click.exceptions.Exit(shell_complete(cli, {}, "caption-sim", COMPLETION, instruction))
    # Not `cli.main`, which turns a broken pipe into exit code 1: that one says that a check failed.
    with cli.make_context(PROGRAM, list(words)) as context:
        cli.invoke(context)


def _check_text(words: list[str]) -> None:
    """InputError for a word that is no text: neither a table nor a message could hold a path like that."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise InputError(f"{word!a} is not UTF-8 text", "give it another name") from None


def _ending(problem: BaseException, words: list[str]) -> int:
    as_json = "--log-format=json" in words or ("--log-format", "json") in pairwise(words)
    match problem:
        case click.exceptions.Exit():
            return problem.exit_code
        case BrokenPipeError():
            return _drop_stdout()
        case click.exceptions.NoArgsIsHelpError() | click.UsageError() if not as_json:
            shown = io.StringIO()
            problem.show(shown)
            return _say(shown.getvalue().rstrip("\n"), "", InputError.exit_code, as_json=False)
    if isinstance(problem, OSError):
        _drop_stdout()  # a full disk below stdout would complain once more at exit
    message, hint, code = _message_hint_code(problem)
    if code == EXIT_DEFECT and not as_json:
        traceback.print_exception(problem)
    if "--debug" in words:
        hint = f"{hint}\n{_bundle(problem, words, code)}".strip()
    return _say(message, hint, code, as_json=as_json)


def _bundle(problem: BaseException, words: list[str], code: int) -> str:
    """Write the bundle of `--debug`; says where it is, or why it is not."""
    from sim.debug import write_bundle

    try:
        return f"Written for a report of the problem: {write_bundle(words, problem, code, Path.cwd())}"
    except OSError as error:
        return f"The debug bundle cannot be written: {_os_message(error)}"


def _message_hint_code(problem: BaseException) -> tuple[str, str, int]:
    match problem:
        case SimError():
            ending = f"error: {problem.message}", problem.hint, problem.exit_code
        case click.exceptions.Abort() | KeyboardInterrupt():
            ending = "interrupted", "", EXIT_INTERRUPTED
        case Terminated():
            ending = "terminated", "", EXIT_TERMINATED
        case click.UsageError():
            ending = f"error: {problem.format_message()}", "", InputError.exit_code
        case click.ClickException():
            ending = f"error: {problem.format_message()}", "", StorageError.exit_code
        case _ if out_of_memory(problem) or may_lack_memory(problem):
            ending = "error: not enough memory", "Use fewer --workers or fewer replications.", StorageError.exit_code
        case Exception() if is_full_disk(problem):
            ending = "error: no space left on the disk", "Free some space, then continue.", StorageError.exit_code
        case OSError():
            ending = f"error: {_os_message(problem)}", "", StorageError.exit_code
        case _:
            # The last line alone: a worker's problem holds its whole traceback, which stands above already.
            last = (str(problem).splitlines() or [""])[-1]
            ending = f"error: {type(problem).__name__}: {last}", REPORT_DEFECT, EXIT_DEFECT
    return ending


def _os_message(problem: OSError) -> str:
    where = f"{problem.filename}: " if problem.filename else ""
    return f"{where}{problem.strerror or problem}"


def _say(message: str, hint: str, code: int, *, as_json: bool) -> int:
    """Print an ending to stderr; returns its exit code."""
    if as_json:
        print(log_line("error", message.removeprefix("error: "), hint=hint, exit_code=code), file=sys.stderr)  # noqa: T201
        return code
    for text in (message, hint):
        if text:
            print(visible(text), file=sys.stderr)  # noqa: T201
    return code


def _drop_stdout() -> int:
    """Let whatever is still to be written to stdout vanish; Python would fail on it again when it flushes at exit."""
    if sys.stdout is not None:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
