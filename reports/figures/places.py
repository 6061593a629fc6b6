"""Which colour, dashes and marker a policy has: a kind has the same in every figure and every report.

The deployed rule and random choice have fixed places that no other kind shares. Two policies of one kind share their
colour and differ in dashes and marker.
"""

from collections.abc import Iterable, Mapping

COLOURS = 8
"""In `reports.figures.style.COLOURS`, which imports matplotlib: nothing here draws."""
FIXED = {
    "wilson_sample": 0,
    "thompson_beta": 1,
    "thompson_empirical_bayes": 2,
    "greedy": 3,
    "epsilon_greedy": 4,
    "uniform": 5,
    "oracle": 6,
    "round_robin": 7,
}
"""The first colours; those of other kinds follow in alphabetical order, without the colours of the two anchors."""
ANCHORS = ("wilson_sample", "uniform")
Places = Mapping[str, int]
"""The place of each policy by its name, an index of `reports.figures.style.series`."""


def places(kind_of: Mapping[str, str], known: Iterable[str]) -> dict[str, int]:
    """The place of each policy: `kind_of` holds the kind by name, `known` all kinds there are."""
    free = [i for i in range(COLOURS) if i not in {FIXED[kind] for kind in ANCHORS}]
    others = sorted({*known, *kind_of.values()} - set(FIXED))
    by_kind = FIXED | {
        kind: COLOURS * (1 + number // len(free)) + free[number % len(free)] for number, kind in enumerate(others)
    }
    rounds = 1 + max(by_kind.values()) // COLOURS
    seen: dict[str, int] = {}
    found = {}
    for name, kind in kind_of.items():
        found[name] = by_kind[kind] + COLOURS * rounds * seen.get(kind, 0)
        seen[kind] = seen.get(kind, 0) + 1
    return found
