"""What leaves a block of the traffic world: caption statistics, the log of sends, the banks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.scenario.sections.traffic import TrafficSection
from sim.worlds.base import CaptionCounts, Counts, Floats, SendLog
from sim.worlds.traffic.pages import price_band, traits
from sim.worlds.traffic.records import Block

MICROS = 1_000_000
PPV, BUMP_MESSAGE = 0, 1  # in sim.worlds.base.MESSAGE_TYPES


def caption_counts(b: Block, rows: slice, start_s: int) -> CaptionCounts:
    """Caption statistics of the replication that `rows` are; `start_s` is the scenario's start since 1970."""
    captions, history = b.tried.captions[rows], b.tried.history[rows]
    page, place = np.nonzero(history["observations"] > 0)
    order = np.lexsort((history["caption_id"][page, place], page))
    page, place = page[order], place[order]
    found, known = captions[page, place], history[page, place]
    observations, emvs = known["observations"].astype(np.int64), known["emvs"]
    mean_emv = np.divide(known["emv_total"], emvs, where=emvs > 0, out=np.full(len(page), np.nan))
    return CaptionCounts(
        page=(page + 1).astype(np.int32),
        caption_id=known["caption_id"].astype(np.int64),
        successes=known["successes"].astype(np.int64),
        failures=known["failures"].astype(np.int64),
        observations=observations,
        sent=observations * b.pages["fans"][rows][page],
        purchased=known["purchased"].copy(),
        revenue_micros=known["purchased"] * found["price"] * MICROS,
        mean_emv=mean_emv,
        last_emv=np.where(emvs > 0, known["emv_last"], np.nan),
        last_used_us=(known["sent_last"] + start_s) * MICROS,
        last_updated_us=(known["updated"] + start_s) * MICROS,
    )


def send_log(b: Block, rows: slice, start_s: int) -> SendLog:
    """The log of the replication that `rows` are, in order of time, then of page."""
    sent = np.arange(b.log.shape[1]) < b.sums["sends"][rows, None]
    page, _ = np.nonzero(sent)
    order = np.lexsort((page, b.log["time"][rows][sent]))
    page, lines = page[order], b.log[rows][sent][order]
    price = b.tried.captions[rows]["price"][page, lines["caption"]].astype(np.float64)
    return SendLog(
        row_id=np.arange(1, len(order) + 1, dtype=np.int64),
        page=(page + 1).astype(np.int32),
        sending_time_us=(lines["time"] + start_s) * MICROS,
        price=np.where(price > 0, price, np.nan),
        sent_count=b.pages["fans"][rows][page],
        viewed_count=lines["views"].copy(),
        purchased_count=lines["purchases"].astype(np.float64),
        earnings=price * lines["purchases"],
        message_type=np.where(price > 0, PPV, BUMP_MESSAGE).astype(np.int8),
        caption_id=b.tried.history[rows]["caption_id"][page, lines["caption"]].astype(np.int64),
        propensity=lines["propensity"].copy(),
    )


@dataclass(frozen=True)
class BankListing:
    """The captions of one replication, whether in use or not; equal-length arrays."""

    page: NDArray[np.int32]
    caption_id: Counts
    tier: Counts
    """Index into `sim.scenario.sections.traffic.TIERS`."""
    price: Counts
    """Dollars; 0 for a caption without a price."""
    price_band: Counts
    """0 for no price, then the bands between the points of `bank.prices`."""
    category: Counts
    urgent: NDArray[np.bool_]
    arrives_week: Counts
    retires_week: Counts
    rate: Floats
    """Purchases per view now, of the caption at its freshest and at neutral factors."""
    sends: Counts


def list_bank(world: TrafficSection, b: Block, rows: slice) -> BankListing:
    """All captions of the replication that `rows` are, those included that are yet to come."""
    bank, pages = b.bank.entries[rows], b.pages[rows]
    place = np.arange(bank.shape[1])
    tier = np.array([np.searchsorted(start, place, side="right") - 1 for start in pages["tier_start"]])
    price = bank["price"].ravel().astype(np.int64)
    like = traits(world, b, rows)
    return BankListing(
        page=np.repeat(np.arange(1, len(tier) + 1, dtype=np.int32), len(place)),
        caption_id=bank["caption_id"].ravel().astype(np.int64),
        tier=tier.ravel(),
        price=price,
        price_band=price_band(world, price),
        category=like.category.ravel(),
        urgent=like.urgent.ravel(),
        arrives_week=b.bank.arrives[rows].ravel().astype(np.int64),
        retires_week=like.retires.ravel(),
        rate=np.exp(bank["log_rate"].ravel()),
        sends=_uses(b, rows).ravel(),
    )


def _uses(b: Block, rows: slice) -> Counts:
    """Sends of all captions, (pages, C)."""
    uses = np.zeros(b.bank.entries[rows].shape, np.int64)
    page, warm = np.nonzero(b.tried.uses[rows])
    uses[page, b.tried.captions[rows]["place"][page, warm]] = b.tried.uses[rows][page, warm]
    return uses
