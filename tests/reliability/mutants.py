"""Mistakes seeded into policies, engine, streams, tables and estimators, and the tests that have to notice each."""

from dataclasses import dataclass

POLICIES = (
    "tests/unit/policies/test_policy_propensities.py",
    "tests/unit/policies/test_policy_scores.py",
    "tests/unit/policies/test_policy_twins.py",
    "tests/unit/policies/test_policy_wilson.py",
)
# One test each where the kernels of many policies would have to be compiled for a mutant.
REFRESHES = ("tests/unit/worlds/test_bernoulli.py::test_the_table_shows_what_was_known_at_the_last_refresh",)
NEWCOMERS = ("tests/unit/worlds/test_bernoulli_identity.py",)
LATE = ("tests/property/test_bernoulli_twin.py::test_late_feedback_agrees_bit_for_bit",)
WINDOWS = ("tests/property/test_bernoulli_twin.py::test_sliding_window_under_churn_agrees_bit_for_bit",)
TABLE = ("tests/unit/worlds/test_table_twin.py", "tests/unit/worlds/test_table_world.py")
TRAFFIC = ("tests/unit/worlds/test_traffic_labels.py",)
STREAMS = ("tests/unit/test_rng.py", "tests/reliability/test_same_numbers.py")
ESTIMATORS = ("tests/unit/reports/test_estimators.py", "tests/unit/reports/test_ranks.py")
ANCHORS = ("tests/unit/reports/test_anchors.py",)
MERGE = ("tests/unit/runs/test_merge_rows.py",)
ROWS = ("tests/unit/runs/test_table_rows.py",)
GUARDRAILS = ("tests/unit/reports/test_guardrails.py",)
LOOP = ("tests/unit/worlds/test_loop_measures.py",)
RULE = ("tests/unit/reports/test_decision_rule.py",)
WHO = ("tests/unit/reports/test_who_gains.py",)
STRATIFIED = ("tests/unit/worlds/test_stratified_pages.py",)
STRATA = ("tests/unit/reports/test_strata.py",)
SPLIT = ("tests/unit/reports/test_split.py",)
CURRENCIES = ("tests/unit/reports/test_currencies.py",)
OVER_TIME = ("tests/unit/reports/test_over_time.py",)
SUMMARY = ("tests/unit/reports/test_report_summary.py", "tests/unit/reports/test_report_tables.py")
TABLES = ("tests/unit/runs/test_stats_table.py",)
DECISION = ("tests/unit/reports/test_decision.py", "tests/unit/reports/test_decision_rule.py")
BANDS = ("tests/unit/reports/test_report_tables.py", "tests/unit/reports/test_ranks.py")
COMPARE = ("tests/unit/reports/test_compare.py", "tests/unit/reports/test_samples.py")
SEASON = ("tests/unit/worlds/test_traffic_season.py",)
RUNS = ("tests/unit/runs/test_runner_blocks.py", "tests/unit/runs/test_prepare.py")


@dataclass(frozen=True)
class Mutant:
    """One mistake: `old`, which occurs once in `file`, becomes `new`; at least one of `tests` has to fail."""

    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}: {self.old.strip()} -> {self.new.strip()}"


def of(file: str, tests: tuple[str, ...], *changes: tuple[str, str]) -> list[Mutant]:
    """Mutants of one file."""
    return [Mutant(file, old, new, tests) for old, new in changes]


MUTANTS = [
    *of("policies/wilson_sample.py", POLICIES,
        ("return lower, upper - lower", "return lower, upper"),
        ("params.prior_failures + max(n - s, 0.0), params.z", "params.prior_failures + n, params.z"),
        ("a + b * uniform(key)", "a + 0.99 * b * uniform(key)")),
    *of("policies/wilson_lower.py", POLICIES,
        ("params.z)[0], 0.0", "params.z)[1], 0.0"),
        ("params.prior_successes + s, params.prior_failures", "params.prior_failures + s, params.prior_successes")),
    *of("policies/wilson_normal.py", POLICIES,
        ("/ (m + 1.0))", "/ m)"),
        ("a + b * normal(key)", "a - b")),
    *of("policies/ucb1.py", POLICIES,
        ("params.alpha * math.log(max(t, 1.0))", "params.alpha * math.log(max(t, 1.0) + 1.0)"),
        ("return s / n, 1.0 / math.sqrt(n)", "return s / n, 1.0 / n")),
    *of("policies/ucb_tuned.py", POLICIES,
        ("min(0.25, variance)", "min(0.5, variance)"),
        ("mean * (1.0 - mean) +", "mean +")),
    *of("policies/moss.py", POLICIES, ("if ratio > 1.0 else mean", "if ratio > 2.0 else mean")),
    *of("policies/greedy.py", POLICIES, ("return s / n, n", "return (s + 1.0) / (n + 2.0), n")),
    *of("policies/exp3.py", POLICIES, ("(1.0 - gamma) * math.exp", "math.exp")),
    *of("policies/boltzmann.py", POLICIES, ("s / n / params.temperature", "s / n * params.temperature")),
    *of("policies/kl_ucb.py", POLICIES, ("params.c * math.log(log_t)", "params.c * log_t")),
    *of("policies/thompson_beta.py", POLICIES,
        ("params.prior_failures + max(n - s, 0.0)", "params.prior_failures + n")),
    *of("policies/epsilon_greedy.py", POLICIES,
        ("params.c * len(n) / (params.d * params.d", "params.c * len(n) / (params.d")),
    *of("sim/worlds/bernoulli/feedback.py", REFRESHES,
        ("    row.s[arm] += outcome\n", "    row.s[arm] += 1.0 - outcome\n"),
        ("known_after // plan.refresh_every + 1", "known_after // plan.refresh_every"),
        ("    show(t + 1, arm, 1,", "    show(t, arm, 1,")),
    *of("sim/worlds/bernoulli/feedback.py", LATE,
        ("            row.s[arm] += successes\n", "            row.s[arm] += outcomes - successes\n")),
    *of("sim/worlds/bernoulli/feedback.py", NEWCOMERS, ("arm + row.generation[arm] * row.means.shape[0]", "arm")),
    *of("sim/worlds/bernoulli/feedback.py", WINDOWS,
        ("range(max(0, u - plan.refresh_every - plan.window), u - plan.window)",
         "range(max(0, u - plan.refresh_every - plan.window), u - plan.window - 1)")),
    *of("sim/worlds/table/feedback.py", TABLE,
        ('clock.due, send, side="right"', 'clock.due, send, side="left"'),
        ("2 * worth_of(send, page) > threshold", "2 * worth_of(send, page) >= threshold"),
        ("times if LABEL_SEND else times * clock.fans", "times"),
        ("    known[SENDS] += 1\n", "    known[SENDS] += 2\n"),
        ("            page.s[arm] *= clock.discount\n", "")),
    *of("sim/worlds/traffic/feedback/labels.py", TRAFFIC,
        ("if value > median:", "if value >= median:"),
        ("purchases / views * (price * purchases)", "purchases / views * price"),
        ("-math.expm1(-age_s / delay_s)", "math.exp(-age_s / delay_s)"),
        ("recent[page.recent_head].time < before", "recent[page.recent_head].time <= before")),
    *of("sim/rng.py", STREAMS,
        ("spawn_key=(zlib.crc32(purpose.encode()), *address)", "spawn_key=(zlib.crc32(purpose.encode()),)"),
        ("by_replication[:, None] + by_page[None, :]", "by_replication[:, None] + np.uint64(0) * by_page[None, :]"),
        ("_mix(root + _REPLICATION *", "_mix(root + np.uint64(0) *")),
    *of("sim/tables/caption_stats.py", TABLES, ("PRIOR_SUCCESSES = 1", "PRIOR_SUCCESSES = 2")),
    *of("policies/maths/wilson.py", POLICIES, ("half = z * np.sqrt(p * (1.0 - p) / n +", "half = z * np.sqrt(p / n +")),
    *of("reports/estimators/intervals.py", ESTIMATORS,
        ("return self.sd / math.sqrt(self.n)", "return self.sd / self.n"),
        ("math.sqrt(m2 * n / (n - 1))", "math.sqrt(m2)"),
        ("p * (len(known) - rank)", "p"),
        ("centre = (p + z * z / (2 * n)) / scale", "centre = p"),
        ("variance = a.standard_error**2 + b.standard_error**2", "variance = a.standard_error**2")),
    *of("reports/estimators/ranks.py", ESTIMATORS, ("(table < values)", "(table <= values)")),
    *of("reports/decision/from_run.py", DECISION,
        ("metric_values(frame, metric) / (months or 1.0)", "metric_values(frame, metric)"),
        ('metric = "reward" if months is None else "revenue_usd"', 'metric = "reward"')),
    *of("reports/decision/tails.py", DECISION,
        ("own, theirs = given.values[policy], given.values[other]",
         "theirs, own = given.values[policy], given.values[other]"),
        ("self.sample(pair, own, other, metric=metric).estimate(confidence)",
         "self.sample(pair, own, other, metric=metric).estimate()")),
    *of("reports/estimators/strata.py", STRATA,
        ("m.sd**3 / m.n**2", "m.sd**3 / m.n"),
        ("found += weight**2 * float", "found += weight * float")),
    *of("reports/estimators/split.py", SPLIT,
        ("(less if cost > 0.0 else more) ** 2\n        above", "(more if cost > 0.0 else less) ** 2\n        above"),
        ("return 1.0 - outside", "return outside"),
        ("if _mid_p(count, n, middle) > target", "if _mid_p(count, n, middle) < target")),
    *of("reports/estimators/ranks.py", ESTIMATORS,
        ("(table < values).sum(axis=0)", "(table <= values).sum(axis=0)"),
        ("int((values < others).sum()), int(", "int((values > others).sum()), int(")),
    *of("reports/tables/currencies.py", CURRENCIES,
        ("column(oracle, currency), column(own, currency)", "column(own, currency), column(oracle, currency)")),
    *of("reports/tables/over_time.py", OVER_TIME,
        ("np.quantile(regret, LEVELS, axis=0)", "np.quantile(regret, LEVELS[::-1], axis=0)"),
        ("paired(curves, name, baseline,", "paired(curves, baseline, name,")),
    *of("reports/tables/curves.py", OVER_TIME,
        ("(0.05, 0.5, 0.95)", "(0.05, 0.5, 0.90)"),
        ("np.argsort(-at_end", "np.argsort(at_end")),
    *of("reports/decision/anchors.py", ANCHORS,
        ("(centre - root) / square, (centre", "(centre + root) / square, (centre"),
        ("a.mean * b.mean - t2 * cross", "a.mean * b.mean + t2 * cross")),
    *of("reports/decision/rule.py", RULE,
        ("(len(own) - 1) // 2", "len(own) // 2"),
        ("better=share_of(own > base)", "better=share_of(own >= base)"),
        ("max(rival.estimate.value, margin - rival.estimate.value)", "max(rival.estimate.value, margin)")),
    *of("reports/decision/who.py", WHO,
        ("totals - mean * counts) / counts.mean()", "totals - mean * counts) / counts.sum()"),
        ("own[tier] - base[tier]", "base[tier] - own[tier]")),
    *of("sim/worlds/traffic/pages.py", STRATIFIED,
        ("page_normals(world, pages) + 0.5 * t * t", "page_normals(world, pages) - 0.5 * t * t")),
    *of("sim/worlds/metrics/estimation.py", LOOP, ("mean - rates, (succ", "rates - mean, (succ")),
    *of("reports/decision/guardrails.py", GUARDRAILS,
        ("drawn], 0.975))", "drawn], 0.75))"),
        ("own < base - MATERIAL", "own < base + MATERIAL"),
        ("known.low <= most.high + TOLERATED", "known.low <= most.high - TOLERATED")),
    *of("sim/worlds/traffic/metrics/loop_metrics.py", LOOP,
        ("values[(len(values) - 1) // 2]", "values[len(values) // 2]"),
        ("(centre - half <= chance) & (chance <= centre + half)", "chance <= centre + half")),
    *of("sim/runs/merge.py", MERGE,
        ('totals["best_pulls"], totals["ranked_pulls"], out', 'totals["best_pulls"], totals["pulls"], out'),
        ('~np.isnan(totals["first_locked_at"])', '~np.isnan(totals["locked_since"])'),
        ('tables.curves["regret"].T.ravel()', 'tables.curves["regret"].ravel()'),
        ("np.tile(tables.at, count)", "np.repeat(tables.at, count)")),
    *of("sim/tables/pages.py", ROWS, ("for each in replications]) - own", "for each in replications]) + own")),
    *of("sim/tables/observations.py", ROWS,
        ('_ratio(sums["cold"], sums["known"])', '_ratio(sums["cold"], sums["sends"])'),
        ('_ratio(sums["top"], sums["priced"])', '_ratio(sums["top"], sums["sends"])'),
        ('float(np.sqrt(mean["squared_error"]))', 'mean["squared_error"]')),
    *of("reports/tables/summary.py", SUMMARY,
        ("quantiles(regret, [0.01])[0]", "quantiles(regret, [0.1])[0]"),
        ("[-math.ceil(WORST_SHARE * len(regret)) :]", "[: math.ceil(WORST_SHARE * len(regret))]"),
        ('rows["ever_locked"].sum()', 'rows["locked_out"].sum()'),
        ('column(rows, "revenue_usd") / page_months', 'column(rows, "revenue_usd") * page_months')),
    *of("reports/estimators/comparisons.py", ESTIMATORS,
        ("(sign * values[name] < sign * own)", "(sign * values[name] <= sign * own)"),
        ("sign * values[row] < sign * values[other]", "sign * values[row] > sign * values[other]")),
    *of("reports/estimators/comparisons.py", DECISION,
        ("return self.p_holm < SIGNIFICANT and (low > 0.0 or high < 0.0)", "return self.p_holm < SIGNIFICANT"),
        ("return self.p_holm < SIGNIFICANT and (low > 0.0 or high < 0.0)", "return low > 0.0 or high < 0.0"),
        ("values[name], own, confidence, metric", "values[name], own, CONFIDENCE, metric")),
    *of("reports/estimators/simultaneous.py", DECISION,
        ("np.abs(normal).max(axis=1) / scale", "np.abs(normal[:, 0]) / scale"),
        ("moving = [values for values in differences if len(values) > 1 and values.std() > 0.0]", "moving = []")),
    *of("reports/estimators/intervals.py", BANDS,
        ("values.std(axis=0, ddof=1) / np.sqrt(n)", "values.std(axis=0, ddof=1)"),
        ("return mean, mean - reach, mean + reach", "return mean, mean - reach, mean - reach")),
    *of("reports/tables/slices.py", BANDS, ("yield at, values - others", "yield at, values")),
    *of("reports/compare.py", COMPARE,
        ('for key in ("seed", "replications", "world"))', 'for key in ("replications", "world"))'),
        ('for key in ("seed", "replications", "world"))', 'for key in ("seed", "world"))'),
        ('for key in ("seed", "replications", "world"))', 'for key in ("seed", "replications"))'),
        ('same_luck(one, two) and "contents of world.source" not in scenario', "same_luck(one, two)"),
        ("(1.0 - CONFIDENCE) / max(1, len(names))", "(1.0 - CONFIDENCE)")),
    *of("reports/decision/samples.py", COMPARE,
        ("if paired and _alike(one.strata, two.strata)", "if _alike(one.strata, two.strata)"),
        ("two.value - two.low, one.high - one.value", "two.value - two.low, one.value - one.low")),
    *of("sim/worlds/traffic/parameters.py", SEASON,
        ("range(first.year, (first", "range(first.year + 1, (first"),
        ("(first + timedelta(days)).year + 1)", "(first + timedelta(days)).year)"),
        ('"traffic:holidays", replication, year)', '"traffic:holidays", 0, year)'),
        ("replace=False", "replace=True"),
        ("first + timedelta(day) for day", "first + timedelta(day + 1) for day")),
    *of("sim/runs/plan.py", RUNS, ("min(first + self.size, stop)", "min(first + self.size + 1, stop)")),
    *of("sim/runs/blocks.py", RUNS,
        ('found["run"] == run_key and', "True and"),
        ("kept[-1].stop <= block.start", "kept[-1].start <= block.start")),
    *of("sim/runs/folders/differences.py", RUNS,
        ('there["replications"] <= here["replications"]', "True")),
]  # fmt: skip
