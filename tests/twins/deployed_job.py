"""A naive twin of the deployed update job: the rules of the specification, one message and one row at a time.

A message is a dict with page, caption (None: not attributed), time_us, sent, views, purchases, earnings (None: NULL),
and, for labels other than the deployed one, price (None: unpriced).
"""

import math

DAY_US = 86_400_000_000
Z = 1.96


class DeployedJob:
    """The table, as a dict (page, caption) -> row, and the switches of the job."""

    def __init__(self, lookback_days=7.0, median_days=30.0, exact_median=0, null_sum_is_zero=0, decay=1.0, cap=0,
                 label="emv_above_median"):  # fmt: skip
        self.lookback_us, self.median_us = int(lookback_days * DAY_US), int(median_days * DAY_US)
        self.exact, self.null_sum_is_zero, self.decay, self.cap = exact_median, null_sum_is_zero, decay, cap
        self.table, self.label = {}, label

    def run(self, now_us, log):
        """One run over the messages that are in the log at `now_us`."""
        seen = [m for m in log if m["time_us"] <= now_us and m["views"] and m["views"] > 0]
        medians = {page: self._median(now_us, page, seen) for page in {m["page"] for m in seen}}
        rollup = {}
        for m in seen:
            if m["caption"] is not None and m["time_us"] >= now_us - self.lookback_us:
                rollup.setdefault((m["page"], m["caption"]), []).append(m)
        for key, messages in rollup.items():
            self._add(key, messages, medians[key[0]], now_us)
        self._rank()

    def _median(self, now_us, page, seen):
        if self.label == "sold":
            return 0.0
        values = sorted(
            self._value(m)
            for m in seen
            if m["page"] == page and m["time_us"] >= now_us - self.median_us and self._value(m) is not None
            and (self.label == "emv_above_median" or m["price"])
        )  # fmt: skip
        if not values:
            return None
        low, high = values[(len(values) - 1) // 2], values[len(values) // 2]
        return (low + high) / 2 if self.exact else low

    def _value(self, m):
        """What the label compares with the median."""
        if emv_of(m) is None or self.label not in ("purchases_per_view", "dollars_per_view"):
            return emv_of(m)
        return m["purchases"] / m["views"] * ((m["price"] or 0.0) if self.label == "dollars_per_view" else 1.0)

    def _add(self, key, messages, median, now_us):
        emvs = [emv_of(m) for m in messages if emv_of(m) is not None]
        values = [self._value(m) for m in messages if self._value(m) is not None]
        successes = sum(1 for value in values if median is not None and value > median)
        failures = sum(1 for value in values if median is not None and value <= median)
        revenue = total(m["earnings"] for m in messages)
        if revenue is None and self.null_sum_is_zero:
            revenue = 0.0
        purchased, sent = total(m["purchases"] for m in messages), sum(m["sent"] for m in messages)
        old = self.table.get(key)
        s = (1 if old is None else half_away(old["successes"] * self.decay)) + successes
        f = (1 if old is None else half_away(old["failures"] * self.decay)) + failures
        if self.cap and s + f > self.cap:
            share = self.cap / (s + f)
            s, f = half_away(s * share), half_away(f * share)
        emv = math.fsum(emvs) / len(emvs) if emvs else None
        low, high = wilson(s, f)
        self.table[key] = {
            "successes": s,
            "failures": f,
            "total_observations": (old["total_observations"] if old else 0) + len(messages),
            "total_revenue": plus(old["total_revenue"], revenue) if old else revenue,
            "avg_conversion_rate": None if purchased is None or not sent else purchased / sent,
            "avg_emv": emv,
            "last_emv_observed": emv if old else None,
            "confidence_lower_bound": low,
            "confidence_upper_bound": high,
            "exploration_score": 1 / math.sqrt(s + f + 1) if old else 1 / math.sqrt(s + f),
            "last_used": now_us if old else None,
            "last_updated": now_us,
        }

    def _rank(self):
        for page in {page for page, _ in self.table}:
            rows = [row for (where, _), row in self.table.items() if where == page]
            value = {id(row): -math.inf if row["avg_emv"] is None else row["avg_emv"] for row in rows}
            for row in rows:
                below = sum(1 for other in rows if value[id(other)] < value[id(row)])
                row["performance_percentile"] = math.floor(below / (len(rows) - 1) * 100) if len(rows) > 1 else 0


def emv_of(m):
    if m["purchases"] is None or m["earnings"] is None:
        return None
    return m["purchases"] / m["views"] * m["earnings"]


def total(values):
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def plus(a, b):
    return None if a is None or b is None else a + b


def half_away(value):
    return math.floor(value + 0.5)


def wilson(s, f):
    n = s + f
    if n == 0:
        return 0.0, 1.0
    p, d = s / n, 1 + Z * Z / n
    half = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / d
    centre = (p + Z * Z / (2 * n)) / d
    return centre - half, centre + half
