"""Progress on stderr: a bar with the time left at a terminal, otherwise a line now and then, nothing under --quiet."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

from sim.commands.output import Output

if TYPE_CHECKING:
    from rich.progress import Progress

SECONDS_BETWEEN_LINES = 15.0
SECONDS_BEFORE_WORDS = 1.0


@contextmanager
def progress(output: Output, what: str) -> Iterator[Callable[[int, int], None]]:
    """A function to call with (done, all); a run also calls its `compiled` with (policies compiled, all policies)."""
    if output.quiet:
        yield _silent
    elif output.live:
        with _bar(what) as tell:
            yield tell
    else:
        lines = _Lines(output, what)
        try:
            yield lines
        finally:
            lines.close()


def _silent(done: int, total: int) -> None:
    pass


class Compilation:
    """Words for the time in which policies are compiled, which each machine does once.

    The first policy takes much longer than the others, since it brings what all share. So the time left is estimated
    from the policies after the first.
    """

    def __init__(self) -> None:
        self.ready: int | None = None
        self.since, self.first = 0.0, 0

    def words(self, ready: int, total: int) -> str | None:
        """What to say now that `ready` of `total` policies are compiled; None where nothing is new, or all are."""
        start, new = self.ready is None, ready not in (self.ready, total)
        if new and self.first == 0:
            self.since, self.first = time.monotonic(), ready
        self.ready = ready
        if not new:
            return None
        said = f"compiling {ready + 1} of {total} policies"
        if start or ready == 0:
            return f"{said}; the first run on a machine takes longer"
        if ready == self.first:
            return said
        seconds = (time.monotonic() - self.since) / (ready - self.first) * (total - ready)
        return f"{said}, about {seconds:.0f} s left"


class _Lines:
    """At most one line in `SECONDS_BETWEEN_LINES`, and at the start one for each policy that is compiled.

    The second line is the first with the time left, from what was done since the line before: at first policies are
    compiled, and their time says nothing about the rest.
    """

    def __init__(self, output: Output, what: str) -> None:
        self.output, self.what = output, what
        self.said = time.monotonic()
        self.before: int | None = None
        self.estimating = False
        self.compilation = Compilation()
        self.timer: Timer | None = None

    def compiled(self, ready: int, total: int) -> None:
        """So many policies have been compiled."""
        self.close()
        words = self.compilation.words(ready, total)
        if words is not None:
            # Kernels that are on disk take no time, and no words.
            self.timer = Timer(SECONDS_BEFORE_WORDS, self.output.note, [words])
            self.timer.daemon = True
            self.timer.start()

    def close(self) -> None:
        """Take back words that were not said yet."""
        if self.timer is not None:
            self.timer.cancel()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self.before is None:
            self.before = done
        elif now - self.said >= SECONDS_BETWEEN_LINES and self.before < done < total:
            seconds = (now - self.said) / (done - self.before) * (total - done)
            self.output.note(f"{self.what}: {done:,} of {total:,}" + f", about {seconds:.0f} s left" * self.estimating)
            self.said, self.before, self.estimating = now, done, True


@contextmanager
def _bar(what: str) -> Iterator["_Bar"]:
    from rich import console, progress

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("left"),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=console.Console(stderr=True), transient=True) as bar:
        yield _Bar(bar, what)


class _Bar:
    """A moving bar, whose description says what is compiled."""

    def __init__(self, bar: "Progress", what: str) -> None:
        self.bar, self.what, self.compilation = bar, what, Compilation()
        self.task = bar.add_task(what, total=None)

    def compiled(self, ready: int, total: int) -> None:
        """So many policies have been compiled."""
        words = self.compilation.words(ready, total)
        if words is not None or ready == total:
            self.bar.update(self.task, description=words or self.what)

    def __call__(self, done: int, total: int) -> None:
        self.bar.update(self.task, completed=done, total=total)
