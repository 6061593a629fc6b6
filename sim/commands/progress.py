"""Progress on stderr: a bar with the time left at a terminal, otherwise a line now and then, nothing under --quiet."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sim.commands.output import Output

SECONDS_BETWEEN_LINES = 15.0


@contextmanager
def progress(output: Output, what: str) -> Iterator[Callable[[int, int], None]]:
    """A function to call with (done, all)."""
    if output.quiet:
        yield _silent
    elif output.live:
        with _bar(what) as tell:
            yield tell
    else:
        yield _Lines(output, what).tell


def _silent(done: int, total: int) -> None:
    pass


class _Lines:
    """At most one line in `SECONDS_BETWEEN_LINES`.

    The time left is told from the second line on, by what was done since the line before: at first policies are
    compiled, which says nothing of the rest.
    """

    def __init__(self, output: Output, what: str) -> None:
        self.output, self.what = output, what
        self.said = time.monotonic()
        self.before: int | None = None
        self.warm = False

    def tell(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self.before is None:
            self.before = done
        elif now - self.said >= SECONDS_BETWEEN_LINES and self.before < done < total:
            seconds = (now - self.said) / (done - self.before) * (total - done)
            self.output.note(f"{self.what}: {done:,} of {total:,}" + f", about {seconds:.0f} s left" * self.warm)
            self.said, self.before, self.warm = now, done, True


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
