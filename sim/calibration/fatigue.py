"""How captions wear out when they are repeated: the wear of each message, and the fit of its two numbers.

Given how much each caption sold in all, how its sales divide over its messages says how it wears out: better captions
that are chosen more often do not disturb this (conditional likelihood).
"""

import numpy as np

from sim.calibration.figures import Figure, Floats, unknown
from sim.calibration.log import NO_CAPTION, Flags, Integers, Sends
from sim.scenario.sections.traffic import Fatigue

DEFAULT = Fatigue()
DROPS = np.concatenate([[0.0], np.geomspace(0.02, 0.9, 16)])
HALF_LIVES = np.geomspace(1.75, 112.0, 13)
FINE = 25  # points of the finer grids
CRITICAL = 3.841  # of chi-square with one degree of freedom at 95 %
WIDEST = 0.4  # interval of the drop beyond which the default stands in
WIDEST_LIFE = 16.0  # high over low of the half-life beyond which the default stands in
LEAST_NAMED = 0.9  # share of messages whose caption is known: an unseen use also wears


class Uses:
    """Uses of captions in order of time."""

    def __init__(self, sends: Sends, rows: Flags) -> None:
        self._at = np.flatnonzero(rows & (sends.caption != NO_CAPTION))
        order = np.lexsort((sends.time[self._at], sends.caption[self._at]))
        self._at = self._at[order]
        caption = sends.caption[self._at]
        first = np.append(True, np.diff(caption) != 0)[: len(caption)]
        start = np.maximum.accumulate(np.where(first, np.arange(len(caption)), 0))
        self._use = np.arange(len(caption)) - start
        self._days = np.append(0, np.diff(sends.day[self._at]))[: len(caption)]
        self._size = sends.rows
        self.group: Integers = np.cumsum(first) - 1
        self.at = self._at

    @property
    def repeated(self) -> int:
        """Messages whose caption the page had sent before."""
        return int((self._use > 0).sum())

    def log_fresh(self, drop: float, half_life: float) -> Floats:
        """log(1 − wear) of every message of the log, (messages,); 0 where the caption is fresh or unknown."""
        wear = np.zeros(len(self._at))
        for use in range(1, int(self._use.max(initial=0)) + 1):
            now = np.flatnonzero(self._use == use)
            before = wear[now - 1]
            wear[now] = (before + drop * (1.0 - before)) * np.exp2(-self._days[now] / half_life)
        fresh = np.zeros(self._size)
        fresh[self._at] = np.log1p(-np.minimum(wear, 0.999))
        return fresh


def fatigue_figures(sends: Sends, uses: Uses, mean: Floats) -> list[Figure]:
    """Drop and half-life; `mean` (messages,) are the expected purchases of fresh captions, 0 for unpriced messages."""
    keys = ("world.fatigue.drop", "world.fatigue.half_life_days")
    named = sends.caption != NO_CAPTION
    if named.mean() < LEAST_NAMED:
        return [unknown(key, "uses of captions are unknown where the log names none") for key in keys]
    if uses.repeated == 0:
        return [unknown(key, "no page sent a caption twice") for key in keys]
    conditional = _Conditional(sends, uses, mean)
    drops, lives, gain = conditional.around_the_best()
    low, high = _ends(drops, gain.max(axis=1))
    least, most = _ends(lives, gain.max(axis=0))
    if high - low > WIDEST:
        why = f"its 95 % interval is {low:.2f} to {high:.2f}: captions are seldom repeated"
        return [unknown(keys[0], why, low, high), unknown(keys[1], "fatigue is not identified")]
    best = np.unravel_index(int(gain.argmax()), gain.shape)
    drop = Figure(keys[0], float(drops[best[0]]), low, high, note="share lost by one send")
    if most / least > WIDEST_LIFE:
        return [drop, unknown(keys[1], f"its 95 % interval is {least:.1f} to {most:.0f} days", least, most)]
    return [drop, Figure(keys[1], float(lives[best[1]]), least, most)]


def _ends(grid: Floats, profile: Floats) -> tuple[float, float]:
    """Where the profile likelihood has fallen as far as at the ends of a 95 % interval, between points of the grid."""
    goal = float(profile.max()) - 0.5 * CRITICAL
    at = np.flatnonzero(profile >= goal)

    def crossing(inside: int, outside: int) -> float:
        if not 0 <= outside < len(grid):
            return float(grid[inside])
        share = (profile[inside] - goal) / (profile[inside] - profile[outside])
        return float(grid[inside] + share * (grid[outside] - grid[inside]))

    return crossing(int(at[0]), int(at[0]) - 1), crossing(int(at[-1]), int(at[-1]) + 1)


class _Conditional:
    """The likelihood of how the sales of each caption divide over its messages, over its dispersion."""

    def __init__(self, sends: Sends, uses: Uses, mean: Floats) -> None:
        self._uses, self._group = uses, uses.group
        self._count = sends.purchased[uses.at].astype(np.float64)
        self._base = np.maximum(mean[uses.at], 1e-12)
        self._total = np.bincount(self._group, self._count)[self._group]
        self._scale = 1.0

    def around_the_best(self) -> tuple[Floats, Floats, Floats]:
        """(drops, half-lives, log-likelihood of each pair) on a grid that is fine where the likelihood is large."""
        coarse = self._table(DROPS, HALF_LIVES)
        self._scale = self._dispersion(coarse)
        coarse = coarse / self._scale
        likely = coarse >= coarse.max() - 1.5 * CRITICAL
        drops = np.linspace(*_span(DROPS, likely.any(axis=1)), FINE)
        lives = np.geomspace(*_span(HALF_LIVES, likely.any(axis=0)), FINE)
        return drops, lives, self._table(drops, lives) / self._scale

    def _table(self, drops: Floats, lives: Floats) -> Floats:
        return np.array([[self._value(float(drop), float(life)) for life in lives] for drop in drops])

    def _share(self, drop: float, life: float) -> Floats:
        weight = self._base * np.exp(self._uses.log_fresh(drop, life)[self._uses.at])
        share: Floats = weight / np.bincount(self._group, weight)[self._group]
        return share

    def _value(self, drop: float, life: float) -> float:
        return float((self._count * np.log(self._share(drop, life))).sum())

    def _dispersion(self, table: Floats) -> float:
        """Pearson's chi-square over its degrees of freedom at the best pair, at least 1."""
        place = np.unravel_index(int(table.argmax()), table.shape)
        share = self._share(float(DROPS[place[0]]), float(HALF_LIVES[place[1]]))
        expected = self._total * share
        kept = (self._total > 0) & (share < 1.0)
        freedom = int(kept.sum()) - len(np.unique(self._group[kept]))
        chi = float(((self._count - expected)[kept] ** 2 / expected[kept]).sum())
        return max(1.0, chi / max(1, freedom))


def _span(grid: Floats, likely: Flags) -> tuple[float, float]:
    """From one point below the likely ones to one above."""
    at = np.flatnonzero(likely)
    return float(grid[max(0, at[0] - 1)]), float(grid[min(len(grid) - 1, at[-1] + 1)])
