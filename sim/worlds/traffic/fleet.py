"""What the pages of a replication know together: sums of the statistics of each caption of their shared bank.

Once per day, before any page chooses, every page adds what it has learned since. Plain functions of the traffic kernel,
which binds `evidence`, `observe_fleet` and `summarise_fleet` of the policy, `READS_CATEGORY`, `READS_SALES`, and
`SHARED`: whether the policy reads the fleet's sums and pages share a bank.
"""

from collections.abc import Callable

from policies.base import CATEGORY
from sim.kernels import force_inline, unbound
from sim.worlds.base import Params
from sim.worlds.traffic.records import BUMP, NEVER
from sim.worlds.traffic.rows import Row

evidence: Callable[..., tuple[float, float]] = unbound("evidence")
observe_fleet: Callable[..., None] = unbound("observe_fleet")
summarise_fleet: Callable[..., tuple[float, float]] = unbound("summarise_fleet")
READS_CATEGORY: bool = unbound("READS_CATEGORY")
READS_SALES: bool = unbound("READS_SALES")
SHARED: bool = unbound("SHARED")


def share(row: Row, params: Params) -> None:
    """Add what the page has learned since it last did so to the sums over pages."""
    for tier in range(BUMP + 1):
        start = row.page.tried_start[tier]
        for c in range(start, start + row.page.tried[tier]):
            if row.tried.captions[c].last_used == NEVER:
                continue
            n, s = known(c, tier, row, params)
            place = row.tried.captions[c].place
            row.fleet.n[place] += n - row.fleet.given[c, 0]
            row.fleet.s[place] += s - row.fleet.given[c, 1]
            row.fleet.given[c, 0], row.fleet.given[c, 1] = n, s


def known(c: int, tier: int, row: Row, params: Params) -> tuple[float, float]:
    """(n, s) of a tried caption on this page: trials and successes, or what the policy makes of its sales."""
    history = row.tried.history[c]
    show_category(c, tier, row)
    if READS_SALES:
        purchased, messages = float(history.purchased), float(history.messages)
        price = float(row.tried.captions[c].price)
        return evidence(history.viewed, purchased, messages, price, row.state[tier], params)
    return history.n, history.s


def show_category(c: int, tier: int, row: Row) -> None:
    """Tell the policy the category of the caption that it is shown next."""
    if READS_CATEGORY:
        row.state[tier, CATEGORY] = row.bank.category[row.tried.captions[c].place]


def of_all_pages(c: int, n: float, s: float, row: Row) -> tuple[float, float]:
    """(n, s) of a tried caption over all pages."""
    if SHARED:
        place = row.tried.captions[c].place
        return row.fleet.n[place], row.fleet.s[place]
    return n, s


@force_inline
def is_unknown(c: int, row: Row) -> bool:
    """Whether nothing is known of a tried caption: it was never sent on this page, or counted on any."""
    caption = row.tried.captions[c]
    unknown = caption.last_used == NEVER
    if SHARED:
        unknown &= row.fleet.n[caption.place] == 0.0 and row.fleet.s[caption.place] == 0.0
    return bool(unknown)


def fit_fleet(tier: int, row: Row, params: Params) -> None:
    """Show the policy the statistics of the tier's captions of which anything is known, on this page and on all."""
    start = row.page.tried_start[tier]
    for c in range(start, start + row.page.tried[tier]):
        if is_unknown(c, row):
            continue
        n, s = known(c, tier, row, params)
        n_all, s_all = of_all_pages(c, n, s, row)
        observe_fleet(n, s, n_all, s_all, float(row.tried.captions[c].price), row.state[tier], params)


def summarise_with_fleet(c: int, tier: int, row: Row, params: Params) -> tuple[float, float]:
    """(a, b) of a caption by its statistics on this page and on all, and by the policy's fit."""
    caption = row.tried.captions[c]
    n, s = known(c, tier, row, params)
    n_all, s_all = of_all_pages(c, n, s, row)
    return summarise_fleet(n, s, n_all, s_all, float(caption.price), row.state[tier], params)
