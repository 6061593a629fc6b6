"""What a policy makes of each caption, where it learns from sales or from all pages: asked anew before every decision.

Of a caption that was sent nowhere nothing is known but the price, and the category where the policy reads it. All such
captions that share both have the same `a` and `b`, which are computed once per decision; they add nothing to the fit.
Plain functions of the traffic kernel, which binds the names that are declared here.
"""

import math
from collections.abc import Callable

from sim.kernels import force_inline, unbound
from sim.worlds.base import Params
from sim.worlds.traffic.fleet import fit_fleet, is_unknown, show_category, summarise_with_fleet
from sim.worlds.traffic.records import NEVER
from sim.worlds.traffic.rows import Row

observe_sales: Callable[..., None] = unbound("observe_sales")
summarise_sales: Callable[..., tuple[float, float]] = unbound("summarise_sales")
READS_CATEGORY: bool = unbound("READS_CATEGORY")
READS_FLEET: bool = unbound("READS_FLEET")
READS_SALES: bool = unbound("READS_SALES")


def fit(tier: int, row: Row, params: Params) -> None:
    """Show the policy what is known of the tier's captions."""
    row.work.unknown[:, 0] = math.nan
    if READS_SALES:
        fit_sales(tier, row, params)
    if READS_FLEET:
        fit_fleet(tier, row, params)


def fit_sales(tier: int, row: Row, params: Params) -> None:
    """Show the policy the sales of the tier's captions that were sent."""
    start = row.page.tried_start[tier]
    for c in range(start, start + row.page.tried[tier]):
        if row.tried.captions[c].last_used != NEVER:
            views, purchases, messages, price = sales_of(c, row)
            show_category(c, tier, row)
            observe_sales(views, purchases, messages, price, row.state[tier], params)


def sales_of(c: int, row: Row) -> tuple[float, float, float, float]:
    """Views, purchases, messages and price of a tried caption."""
    history = row.tried.history[c]
    return history.viewed, float(history.purchased), float(history.messages), float(row.tried.captions[c].price)


@force_inline
def learned(c: int, tier: int, row: Row, params: Params) -> tuple[float, float]:
    """(a, b) of a caption, by what is known of it and by the policy's fit."""
    if not is_unknown(c, row):
        return summarise_known(c, tier, row, params)
    kind = kind_of(c, row)
    if math.isnan(row.work.unknown[kind, 0]):
        row.work.unknown[kind, 0], row.work.unknown[kind, 1] = summarise_known(c, tier, row, params)
    return row.work.unknown[kind, 0], row.work.unknown[kind, 1]


def summarise_known(c: int, tier: int, row: Row, params: Params) -> tuple[float, float]:
    """The same by asking the policy; the caption keeps them."""
    caption = row.tried.captions[c]
    if READS_FLEET:
        caption.a, caption.b = summarise_with_fleet(c, tier, row, params)
    else:
        views, purchases, messages, price = sales_of(c, row)
        show_category(c, tier, row)
        caption.a, caption.b = summarise_sales(views, purchases, messages, price, row.state[tier], params)
    return caption.a, caption.b


@force_inline
def kind_of(c: int, row: Row) -> int:
    """The place in `row.work.unknown` of captions with this price and category."""
    caption = row.tried.captions[c]
    category = row.bank.category[caption.place] if READS_CATEGORY else 0
    return caption.price + row.tables.log_price.shape[0] * category  # type: ignore[no-any-return]
