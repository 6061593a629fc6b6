"""How captions wear out when they are repeated: the wear of each message, and the fit of its two numbers.

Given how much each caption sold in all, how its sales divide over its messages says how it wears out: better captions
that are chosen more often do not disturb this (conditional likelihood).
"""

import numpy as np

from sim.calibration.figures import Figure, Floats, unknown
from sim.calibration.log import NO_CAPTION, Flags, Integers, Sends
from sim.scenario.sections.traffic import Fatigue

DEFAULT = Fatigue()
DROPS = np.concatenate([[0.0], np.geomspace(0.02, 0.9, 30)])
HALF_LIVES = (2.0, 3.5, 7.0, 14.0, 28.0, 56.0)
CRITICAL = 3.841  # of chi-square with one degree of freedom at 95 %
WIDEST = 0.4  # interval of the drop beyond which the default stands in
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
    gain = _profile(sends, uses, mean)
    best = gain.max()
    ok = (gain >= best - 0.5 * CRITICAL).any(axis=1)
    drops, lives = DROPS[ok], np.array(HALF_LIVES)[(gain >= best - 0.5 * CRITICAL).any(axis=0)]
    place = np.unravel_index(int(gain.argmax()), gain.shape)
    if drops[-1] - drops[0] > WIDEST:
        why = f"its 95 % interval is {drops[0]:.2f} to {drops[-1]:.2f}: captions are seldom repeated"
        return [unknown(keys[0], why), unknown(keys[1], "fatigue is not identified")]
    known = len(lives) < len(HALF_LIVES)
    life = Figure(keys[1], HALF_LIVES[place[1]], float(lives[0]), float(lives[-1]), note="of a grid")
    drop = Figure(keys[0], float(DROPS[place[0]]), float(drops[0]), float(drops[-1]), note="share lost by one send")
    return [drop, life if known else unknown(keys[1], "any half-life of the grid fits")]


def _profile(sends: Sends, uses: Uses, mean: Floats) -> Floats:
    """Conditional log-likelihood over its dispersion, (drops, half-lives)."""
    at, group = uses.at, uses.group
    count, base = sends.purchased[at].astype(np.float64), np.maximum(mean[at], 1e-12)
    total = np.bincount(group, count)[group]

    def value(drop: float, half_life: float) -> tuple[float, Floats]:
        weight = base * np.exp(uses.log_fresh(drop, half_life)[at])
        share = weight / np.bincount(group, weight)[group]
        return float((count * np.log(share)).sum()), share

    table = np.array([[value(drop, life)[0] for life in HALF_LIVES] for drop in DROPS])
    place = np.unravel_index(int(table.argmax()), table.shape)
    share = value(float(DROPS[place[0]]), HALF_LIVES[place[1]])[1]
    expected = total * share
    kept = (total > 0) & (share < 1.0)
    freedom = int(kept.sum()) - len(np.unique(group[kept]))
    chi = float(((count - expected)[kept] ** 2 / expected[kept]).sum())
    scaled: Floats = table / max(1.0, chi / max(1, freedom))
    return scaled
