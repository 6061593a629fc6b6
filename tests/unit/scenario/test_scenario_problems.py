"""Everything that can be wrong with a scenario, one thing at a time: the line, the key, the words."""

import pytest

from sim.errors import ScenarioError
from sim.scenario import load

GOOD = """\
version: 1
name: good
seed: 7
replications: 10
horizon: {pulls: 1000}
world:
  kind: bernoulli
  means: [0.1, 0.2]
feedback:
  refresh_every: 1
policies:
  - ucb1
  - {kind: thompson_beta, name: ts}
record: {curve_points: 10}
checks:
  - {metric: regret, policy: ts, not_worse_than: ucb1}
"""

TRAFFIC = """\
name: t
horizon: {days: 3}
world:
  kind: traffic
  pages: 2
feedback: {}
selection: {}
policies: [greedy]
record: {stats: last}
"""

TABLE = """\
name: t
horizon: {days: 3}
world:
  kind: table
  source: x.csv
feedback: {}
selection: {}
policies: [greedy]
record: {}
"""


def problems(text):
    with pytest.raises(ScenarioError) as caught:
        load(text)
    return caught.value.problems


def changed(text, old, new):
    assert text.count(old) == 1
    return text.replace(old, new)


# What to change, what into, the line of the problem, its key, words of its message.
BERNOULLI = {
    "unknown key": ("seed: 7", "seeds: 7", 3, "seeds", 'unknown key; did you mean "seed"?'),
    "key of another section": ("seed: 7", "arms: 7", 3, "arms", 'unknown key; did you mean "world.arms"?'),
    "unknown key inside": ("means:", "mean:", 8, "world.mean", 'unknown key; did you mean "means"?'),
    "unknown key, flow": ("curve_points", "curve_point", 14, "record.curve_point", 'did you mean "curve_points"?'),
    "unknown key of feedback": ("refresh_every", "refresh", 10, "feedback.refresh", 'did you mean "refresh_every"?'),
    "duplicate key": ("seed: 7", "seed: 7\nseed: 8", 4, "seed", "duplicate key, first given on line 3"),
    "version": ("version: 1", "version: 2", 1, "version", "expected 1, got 2"),
    "version in quotes": ("version: 1", "version: '1'", 1, "version", "expected 1, got '1'"),
    "name with a space": (
        "name: good",
        "name: not good",
        2,
        "name",
        "'not good' cannot be a name",
    ),
    "name that climbs": ("name: good", "name: ../up", 2, "name", "cannot be"),
    "name too long": ("name: good", f"name: {'a' * 65}", 2, "name", "more than 64 characters"),
    "name empty": ("name: good", "name: ''", 2, "name", "cannot be"),
    "name with a line end": ("name: good", 'name: "a\\n"', 2, "name", "cannot be"),
    "name a number": ("name: good", "name: 5", 2, "name", "expected text, got 5"),
    "seed negative": ("seed: 7", "seed: -1", 3, "seed", "must be at least 0, got -1"),
    "seed too large": ("seed: 7", f"seed: {2**63}", 3, "seed", "must be below"),
    "seed of many digits": ("seed: 7", f"seed: {'9' * 5000}", 3, "seed", "expected a whole number, got inf"),
    "replications zero": ("replications: 10", "replications: 0", 4, "replications", "must be at least 1, got 0"),
    "replications half": (
        "replications: 10",
        "replications: 1.5",
        4,
        "replications",
        "expected a whole number, got 1.5",
    ),
    "replications NaN": (
        "replications: 10",
        "replications: .nan",
        4,
        "replications",
        "expected a whole number, got nan",
    ),
    "replications infinite": ("replications: 10", "replications: .inf", 4, "replications", "expected a whole number"),
    "replications absurd": ("replications: 10", "replications: 1e18", 4, "replications", "must be at most 1000000,"),
    "replications in quotes": ("replications: 10", "replications: '10'", 4, "replications", "expected a whole number"),
    "replications on": (
        "replications: 10",
        "replications: true",
        4,
        "replications",
        "expected a whole number, got true",
    ),
    "horizon in days": ("pulls: 1000", "days: 9", 5, "horizon.days", "is as long as its `pulls`, not its `days`"),
    "horizon empty": ("{pulls: 1000}", "{}", 5, "horizon", "a bernoulli world needs `pulls`"),
    "horizon negative": ("pulls: 1000", "pulls: -1", 5, "horizon.pulls", "must be at least 1, got -1"),
    "horizon absurd": ("pulls: 1000", "pulls: 1e12", 5, "horizon.pulls", "must be at most 1000000000,"),
    "horizon a number": ("{pulls: 1000}", "1000", 5, "horizon", "expected a mapping, got 1000"),
    "world unknown": ("kind: bernoulli", "kind: bernouli", 7, "world.kind", 'did you mean "bernoulli"?'),
    "world kind a list": ("kind: bernoulli", "kind: [1]", 7, "world.kind", "unknown world [1]"),
    "means above 1": ("0.2]", "1.2]", 8, "world.means.1", "must be at most 1, got 1.2"),
    "means negative": ("0.2]", "-0.2]", 8, "world.means.1", "must be at least 0, got -0.2"),
    "means NaN": ("0.2]", ".nan]", 8, "world.means.1", "expected a finite number, got nan"),
    "means infinite": ("0.2]", ".inf]", 8, "world.means.1", "expected a finite number, got inf"),
    "means text": ("0.2]", "'0.2']", 8, "world.means.1", "expected a number, got '0.2'"),
    "one arm": (", 0.2]", "]", 8, "world.means", "needs at least 2 entries"),
    "means not a list": ("[0.1, 0.2]", "0.1", 8, "world.means", "expected a list, got 0.1"),
    "no rates": ("means: [0.1, 0.2]", "churn: null", 6, "world", "needs `means`, or `prior` and `arms`"),
    "arms beside means": ("0.2]", "0.2]\n  arms: 2", 9, "world.arms", "keep one of the two"),
    "prior without arms": ("means: [0.1, 0.2]", "prior: {beta: [1, 1]}", 8, "world.prior", "needs `arms`"),
    "arms without prior": ("means: [0.1, 0.2]", "arms: 2", 8, "world.arms", "needs `prior`"),
    "prior of one": ("means: [0.1, 0.2]", "arms: 2\n  prior: {beta: [1]}", 9, "world.prior.beta", "too few entries"),
    "prior of three": (
        "means: [0.1, 0.2]",
        "arms: 2\n  prior: {beta: [1, 1, 1]}",
        9,
        "world.prior.beta",
        "more than 2",
    ),
    "prior zero": ("means: [0.1, 0.2]", "arms: 2\n  prior: {beta: [0, 1]}", 9, "world.prior.beta.0", "must be above 0"),
    "prior without a law": ("means: [0.1, 0.2]", "arms: 2\n  prior: {}", 9, "world.prior.beta", "missing"),
    "arms absurd": ("means: [0.1, 0.2]", "arms: 1e9\n  prior: {beta: [1, 1]}", 8, "world.arms", "at most 100000"),
    "churn without prior": ("0.2]", "0.2]\n  churn: {probability: 0.1}", 9, "world.churn", "needs `prior`"),
    "churn too likely": ("0.2]", "0.2]\n  churn: {probability: 2}", 9, "world.churn.probability", "at most 1, got 2"),
    "change too late": (
        "0.2]",
        "0.2]\n  changes:\n    - {at: 1000, means: [0, 1]}",
        10,
        "world.changes.0.at",
        "pull 1000 does not happen: the horizon is 1000 pulls",
    ),
    "changes out of order": (
        "0.2]",
        "0.2]\n  changes:\n    - {at: 9, means: [0, 1]}\n    - {at: 9, means: [0, 1]}",
        11,
        "world.changes.1.at",
        "must be above 9",
    ),
    "change of other arms": (
        "0.2]",
        "0.2]\n  changes:\n    - at: 9\n      means: [0, 1, 1]",
        11,
        "world.changes.0.means",
        "has 3 rates for 2 arms",
    ),
    "change at zero": (
        "0.2]",
        "0.2]\n  changes: [{at: 0, means: [0, 1]}]",
        9,
        "world.changes.0.at",
        "at least 1, got 0",
    ),
    "delay negative": ("refresh_every: 1", "delay: -1", 10, "feedback.delay", "must be at least 0, got -1"),
    "delay text": ("refresh_every: 1", "delay: long", 10, "feedback.delay", "expected a whole number, got 'long'"),
    "delay of unknown law": (
        "refresh_every: 1",
        "delay: {geometric: 1, geometrical: 1}",
        10,
        "feedback.delay.geometrical",
        'did you mean "geometric"?',
    ),
    "delay without mean": ("refresh_every: 1", "delay: {}", 10, "feedback.delay.geometric", "missing"),
    "delay NaN": ("refresh_every: 1", "delay: {geometric: .nan}", 10, "feedback.delay.geometric", "finite number"),
    "refresh never": (
        "refresh_every: 1",
        "refresh_every: 0",
        10,
        "feedback.refresh_every",
        "must be at least 1, got 0",
    ),
    "hours in a world of pulls": ("refresh_every: 1", "refresh_hours: 6", 10, "feedback.refresh_hours", "unknown key"),
    "selection of one arm": ("record:", "selection: {}\nrecord:", 14, "selection", "leave this out"),
    "policy unknown": (
        "  - ucb1\n",
        "  - ucb\n",
        12,
        "policies.0.kind",
        "unknown policy 'ucb'; did you mean \"ucb1\"?",
    ),
    "policy a number": (
        "  - ucb1\n",
        "  - 1\n",
        12,
        "policies.0",
        "expected a policy's kind, or a mapping with `kind`",
    ),
    "policy without kind": ("kind: thompson_beta, ", "", 13, "policies.1.kind", "missing"),
    "policy named like a folder": ("name: ts}", "name: a/b}", 13, "policies.1.name", "cannot name a folder"),
    "policy named dot dot": ("name: ts}", "name: ..}", 13, "policies.1.name", "cannot name a folder"),
    "policy named with a line end": ("name: ts}", 'name: "ts\\n"}', 13, "policies.1.name", "cannot name a folder"),
    "policy name too long": ("name: ts}", f"name: {'x' * 65}}}", 13, "policies.1.name", "more than 64 characters"),
    "policy name taken": ("name: ts}", "name: UCB1}", 13, "policies.1", 'the name "UCB1" is taken by policies.0'),
    "parameter unknown": ("name: ts}", "name: ts, priors: [1, 1]}", 13, "policies.1.priors", 'did you mean "prior"?'),
    "parameter of none": (
        "  - ucb1\n",
        "  - {kind: greedy, z: 1}\n",
        12,
        "policies.0.z",
        "known: kind, name",
    ),
    "parameter too low": ("name: ts}", "name: ts, prior: [0, 1]}", 13, "policies.1.prior.0", "must be above 0"),
    "parameter NaN": ("name: ts}", "name: ts, prior: [.nan, 1]}", 13, "policies.1.prior.0", "expected a finite number"),
    "parameter text": (
        "  - ucb1\n",
        "  - {kind: ucb1, alpha: wide}\n",
        12,
        "policies.0.alpha",
        "expected a number, got",
    ),
    "parameter null": ("  - ucb1\n", "  - {kind: ucb1, alpha: null}\n", 12, "policies.0.alpha", "expected a number"),
    "parameter not a list": ("name: ts}", "name: ts, prior: 1}", 13, "policies.1.prior", "expected a list"),
    "window of a half": (
        "  - ucb1\n",
        "  - {kind: sliding_window_ucb, name: ucb1, window: 1.5}\n",
        12,
        "policies.0.window",
        "expected a whole number",
    ),
    "discount above 1": (
        "  - ucb1\n",
        "  - {kind: discounted_ucb, name: ucb1, discount: 1.5}\n",
        12,
        "policies.0.discount",
        "must be",
    ),
    "curve of one point": (
        "curve_points: 10",
        "curve_points: 1",
        14,
        "record.curve_points",
        "must be at least 2, got 1",
    ),
    "stats of some": ("curve_points: 10", "stats: lst", 14, "record.stats", 'did you mean "last"?'),
    "stats null": ("curve_points: 10", "stats: null", 14, "record.stats", "expected 'all', 'last' or 'none', got null"),
    "sends maybe": ("curve_points: 10", "sends: on", 14, "record.sends", "expected true or false, got 'on'"),
    "metric unknown": ("metric: regret", "metric: regrets", 16, "checks.0.metric", 'did you mean "regret"?'),
    "metric of money": ("metric: regret", "metric: revenue_usd", 16, "checks.0.metric", "has no revenue"),
    "check of nobody": (
        "policy: ts,",
        "policy: tss,",
        16,
        "checks.0.policy",
        'no policy is named "tss"; did you mean "ts"?',
    ),
    "check against nobody": ("than: ucb1", "than: ucb", 16, "checks.0.not_worse_than", 'did you mean "ucb1"?'),
    "check against itself": ("than: ucb1", "than: ts", 16, "checks.0.not_worse_than", "is the same policy"),
    "check of nothing": (", not_worse_than: ucb1", "", 16, "checks.0", "has none"),
    "check of two": ("than: ucb1", "than: ucb1, at_most: 3", 16, "checks.0", "has `not_worse_than` and `at_most`"),
    "confidence of a coin": (
        "than: ucb1",
        "than: ucb1, confidence: 0.5",
        16,
        "checks.0.confidence",
        "must be above 0.5",
    ),
    "checks not a list": ("checks:\n  - {", "checks: {", 15, "checks", "expected a list"),
}


@pytest.mark.parametrize(("old", "new", "line", "key", "words"), BERNOULLI.values(), ids=BERNOULLI)
def test_one_problem_at_its_line(old, new, line, key, words):
    # A check of a policy that a case takes away would be a second problem.
    text = GOOD.partition("checks:")[0] if key.startswith("policies") else GOOD
    (problem,) = problems(changed(text, old, new))
    assert (problem.file, problem.line, problem.key) == ("scenario", line, key)
    assert words in problem.message
    assert str(problem) == f"scenario:{line}: {key}: {problem.message}"


OTHER_WORLDS = {
    "traffic in pulls": (TRAFFIC, "days: 3", "pulls: 3", 2, "horizon.pulls", "is as long as its `days`"),
    "traffic for ever": (TRAFFIC, "days: 3", "days: .inf", 2, "horizon.days", "expected a finite number"),
    "traffic for ages": (TRAFFIC, "days: 3", "days: 1e5", 2, "horizon.days", "must be at most 3660"),
    "traffic for no time": (TRAFFIC, "days: 3", "days: 0", 2, "horizon.days", "must be at least 0.001"),
    "pages absurd": (TRAFFIC, "pages: 2", "pages: 1e9", 5, "world.pages", "must be at most"),
    **{
        f"an incident on {words}": (
            TRAFFIC,
            "feedback: {}",
            f"incidents: [{{kind: rates, factor: 0.5, from: 1, pages: [2, {page}]}}]",
            6,
            "incidents.0.pages",
            f"there is no page {page:,}; `world.pages` is 2",
        )
        for words, page in (("a page too many", 3), ("a page above 64 bits", 2**64))
    },
    "pages negative": (TRAFFIC, "pages: 2", "pages: -2", 5, "world.pages", "must be at least 1, got -2"),
    "captions absurd": (
        TRAFFIC.replace("last", "none"),
        "pages: 2",
        "pages: 10000\n  bank: {captions: 20000}",
        3,
        "world",
        "captions on all pages in a year; at most 5,000,000 fit",
    ),
    "unknown deep key": (
        TRAFFIC,
        "pages: 2",
        "bank: {caption: 9}",
        5,
        "world.bank.caption",
        'did you mean "captions"?',
    ),
    "key of another deep section": (TRAFFIC, "pages: 2", "captions: 9", 5, "world.captions", "unknown key"),
    "start": (TRAFFIC, "pages: 2", "start: 2025-02-30", 5, "world.start", "day is out of range"),
    "traffic feedback": (TRAFFIC, "feedback: {}", "feedback: {delay: 1}", 6, "feedback.delay", "unknown key"),
    "sends too many": (
        TRAFFIC,
        "record: {stats: last}",
        "replications: 1000000\nrecord: {sends: true, stats: last, curve_points: 2}",
        10,
        "record.sends",
        "sends to write",
    ),
    "rates": (TABLE, "source: x.csv", "rates: drwn", 5, "world.rates", 'did you mean "drawn"?'),
    "columns": (TABLE, "source: x.csv", "columns: {pages: a}", 5, "world.columns.pages", 'did you mean "page"?'),
    "source a number": (TABLE, "source: x.csv", "source: 5", 5, "world.source", "expected text, got 5"),
    "source empty": (TABLE, "source: x.csv", "source: ''", 5, "world.source", "cannot be"),
    "fans absurd": (TABLE, "source: x.csv", "fans_per_send: 1e12", 5, "world.fans_per_send", "must be at most 1000000"),
    "refresh at once": (
        TABLE,
        "feedback: {}",
        "feedback: {refresh_hours: 0}",
        6,
        "feedback.refresh_hours",
        "must be at least 0.0166666666666667",
    ),
    "top five": (TABLE, "selection: {}", "selection: {top: 5}", 7, "selection.top", "expected 1, got 5"),
    "money in a table": (
        TABLE,
        "record: {}",
        "checks: [{metric: revenue_usd, policy: greedy, at_least: 1}]",
        9,
        "checks.0.metric",
        "a table world has no revenue; `world.columns.price` names the column of prices",
    ),
}


@pytest.mark.parametrize(("text", "old", "new", "line", "key", "words"), OTHER_WORLDS.values(), ids=OTHER_WORLDS)
def test_one_problem_of_another_world(text, old, new, line, key, words):
    (problem,) = problems(changed(text, old, new))
    assert (problem.line, problem.key) == (line, key)
    assert words in problem.message


@pytest.mark.parametrize("text", [GOOD, TRAFFIC, TABLE])
def test_the_scenarios_that_these_tests_spoil_are_good(text):
    assert load(text).replications in (10, 100)


@pytest.mark.parametrize(
    "content",
    [
        {"policies": [{"kind": "uniform", "name": "x" * 10_000}, {"kind": "greedy", "name": "x" * 10_000}]},
        {"policies": ["uniform"], "checks": [{"metric": "regret", "policy": "x" * 10_000, "at_most": 1}]},
        {"policies": [{"kind": "uniform", "name": "x" * 10_000}], "checks": [{"metric": "regret", "policy": "q"}]},
    ],
)
def test_a_long_name_is_cut_in_messages(content: dict[str, object]) -> None:
    """Found by the full form of the fuzzing: three names of 10,000 characters."""
    world = {"kind": "bernoulli", "means": [0.1, 0.2]}
    with pytest.raises(ScenarioError) as caught:
        load({"name": "a", "horizon": {"pulls": 5}, "world": world, **content})
    assert len(str(caught.value)) < 1_000
