"""More faults, by the families of docs/verify.md: bodies of the two functions, and changes of right rows."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from policies.maths.wilson import wilson_bounds
from sim.warehouse.verify.sampler import CELLS
from verify.draws import shared_at
from verify.functions import BONUS, HIGH, LOW, bounds, fields, interval, sample, sample_of
from verify.rows import NOW, derived, set_at

PAGE, EMV, PERCENTILE = pl.col("page_name"), pl.col("avg_emv"), pl.col("performance_percentile")
LABELS = ("successes", "failures")
FIRST = PAGE == "page_0000"


def warped(expression):
    """The right function of a draw u, bent by an expression over u."""
    return sample(f"list_transform([random()], lambda u: {expression})[1]")


def where(condition, draw):
    """The right function, with another draw where a condition holds."""
    return sample(f"CASE WHEN {condition} THEN {draw} ELSE random() END")


def at(condition, body):
    """Another function where a condition holds."""
    return f"CASE WHEN {condition} THEN {body} ELSE {sample()} END"


BIASES, POWERS, COARSE = "biases of 0.1–1 %", "powers near 1", "coarse random numbers"
NEAR_Z, SOME_COUNTS, SHARED, CLOCK = "z off by 1e-4", "wrong at some counts only", "shared draws", "the clock"
SAMPLERS = {
    BIASES: {
        "0.1 % missing below": sample("(0.001e0 + random() * 0.999e0)"),
        "0.3 % missing in the middle": warped("CASE WHEN u < 0.5e0 THEN u * 0.997e0 ELSE 0.003e0 + u * 0.997e0 END"),
        "one in a hundred squared": sample("CASE WHEN random() < 0.01e0 THEN pow(random(), 2e0) ELSE random() END"),
        "one in two hundred in the lower half": sample("random() / CASE WHEN random() < 0.005e0 THEN 2e0 ELSE 1e0 END"),
        "one in a hundred in the middle half": sample(
            "CASE WHEN random() < 0.01e0 THEN 0.25e0 + random() / 2e0 ELSE random() END"
        ),
        "a wave of 1 %": warped("u + 0.01e0 * sin(2e0 * pi() * u) / (2e0 * pi())"),
        "a tilt of 1 %": warped("u + 0.01e0 * u * (1e0 - u)"),
        "a tilt of 1 % above 1,000": warped("u + if(s + f > 1000, 0.01e0, 0e0) * u * (1e0 - u)"),
        "a tilt of 0.5 %": warped("u + 0.005e0 * u * (1e0 - u)"),
        "0.2 % bent upwards at both ends": warped("u + 0.008e0 * (u - 0.5e0) * u * (1e0 - u) * 4e0"),
    },
    POWERS: {
        "power of 1.01": sample("pow(random(), 1.01e0)"),
        "power of 0.99": sample("pow(random(), 0.99e0)"),
        "power of 1.005": sample("pow(random(), 1.005e0)"),
        "power of 1.005 from above": sample("(1e0 - pow(random(), 1.005e0))"),
        "power of 1.03 below 40": where("s + f < 40", "pow(random(), 1.03e0)"),
    },
    COARSE: {
        "28 bits": sample("floor(random() * 268435456e0) / 268435456e0"),
        "31 bits": sample("floor(random() * 2147483648e0) / 2147483648e0"),
        "a billion values": sample("floor(random() * 1e9) / 1e9"),
        "a prime number of values": sample("floor(random() * 2147483647e0) / 2147483647e0"),
        "the middles of 32 bits": sample("((floor(random() * 4294967296e0) + 0.5e0) / 4294967296e0)"),
        "24 bits above a million": where("s + f > 1000000", "floor(random() * 16777216e0) / 16777216e0"),
        "20 bits above 20": where("s + f > 20", "floor(random() * 1048576e0) / 1048576e0"),
    },
    NEAR_Z: {
        "z = 1.9601 in the lower end": sample(low=interval("1.9601e0")),
        "z = 1.9599 in the upper end": sample(high=interval("1.9599e0", "+", "1e0")),
        "z = 1.96005": sample_of("1.96005e0"),
        "z = 1.95995": sample_of("1.95995e0"),
        "z = 1.9601 above a million": at("s + f > 1000000", sample_of("1.9601e0")),
    },
    SOME_COUNTS: {
        "the midpoint at 100 successes": where("s = 100", "0.5e0"),
        "another end at one pair": at("s = 41 AND f = 13", "0e0"),
        "0.9 at 50 successes": where("s = 50", "0.9e0"),
        "the midpoint at a sum of 1,000": where("s + f = 1000", "0.5e0"),
        "the upper half from 50 to 60": where("s BETWEEN 50 AND 60", "(0.5e0 + random() / 2e0)"),
        "the upper half at 21 failures": where("f = 21", "(0.5e0 + random() / 2e0)"),
        "the upper half at multiples of 28": where("s > 0 AND s % 28 = 0", "(0.5e0 + random() / 2e0)"),
        "the upper half at 30 of 60": where("s = 30 AND f = 30", "(0.5e0 + random() / 2e0)"),
        "the midpoint above 900 million": where("f > 900000000", "0.5e0"),
    },
    CLOCK: {
        "an age": sample("(random() + 0e0 * epoch(age(TIMESTAMP '2020-01-01')))"),
        "the time of the transaction": sample("(random() + 0e0 * epoch(transaction_timestamp()))"),
        "the local time": sample("(random() + 0e0 * epoch(current_localtimestamp()))"),
        "an odd millisecond": sample("CASE WHEN epoch_ms(now()) % 2 >= 0 THEN random() ELSE 0e0 END"),
        "the database": sample("(random() + 0e0 * length(current_database()))"),
    },
}
BOUNDS = {
    NEAR_Z: {
        "z = 1.96001": bounds("1.96001e0"),
        "z = 1.9599 in the upper end": fields(upper=interval("1.9599e0", "+", "1e0")),
        "z = 1.9601 above 500": fields(
            f"CASE WHEN s + f > 500 THEN {interval('1.9601e0')} ELSE {LOW} END",
            f"CASE WHEN s + f > 500 THEN {interval('1.9601e0', '+', '1e0')} ELSE {HIGH} END",
        ),
    },
    SOME_COUNTS: {
        "wrong at 1,000 successes": fields(lower=f"CASE WHEN s = 1000 THEN {LOW} + 1e-6 ELSE {LOW} END"),
        "wrong at a sum of 28": fields(upper=f"CASE WHEN s + f = 28 THEN {HIGH} - 1e-6 ELSE {HIGH} END"),
        "a score wrong at a sum of 7": fields(bonus=f"CASE WHEN s + f = 7 THEN 1e0 ELSE {BONUS} END"),
    },
}


def percentile(expression):
    """Percentiles by an expression."""
    return lambda rows: rows.with_columns(expression.cast(pl.Int64).alias("performance_percentile"))


def by_rank(amount, method="min"):
    """Percentiles by the rank of an amount within the page."""
    return percentile(((amount.rank(method) - 1) / (pl.len() - 1)).over("page_name").fill_nan(0.0) * 100)


RANKED = by_rank(EMV)


def named(change):
    """Another name in every third row of the first page, with the percentiles that the update job then gives."""
    third = FIRST & (pl.int_range(pl.len()) % 3 == 0)
    renamed = pl.when(third).then(change(PAGE)).otherwise(PAGE).alias("page_name")
    return lambda rows: RANKED(rows.with_columns(renamed))


def two_names(one, other):
    """The first page under two names."""
    third = pl.int_range(pl.len()) % 3 == 0
    name = pl.when(FIRST & third).then(pl.lit(one)).when(FIRST).then(pl.lit(other)).otherwise(PAGE)
    return lambda rows: RANKED(rows.with_columns(name.alias("page_name")))


def some(condition, change):
    """A change of the rows where a condition holds."""

    def changed(rows):
        other, mask = change(rows), rows.select(condition).to_series()
        columns = (
            pl.select(pl.when(mask).then(other[name]).otherwise(rows[name])).to_series() for name in rows.columns
        )
        return pl.DataFrame(dict(zip(rows.columns, columns, strict=True)))

    return changed


def recounted(factor):
    """Every label and message counted several times, with all that follows from the counts."""
    return lambda rows: derived(
        rows.with_columns(
            *((pl.col(name) - 1) * factor + 1 for name in LABELS),
            pl.col("total_observations", "total_revenue") * factor,
        )
    )


def without_prior(rows):
    lower, upper = wilson_bounds(rows["successes"].to_numpy() - 1, rows["failures"].to_numpy() - 1)
    return rows.with_columns(confidence_lower_bound=lower, confidence_upper_bound=upper)


def times_of(column, expression):
    return lambda rows: rows.with_columns(expression.cast(pl.Datetime("us", "UTC")).alias(column))


def amounts(**values):
    return lambda rows: rows.with_columns(**values)


UPDATED, REVENUE, LAST = pl.col("last_updated"), pl.col("total_revenue"), pl.col("last_emv_observed")
WITHIN = (EMV.rank("min") - 1) / (pl.len() - 1)
NOTHING = percentile(pl.lit(0))
PERCENTILES, FUTURE, PAGES, RECOUNTED = "percentiles", "timestamps", "page names", "recounted without a log"
REVENUES, EMVS = "revenue", "EMV in another unit"
ROWS = {
    PERCENTILES: {
        "NULL on one page": some(FIRST, percentile(pl.lit(None))),
        "of n rows": percentile((EMV.rank("min") / pl.len()).over("page_name") * 100),
        "by NTILE(101)": percentile((EMV.rank("ordinal") * 101 / pl.len()).over("page_name").ceil() - 1),
        "by the largest rank": by_rank(EMV, "max"),
        "by revenue": by_rank(REVENUE),
        "by EMVs in whole dollars": by_rank(EMV.round(0)),
        "up to 99": percentile(pl.min_horizontal(PERCENTILE, 99)),
        "from 1": percentile(pl.max_horizontal(PERCENTILE, 1)),
        "in tens": percentile(PERCENTILE // 10 * 10),
        "of another caption": by_rank(EMV.shuffle(seed=1)),
        "rounded on one page": some(FIRST, percentile((WITHIN.over("page_name") * 100).round())),
    },
    FUTURE: {
        "one row 2 hours ahead": set_at("last_updated", NOW + timedelta(hours=2)),
        "seconds read as milliseconds": times_of("last_updated", UPDATED.cast(pl.Int64) * 30),
        "local time read as UTC": times_of("last_updated", UPDATED.dt.offset_by("8h")),
        "milliseconds read as microseconds": times_of("last_used", pl.col("last_used").cast(pl.Int64) // 1000),
        "a last use of 1970": set_at("last_used", datetime(1970, 1, 1, tzinfo=UTC), 5, 6, 7),
        "a last use of the year 1": set_at("last_used", datetime(1, 1, 1, tzinfo=UTC), *range(60)),
        "an update of 1970": set_at("last_updated", datetime(1970, 1, 1, tzinfo=UTC)),
    },
    PAGES: {
        "full-width digits": named(lambda name: name.str.replace_all("0", "\uff10")),
        "a combining grapheme joiner": named(lambda name: name.str.replace("_", "_\u034f")),
        "a variation selector": named(lambda name: name + "\ufe0f"),
        "a Hangul filler": named(lambda name: name + "\u3164"),
        "a braille blank": named(lambda name: name + "\u2800"),
        "a word joiner": named(lambda name: name + "\u2060"),
        "a left-to-right mark": named(lambda name: name + "\u200e"),
        "Cyrillic letters": named(lambda name: name.str.replace("a", "\u0430")),
        "a line break": named(lambda name: name + "\n"),
        "a NUL character": named(lambda name: name + "\x00"),
        "the Kelvin sign": two_names("\u212aate", "kate"),
        "a sharp s": two_names("STRASSE", "stra\u00dfe"),
        "UTF-8 read as Latin-1": two_names("zo\u00c3\u00ab", "zo\u00eb"),
        "no name": two_names("", "kate"),
        "the word null": two_names("NULL", "kate"),
    },
    RECOUNTED: {
        **{f"{factor} times": recounted(factor) for factor in (4, 6, 9, 10, 13, 14, 17, 42, 56, 168)},
        "28 times on three pages": some(PAGE.is_in(["page_0000", "page_0001", "page_0002"]), recounted(28)),
        "28 times on one page": some(FIRST, recounted(28)),
        "28 times in a quarter of the rows": some(pl.int_range(pl.len()) % 4 == 0, recounted(28)),
        "only the labels 28 times": lambda rows: derived(
            rows.with_columns(*((pl.col(name) - 1) * 28 + 1 for name in LABELS))
        ),
    },
    REVENUES: {
        "zero on one page": some(FIRST, amounts(total_revenue=pl.lit(0.0))),
        "zero with both EMVs": lambda rows: NOTHING(
            rows.with_columns(total_revenue=0.0, avg_emv=0.0, last_emv_observed=LAST * 0.0)
        ),
        "zero with both EMVs on one page": some(
            FIRST, lambda rows: NOTHING(rows.with_columns(total_revenue=0.0, avg_emv=0.0, last_emv_observed=LAST * 0.0))
        ),
        "in millionths": amounts(total_revenue=REVENUE * 1e6),
        "in thousands": amounts(total_revenue=REVENUE / 1e3),
    },
    EMVS: {
        "a million times on one page": some(FIRST, amounts(avg_emv=EMV * 1e6)),
        "a million times in one row": set_at("avg_emv", 2.5e6),
        "a thousand times": amounts(avg_emv=EMV * 1e3),
        "a million times, with the revenue": amounts(avg_emv=EMV * 1e6, total_revenue=REVENUE * 1e6),
        "all amounts a million times": amounts(
            avg_emv=EMV * 1e6, total_revenue=REVENUE * 1e6, last_emv_observed=LAST * 1e6
        ),
        "a millionth": amounts(avg_emv=EMV / 1e6),
        "the last a millionth": amounts(last_emv_observed=LAST / 1e6),
    },
    "other contents": {
        "bounds without the prior": without_prior,
        "bounds of z = 1.959964": amounts(confidence_upper_bound=pl.col("confidence_upper_bound") - 1e-6),
        "the score of n + 2": amounts(exploration_score=1 / (pl.col("successes") + pl.col("failures") + 2).sqrt()),
        "an older copy of a row": lambda rows: pl.concat([rows, rows[10:11].with_columns(UPDATED.dt.offset_by("-1d"))]),
        "caption −1 in every fiftieth row": some(
            pl.int_range(pl.len()) % 50 == 0, lambda rows: rows.with_columns(caption_id=pl.lit(-1, pl.Int64))
        ),
    },
}  # fmt: skip


def folded(random, rows):
    """Every second draw is the one before, folded in the middle: uncorrelated with it, and no draw of its own."""
    u = random.random((rows * len(CELLS) // 2, 1))
    return np.concatenate([u, np.abs(2.0 * u - 1.0)], axis=1).reshape(rows, len(CELLS))


def mirrored(random, rows):
    """One in ten draws is one minus the draw of 500 before."""
    u = random.random(rows * len(CELLS))
    again = np.flatnonzero(random.random(u.size) < 0.1)
    again = again[again >= 500]
    u[again] = 1.0 - u[again - 500]
    return u.reshape(rows, len(CELLS))


DEPENDENT = {
    "60,000 draws apart": shared_at(60_000),
    "7 draws apart, one in thirty": shared_at(7, 0.033),
    "folded neighbours": folded,
    "mirrored 500 draws apart": mirrored,
}
