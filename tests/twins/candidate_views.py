"""What the views of sql/views hold, by the rules of their policies in plain Python; and tables to compare them on."""

from datetime import UTC, datetime, timedelta

import numpy as np

from policies.gamma_poisson_bands import GammaPoissonBands
from policies.pooled_thompson import PooledThompson
from policies.posterior_mean import PosteriorMean
from policies.thompson_empirical_bayes import FAILURES, SUCCESSES

NOTHING, KEY = np.zeros(0), np.uint64(5)
NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
Pair = tuple[float, float]
Posteriors = dict[tuple[str, int], Pair]


def made_counts(seed: int = 1, pages: int = 4, captions: int = 60) -> list[tuple[str, int, int, int]]:
    """(page_name, caption_id, successes, failures), the prior included: rows of caption_bandit_stats."""
    rng = np.random.default_rng(seed)
    quality = rng.beta(2.0, 4.0, captions)
    rows = []
    for page in range(pages):
        for caption in np.flatnonzero(rng.random(captions) < 0.7).tolist():
            n = int(rng.geometric(0.15) - 1)
            s = int(rng.binomial(n, quality[caption]))
            rows.append((f"page_{page + 1:04d}", caption - 20, 1 + s, 1 + n - s))
    return rows


def pooled_posteriors(rows: list[tuple[str, int, int, int]]) -> Posteriors:
    """{(page, caption): (successes, failures)} of the posterior by `pooled_thompson`, each page one group."""
    policy = PooledThompson()
    rule, params, found = policy.rule, policy.parameters(), {}
    own = {(page, caption): (float(s + f - 2), float(s - 1)) for page, caption, s, f in rows}
    captions = sorted({caption for _, caption in own})
    sums = {c: tuple(sum(pair[i] for (_, one), pair in own.items() if one == c) for i in range(2)) for c in captions}
    for page in sorted({page for page, _ in own}):
        state = np.zeros(policy.state_size)
        seen = {c: (*own.get((page, c), (0.0, 0.0)), *sums[c], 0.0) for c in captions}
        for one in seen.values():
            rule.observe_fleet(*one, state, params)
        rule.prepare(0.0, NOTHING, NOTHING, NOTHING, params, state, KEY)
        found |= {(page, c): rule.summarise_fleet(*one, state, params) for c, one in seen.items()}
    return found


def page_priors(rows: list[tuple[str, int, int, int]]) -> dict[str, Pair]:
    """{page: (successes, failures)} of the prior that `posterior_mean` fits to the page."""
    policy, found = PosteriorMean(), {}
    for page in sorted({row[0] for row in rows}):
        s, f = (np.array([row[i] - 1.0 for row in rows if row[0] == page]) for i in (2, 3))
        state = np.zeros(policy.state_size)
        policy.rule.prepare(0.0, s + f, s, f, policy.parameters(), state, KEY)
        found[page] = float(state[SUCCESSES]), float(state[FAILURES])
    return found


def made_sends(seed: int = 2, messages: int = 900) -> list[tuple[str, int | None, datetime, float | None, int, float]]:
    """(page_name, caption_id, sending_time, price, viewed_count, purchased_count): rows of mass_messages."""
    rng = np.random.default_rng(seed)
    prices = np.append(rng.uniform(2.0, 30.0, 50), [5.0, 6.0, 9.0, 9.5, 14.0, 15.0, 17.0, 20.0, 22.0, 35.0])
    rows = []
    for _ in range(messages):
        caption = int(rng.integers(len(prices)))
        views, page = int(rng.geometric(1e-4)), int(rng.integers(3))
        price = None if rng.random() < 0.2 else float(prices[caption])
        sent = NOON - timedelta(seconds=int(rng.integers(1, 90 * 86_400)))
        sold = 0.0 if price is None else float(rng.poisson(views * 0.004 / price * (page + 1)))
        rows.append((f"page_{page + 1:04d}", caption if rng.random() < 0.9 else None, sent, price, views, sold))
    return rows


def gamma_posteriors(rows: list[tuple[str, int | None, datetime, float | None, int, float]]) -> Posteriors:
    """{(page, caption): (shape, scale)} by `gamma_poisson_bands`, each page one group, rests up to `NOON`."""
    policy, found = GammaPoissonBands(), {}
    rule, params = policy.rule, policy.parameters()
    priced = [(page, c, at, price, views, sold) for page, c, at, price, views, sold in rows if c is not None and price]
    prices = {c: max(one[3] for one in priced if one[1] == c) for c in sorted({one[1] for one in priced})}
    for page in sorted({one[0] for one in priced}):
        state, sales = np.zeros(policy.state_size), {}
        for c, price in prices.items():
            own = [one for one in priced if one[:2] == (page, c)]
            sales[c] = (float(sum(one[4] for one in own)), sum(one[5] for one in own), float(len(own)), price)
            rule.observe_sales(*sales[c], state, params)
        rule.prepare(0.0, NOTHING, NOTHING, NOTHING, params, state, KEY)
        for c, known in sales.items():
            a, b = rule.summarise_sales(*known, state, params)
            sent = [one[2] for one in priced if one[:2] == (page, c)]
            if sent:
                a, b = rule.recover(a, b, (NOON - max(sent)) / timedelta(microseconds=1) / 86_400e6, 1.0, params)
            found[page, c] = a, b
    return found
