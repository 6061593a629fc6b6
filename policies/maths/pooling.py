"""What results on other pages say about a caption on this one: the arithmetic of a two-level prior.

A caption's rate on a page is the page's mean times (1 + caption effect + interaction). Both have mean 0; together they
have the squared coefficient of variation `spread`, of which the caption effect, which all pages share, is the share
`correlation`. Linear Bayes estimate of the caption effect from the ratio of actual to expected successes elsewhere
(Bühlmann & Straub 1970), and moment estimates of the two numbers from pairs of trials of one caption, on one page or
on two (Searle, Casella & McCulloch 1992, chapter 5).
"""


def ratio_elsewhere(expected: float, successes: float, spread: float, correlation: float, noise: float) -> float:
    """1 + the estimated caption effect; `noise` is the variance of a ratio times its `expected` successes."""
    shared = spread * correlation * expected
    return 1.0 + shared / (shared + noise) * (successes / expected - 1.0) if expected > 0.0 else 1.0


def spread_left(expected: float, spread: float, correlation: float, noise: float) -> float:
    """The spread that remains around `ratio_elsewhere`."""
    shared = spread * correlation * expected
    return spread * (1.0 - correlation * shared / (shared + noise))


def moment(total: float, weight: float, prior: float, prior_weight: float) -> float:
    """The mean of products whose sum is `total`, as if `prior` had been seen with `prior_weight` before."""
    return (total + prior * prior_weight) / (weight + prior_weight)


def share_of(part: float, whole: float) -> float:
    """`part` / `whole` within [0, 1]."""
    return max(0.0, min(1.0, part / whole)) if whole > 0.0 else 0.0
