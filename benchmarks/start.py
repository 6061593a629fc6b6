"""What a start costs: `python -m benchmarks.start`.

Runs the command `run quickstart` again and again in processes of their own, their kernels kept in a folder that is
empty at first, and tells for the first start and for the next ones: CPU seconds to the first event (the world has
advanced to its first recorded point: everything imported and loaded, the first block begun), how many functions Numba
compiled, and how many kernels came from disk. Exit code 1 where a later start compiled anything, or took longer than
the bar.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

BAR_SECONDS = 2.0


class Start(NamedTuple):
    """One start of the command, in one process."""

    seconds: float
    """CPU, to the first event."""
    compiled: int
    loaded: int


def main() -> int:
    """Start, print, judge."""
    options = _options()
    if options.child:
        _first_event(options.words)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        first, *later = [start(options.scenario, Path(folder)) for _ in range(options.rounds + 1)]
    seconds = statistics.median(each.seconds for each in later)
    print("| start | CPU seconds to the first event | compiled | loaded from disk |\n|---|--:|--:|--:|")
    print(f"| first | {first.seconds:.2f} | {first.compiled} | {first.loaded} |")
    print(f"| later, median of {len(later)} | {seconds:.2f} | {later[-1].compiled} | {later[-1].loaded} |")
    return 0 if seconds < BAR_SECONDS and not any(each.compiled for each in later) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="quickstart", help="[%(default)s]")
    parser.add_argument("--rounds", type=int, default=5, help="starts after the first [%(default)s]")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    return parser.parse_args()


def start(scenario: str, folder: Path) -> Start:
    """Start the command up to its first event, with kernels under `folder`."""
    command = [sys.executable, "-m", "benchmarks.start", "--child", "--", "run", scenario, "--out", str(folder / "run")]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "kernels")}
    words = [*command, "--workers", "1", "--no-report", "--quiet", "--fresh"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the command failed:\n{done.stderr}")
    return Start(**json.loads(done.stdout.splitlines()[-1]))


def _first_event(words: list[str]) -> None:
    """Run the command in this process, say what was spent when its first event is over, and end."""
    from numba.core import event

    from sim.cli import main as command
    from sim.worlds import engine

    found = event.RecordingListener()
    event.register("numba:compile", found)

    def record(*_: Any) -> None:
        spent = Start(time.process_time(), len(found.buffer) // 2, _from_disk())
        print(json.dumps(spent._asdict()), flush=True)
        os._exit(0)

    engine.Curve.record = record  # type: ignore[method-assign]
    command(words)


def _from_disk() -> int:
    """Kernels that Numba's caches found."""
    import gc

    from numba.core.dispatcher import Dispatcher

    return sum(sum(each.stats.cache_hits.values()) for each in gc.get_objects() if isinstance(each, Dispatcher))


if __name__ == "__main__":
    sys.exit(main())
