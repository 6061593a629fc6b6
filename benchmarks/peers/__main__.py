"""Time and check this simulator against other packages on the same problem: `python -m benchmarks.peers`.

Each rival is installed into an environment of its own (kept in `--environments`, so that a second run starts at
once). Ours and the rivals take turns, round after round; a figure is the median of the rounds. Mean regrets must agree
within a 99.99 % interval of their difference; exit code 1 where one does not.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.peers.bars import bars_table
from benchmarks.peers.environments import environments
from benchmarks.peers.report import Row, line, notes, row, table
from benchmarks.peers.turns import Work, measure
from benchmarks.rivals.registry import RIVALS
from benchmarks.rivals.rival import Rival

POLICIES = ("wilson_sample", "thompson_beta", "ucb1", "kl_ucb", "epsilon_greedy")


def main() -> int:
    """Measure, print the tables, say whether all agree."""
    options = _options()
    chosen = [RIVALS[key] for key in options.rivals]
    try:
        installed, missing = environments(chosen, options.environments)
    except OSError as error:
        raise SystemExit(f"{options.environments}: {error.strerror}; choose another folder by --environments") from None
    found = list(_measured(options, installed))
    report = "\n\n".join((table(found), bars_table(found), notes(options, chosen, missing)))
    print(report)
    if options.output:
        options.output.write_text(report + "\n", encoding="utf-8")
    return 0 if all(row.agrees for row in found if not row.failure) else 1


def _measured(options: argparse.Namespace, installed: dict[type[Rival], Path]) -> Iterator[Row]:
    """Row after row, each shown at once on stderr: a run that is interrupted has not been in vain."""
    for arms in options.arms:
        for policy in options.policies:
            work = Work(policy, arms, options.pulls, options.replications)
            for match in measure(work, installed, options.rounds, options.seconds):
                measured = row(work, match)
                print(line(measured), file=sys.stderr, flush=True)
                yield measured


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--arms", type=_at_least(2), nargs="+", default=[10, 100], help="numbers of arms")
    parser.add_argument("--pulls", type=_at_least(1), default=10_000, help="pulls a replication, for everyone")
    parser.add_argument("--replications", type=_at_least(2), default=100, help="ours, a turn; a rival's: --seconds")
    parser.add_argument("--rounds", type=_at_least(1), default=5)
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="of CPU of a rival's turn: they decide its replications"
    )
    parser.add_argument("--policies", nargs="+", choices=POLICIES, default=POLICIES, metavar="POLICY")
    parser.add_argument("--rivals", nargs="+", choices=list(RIVALS), default=list(RIVALS), metavar="RIVAL")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the tables there, too")
    kept = Path(tempfile.gettempdir()) / "caption-bandit-rivals"
    parser.add_argument("--environments", type=Path, default=kept, help="where the rivals are installed")
    options = parser.parse_args()
    if options.output and not options.output.parent.is_dir():
        parser.error(f"argument --output: there is no folder {options.output.parent}")
    return options


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    return number


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
