"""The captions of one tier of a page, twice: as objects, which is how one writes for SimPy, and as arrays."""

import math
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

DAYS_A_WEEK = 7


@dataclass(frozen=True)
class Law:
    """What a tier's captions go by."""

    z: float
    prior: tuple[float, float]
    drop: float
    half_life_days: float
    drift: float
    cool_down_s: float


@dataclass
class Caption:
    """One caption."""

    price: int
    rate: float
    arrives: int
    retires: int
    wear: float = 0.0
    worn_on: int = 0
    last_used: float = -math.inf
    successes: int = 0
    labels: int = 0


def steps(rng: np.random.Generator, sigma: float, count: int) -> NDArray[np.float64]:
    """What a week adds to the logarithms of rates: 64 coins each, such that the mean rate stays."""
    heads = rng.binomial(64, 0.5, count)
    return 0.25 * sigma * (heads - 32.0) - 64.0 * math.log(math.cosh(0.125 * sigma))


class ObjectTier:
    """Captions as objects, looked at one by one."""

    def __init__(self, law: Law, rng: np.random.Generator, columns: tuple[NDArray[Any], ...]) -> None:
        self.law, self.rng = law, rng
        self.captions = [Caption(*line) for line in zip(*(column.tolist() for column in columns), strict=True)]

    def drift(self, week: int) -> None:
        """The rates of captions that stay take a step."""
        stay = [c for c in self.captions if c.arrives < week < c.retires]
        for c, step in zip(stay, steps(self.rng, self.law.drift, len(stay)).tolist(), strict=True):
            c.rate *= math.exp(step)

    def choose(self, day: int, now: float, wanted: int) -> tuple[list[int], float]:
        """(places of the eligible captions with the best scores, mean rate that a clairvoyant would have more)."""
        latest, week = now - self.law.cool_down_s, day // DAYS_A_WEEK
        scored, rates = [], []
        for place, c in enumerate(self.captions):
            if c.last_used <= latest and c.arrives <= week < c.retires:
                scored.append((self.score(c), place))
                rates.append(self.rate_on(day, place))
        scored.sort(key=itemgetter(0), reverse=True)
        chosen = [place for _, place in scored[:wanted]]
        best = sorted(rates, reverse=True)[:wanted]
        own = [self.rate_on(day, place) for place in chosen]
        return chosen, (sum(best) - sum(own)) / len(own) if own else 0.0

    def score(self, c: Caption) -> float:
        """wilson_sample."""
        z, s = self.law.z, c.successes + self.law.prior[0]
        n = s + c.labels - c.successes + self.law.prior[1]
        p, d = s / n, 1.0 + z * z / n
        centre = (p + z * z / (2.0 * n)) / d
        half = z * math.sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n)) / d
        return max(0.0, min(1.0, centre - half + 2.0 * half * self.rng.random()))

    def wear_on(self, day: int, c: Caption) -> float:
        """Share of its rate that a caption lacks."""
        return c.wear * 0.5 ** ((day - c.worn_on) / self.law.half_life_days) if c.wear else 0.0

    def rate_on(self, day: int, place: int) -> float:
        """Purchases a view at neutral factors."""
        c = self.captions[place]
        return c.rate * (1.0 - self.wear_on(day, c))

    def wear_out(self, day: int, place: int) -> None:
        """A priced use costs a share of what is left."""
        c = self.captions[place]
        wear = self.wear_on(day, c)
        c.wear, c.worn_on = wear + self.law.drop * (1.0 - wear), day

    def use(self, place: int, now: float) -> None:
        """The cool-down begins."""
        self.captions[place].last_used = now

    def price(self, place: int) -> int:
        """In dollars."""
        return self.captions[place].price

    def label(self, place: int, success: bool) -> None:
        """Count a message in the table."""
        self.captions[place].labels += 1
        self.captions[place].successes += success


class ArrayTier:
    """The same on arrays: what one does once choosing takes most of the time."""

    def __init__(self, law: Law, rng: np.random.Generator, columns: tuple[NDArray[Any], ...]) -> None:
        self.law, self.rng = law, rng
        self.prices, rates, self.arrives, self.retires = columns
        self.rates, size = rates.copy(), len(rates)
        self.wear, self.worn_on, self.last_used = np.zeros(size), np.zeros(size), np.full(size, -math.inf)
        self.successes, self.labels = np.zeros(size), np.zeros(size)

    def drift(self, week: int) -> None:
        """The rates of captions that stay take a step."""
        stays = (self.arrives < week) & (week < self.retires)
        self.rates[stays] *= np.exp(steps(self.rng, self.law.drift, stays.sum()))

    def choose(self, day: int, now: float, wanted: int) -> tuple[list[int], float]:
        """(places of the eligible captions with the best scores, mean rate that a clairvoyant would have more)."""
        week, rested = day // DAYS_A_WEEK, self.last_used <= now - self.law.cool_down_s
        eligible = np.flatnonzero(rested & (self.arrives <= week) & (week < self.retires))
        count = min(wanted, len(eligible))
        if count == 0:
            return [], 0.0
        best = np.argpartition(-self.scores(eligible), count - 1)[:count]
        rates = self.rate_on(day, eligible)
        missed = (np.partition(rates, -count)[-count:].sum() - rates[best].sum()) / count
        return eligible[best].tolist(), float(missed)

    def scores(self, which: NDArray[np.int64]) -> NDArray[np.float64]:
        """wilson_sample."""
        z, s = self.law.z, self.successes[which] + self.law.prior[0]
        n = s + self.labels[which] - self.successes[which] + self.law.prior[1]
        p, d = s / n, 1.0 + z * z / n
        centre = (p + z * z / (2.0 * n)) / d
        half = z * np.sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n)) / d
        drawn: NDArray[np.float64] = np.clip(centre - half + 2.0 * half * self.rng.random(len(which)), 0.0, 1.0)
        return drawn

    def wear_on(self, day: int, which: Any) -> Any:
        """Share of their rate that captions lack."""
        return self.wear[which] * 0.5 ** ((day - self.worn_on[which]) / self.law.half_life_days)

    def rate_on(self, day: int, which: Any) -> Any:
        """Purchases a view at neutral factors."""
        return self.rates[which] * (1.0 - self.wear_on(day, which))

    def wear_out(self, day: int, place: int) -> None:
        """A priced use costs a share of what is left."""
        wear = self.wear_on(day, place)
        self.wear[place], self.worn_on[place] = wear + self.law.drop * (1.0 - wear), day

    def use(self, place: int, now: float) -> None:
        """The cool-down begins."""
        self.last_used[place] = now

    def price(self, place: int) -> int:
        """In dollars."""
        return int(self.prices[place])

    def label(self, place: int, success: bool) -> None:
        """Count a message in the table."""
        self.labels[place] += 1
        self.successes[place] += success


Tier = ObjectTier | ArrayTier
