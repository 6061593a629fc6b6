"""Plays a problem with one rival, under that rival's own Python: `python -m rivals RIVAL PROBLEM SECONDS`.

PROBLEM is the JSON of `rival.Problem`. Prints one line of JSON, the `rival.Outcome` of as many replications as fit into
SECONDS of CPU (3 at least).
"""

import json
import sys
from dataclasses import asdict

from .registry import RIVALS
from .rival import Problem


def main() -> None:
    """Find the pace, play, print."""
    key, problem, seconds = sys.argv[1:]
    rival, problem = RIVALS[key], Problem(**json.loads(problem))
    outcome = rival.play(problem, rival.replications(problem, float(seconds)))
    print(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main()
