"""What `--help` costs: `python -m benchmarks.help` prints the CPU seconds of each command's help, the median of five.

Exit code 1 where one takes 0.3 s or longer.
"""

import resource
import statistics
import subprocess
import sys

import click

from sim.cli import cli

BAR_SECONDS = 0.3


def main() -> int:
    """Measure, print, judge."""
    commands = [[], *([name] for name in cli.list_commands(click.Context(cli)))]
    figures = {" ".join(words): statistics.median(seconds(words) for _ in range(5)) for words in commands}
    print("| command | CPU seconds of `--help` |\n|---|--:|")
    for name, value in figures.items():
        print(f"| `{name or 'python -m sim'}` | {value:.2f} |")
    return int(max(figures.values()) >= BAR_SECONDS)


def seconds(words: list[str]) -> float:
    """CPU seconds of one process that prints the help of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "sim", *words, "--help"], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
