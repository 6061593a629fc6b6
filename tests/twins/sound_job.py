"""A naive twin of `sql/jobs/update_caption_bandit_stats.sql`: every message once, one message and one row at a time.

A message is a dict with page, caption (None: not attributed), time_us, sent, views, purchases, earnings (None: NULL).
"""

from twins.deployed_job import DAY_US, emv_of, wilson


class SoundJob:
    """The table, as a dict (page, caption) -> row, and the numbers of the messages that are counted."""

    def __init__(self, settle_hours=0.0, median_days=30.0):
        self.settle_us, self.median_us = int(settle_hours * 3_600_000_000), int(median_days * DAY_US)
        self.table, self.counted = {}, set()

    def run(self, now_us, log):
        """One run over the messages that are in the log at `now_us`."""
        seen = [m for m in log if m["time_us"] <= now_us and m["views"] and m["views"] > 0]
        medians = {page: self._median(now_us, page, seen) for page in {m["page"] for m in seen}}
        touched = set()
        for m in sorted(seen, key=lambda m: m["time_us"]):
            if m["caption"] is None or m["row"] in self.counted or m["time_us"] > now_us - self.settle_us:
                continue
            self.counted.add(m["row"])
            self._count(m, medians[m["page"]], now_us)
            touched.add(m["page"])
        self._rank(touched)

    def _median(self, now_us, page, seen):
        values = [
            emv_of(m)
            for m in seen
            if m["page"] == page and m["time_us"] >= now_us - self.median_us and emv_of(m) is not None
        ]
        values.sort()
        return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2 if values else None

    def _count(self, m, median, now_us):
        row = self.table.setdefault(
            (m["page"], m["caption"]),
            {"successes": 1, "failures": 1, "total_observations": 0, "total_revenue": 0.0, "rates": [], "emvs": [],
             "last_emv_observed": None, "last_used": None},
        )  # fmt: skip
        emv = emv_of(m)
        row["total_observations"] += 1
        row["total_revenue"] += m["earnings"] or 0.0
        row["rates"].append((m["purchases"] or 0) / m["sent"])
        if emv is not None:
            row["emvs"].append(emv)
            row["successes" if emv > median else "failures"] += 1
            row["last_emv_observed"] = emv
        s, f = row["successes"], row["failures"]
        row["confidence_lower_bound"], row["confidence_upper_bound"] = wilson(s, f)
        row["exploration_score"] = (s + f + 1) ** -0.5
        row["avg_conversion_rate"] = sum(row["rates"]) / len(row["rates"])
        row["avg_emv"] = sum(row["emvs"]) / len(row["emvs"]) if row["emvs"] else None
        row["last_used"], row["last_updated"] = m["time_us"], now_us

    def _rank(self, pages):
        for page in pages:
            rows = [row for key, row in self.table.items() if key[0] == page]
            for row in rows:
                below = sum(_place(other) < _place(row) for other in rows)
                row["performance_percentile"] = int(below / (len(rows) - 1) * 100) if len(rows) > 1 else 0


def _place(row):
    """NULLs first, as GoogleSQL orders them."""
    return (row["avg_emv"] is not None, row["avg_emv"] or 0.0)
