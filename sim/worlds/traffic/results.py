"""What leaves a block of the traffic world: caption statistics, the log of sends, the banks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.scenario.sections.traffic import TrafficSection
from sim.units import MICROS
from sim.worlds.base import CaptionCounts, Counts, Floats, SendLog
from sim.worlds.traffic.feedback.recount import PRIOR
from sim.worlds.traffic.pages import price_band, traits
from sim.worlds.traffic.records import Records
from sim.worlds.traffic.rows import Block

PPV, BUMP_MESSAGE = 0, 1  # in sim.worlds.base.MESSAGE_TYPES


def caption_counts(b: Block, rows: slice, start_s: int) -> CaptionCounts:
    """Caption statistics of the replication that `rows` are; `start_s` is the scenario's start since 1970."""
    if b.tried.table.shape[1] > 0:
        return _recounted(b, rows, start_s)
    history = b.tried.history[rows]
    page, place = np.nonzero(history["observations"] > 0)
    order = np.lexsort((history["caption_id"][page, place], page))
    page, place = page[order], place[order]
    known = history[page, place]
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
        revenue_micros=known["earned"] * MICROS,
        mean_emv=mean_emv,
        last_emv=np.where(emvs > 0, known["emv_last"], np.nan),
        last_used_us=(known["sent_last"] + start_s) * MICROS,
        last_updated_us=(known["updated"] + start_s) * MICROS,
    )


def _recounted(b: Block, rows: slice, start_s: int) -> CaptionCounts:
    """The same from the rows of a table to which every refresh adds messages again."""
    own = b.tried.table_row[rows]  # that of a caption without a row is empty
    page, place = np.nonzero(np.take_along_axis(b.tried.table["runs"][rows], own.astype(np.intp), axis=1) > 0)
    caption_id = b.tried.history[rows]["caption_id"][page, place].astype(np.int64)
    order = np.lexsort((caption_id, page))
    page, place, caption_id = page[order], place[order], caption_id[order]
    table = b.tried.table[rows][page, own[page, place]]
    used = table["last_used"]
    return CaptionCounts(
        page=(page + 1).astype(np.int32),
        caption_id=caption_id,
        successes=table["successes"] - PRIOR,
        failures=table["failures"] - PRIOR,
        observations=table["observations"].copy(),
        sent=table["observations"] * b.pages["fans"][rows][page],
        purchased=np.zeros(len(page), np.int64),
        revenue_micros=table["revenue"] * MICROS,
        mean_emv=table["emv"].copy(),
        last_emv=table["last_emv"].copy(),
        last_used_us=np.where(used >= 0, (used + start_s) * MICROS, -1),
        last_updated_us=(table["updated"] + start_s) * MICROS,
        conversion_rate=table["conversion_rate"].copy(),
        revenue_null=table["revenue_null"] == 1,
        new=table["runs"] == 1,
    )


def send_log(b: Block, rows: slice, start_s: int, *, as_loaded: bool) -> SendLog:
    """The log of the replication that `rows` are, in order of time, then of page.

    `as_loaded`: what the warehouse holds: loaded messages only, with the purchases known at the load, and with a
    caption only where it was attributed; otherwise all messages with all purchases that they will ever bring.
    """
    page, lines = _lines(b, rows, as_loaded=as_loaded)
    by_hand = lines["caption"] < 0
    price = lines["price"].astype(np.float64)
    purchases = lines["known" if as_loaded else "purchases"].astype(np.float64)
    if as_loaded and b.rules["null_if_unsold"][0]:
        purchases[purchases == 0.0] = np.nan
    return SendLog(
        row_id=np.arange(1, len(page) + 1, dtype=np.int64),
        page=(page + 1).astype(np.int32),
        sending_time_us=(lines["time"] + start_s) * MICROS,
        price=np.where(price > 0, price, np.nan),
        sent_count=lines["sent"].copy(),
        viewed_count=lines["views"].copy(),
        purchased_count=purchases,
        earnings=price * purchases,
        message_type=np.where(price > 0, PPV, BUMP_MESSAGE).astype(np.int8),
        caption_id=b.tried.history[rows]["caption_id"][page, lines["caption"]].astype(np.int64),
        propensity=np.where(by_hand, np.nan, lines["propensity"]),
        attributed=(lines["attributed"] == 1) & ~by_hand if as_loaded or by_hand.any() else None,
    )


def _lines(b: Block, rows: slice, *, as_loaded: bool) -> tuple[Counts, Records]:
    """(page, line of the log) in order of time, then of page."""
    sent = np.arange(b.log.shape[1]) < b.sums["sends"][rows, None]
    if as_loaded:
        sent &= b.log["loaded_at"][rows] >= 0
    page, _ = np.nonzero(sent)
    order = np.lexsort((page, b.log["time"][rows][sent]))
    return page[order], b.log[rows][sent][order]


def loaded_at(b: Block, rows: slice) -> Counts:
    """When each message of the log as loaded was loaded, in seconds since the scenario's start."""
    return _lines(b, rows, as_loaded=True)[1]["loaded_at"].copy()


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
    page, tried = np.nonzero(b.tried.uses[rows])
    uses[page, b.tried.captions[rows]["place"][page, tried]] = b.tried.uses[rows][page, tried]
    return uses
