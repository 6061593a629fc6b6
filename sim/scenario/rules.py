"""What has to hold between the sections of a scenario.

Each rule names, as its arguments, the sections it needs, and is asked only where all of them are right by themselves.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sim.scenario.document import Finding
from sim.scenario.model import Check, Horizon, PolicySpec, Record
from sim.scenario.sections.bernoulli import BernoulliSection
from sim.scenario.sections.table import TableSection
from sim.scenario.sections.traffic import TrafficSection
from sim.scenario.worlds import WORLDS
from sim.wording import did_you_mean

MAX_WORK = 10**14
MAX_ROWS = 10**8
MAX_ROW_ARMS = 10**7
MAX_REPLICATION_SENDS = 2 * 10**7

Rule = Callable[..., Iterator[Finding]]


def broken(sections: Mapping[str, Any]) -> Iterator[Finding]:
    """The findings of every rule whose sections are all there."""
    for rule in RULES:
        needed = inspect.signature(rule).parameters
        if all(name in sections for name in needed):
            yield from rule(**{name: sections[name] for name in needed})


def names_unique(policy_names: Sequence[str | None]) -> Iterator[Finding]:
    """Names become folder names, and some file systems do not tell A from a."""
    first: dict[str, int] = {}
    for index, name in enumerate(policy_names):
        if name is not None and first.setdefault(name.casefold(), index) != index:
            where = f"policies.{first[name.casefold()]}"
            yield Finding(("policies", index), f'the name "{name}" is taken by {where}; give each a `name` of its own')


def horizon_unit(horizon: Horizon, world: Any) -> Iterator[Finding]:
    """A bernoulli world counts pulls, the others days."""
    right = WORLDS[world.kind].horizon
    wrong = "days" if right == "pulls" else "pulls"
    if getattr(horizon, wrong) is not None:
        yield Finding(("horizon", wrong), f"a {world.kind} world is as long as its `{right}`, not its `{wrong}`")
    elif getattr(horizon, right) is None:
        yield Finding(("horizon",), f"a {world.kind} world needs `{right}`")


def rates_given(world: Any) -> Iterator[Finding]:
    """True rates are either listed, or drawn from a prior for a number of arms."""
    if not isinstance(world, BernoulliSection):
        return
    if world.means is not None:
        for key in ("prior", "arms"):
            if getattr(world, key) is not None:
                yield Finding(("world", key), f"`means` are given, so `{key}` has no meaning; keep one of the two")
    elif world.prior is None and world.arms is None:
        yield Finding(("world",), "needs `means`, or `prior` and `arms`")
    elif world.arms is None:
        yield Finding(("world", "prior"), "needs `arms`, the number of arms to draw")
    elif world.prior is None:
        yield Finding(("world", "arms"), "needs `prior`, such as {beta: [1, 1]}, to draw their rates from")
    if world.churn is not None and world.prior is None:
        yield Finding(("world", "churn"), "needs `prior`, from which new arms are drawn")


def changes_in_order(world: Any) -> Iterator[Finding]:
    """Changes are in order of time and give a rate to every arm."""
    if not isinstance(world, BernoulliSection):
        return
    before = 0
    for index, change in enumerate(world.changes):
        path = ("world", "changes", index)
        if change.at <= before:
            yield Finding((*path, "at"), f"must be above {before}, where the change before it happens")
        before = max(before, change.at)
        if world.size and len(change.means) != world.size:
            yield Finding((*path, "means"), f"has {len(change.means)} rates for {world.size} arms")


def changes_in_time(world: Any, horizon: Horizon) -> Iterator[Finding]:
    """A change happens before the end."""
    if isinstance(world, BernoulliSection) and horizon.pulls is not None:
        for index, change in enumerate(world.changes):
            if change.at >= horizon.pulls:
                message = f"pull {change.at} does not happen: the horizon is {horizon.pulls} pulls"
                yield Finding(("world", "changes", index, "at"), message)


def check_policies(checks: Sequence[Check], policy_names: Sequence[str | None]) -> Iterator[Finding]:
    """Checks speak of policies that exist."""
    for index, check in enumerate(checks):
        for key in ("policy", "not_worse_than", "better_than"):
            name = getattr(check, key)
            if name is not None and name not in policy_names:
                hint = did_you_mean(name, filter(None, policy_names))
                yield Finding(("checks", index, key), f'no policy is named "{name}"{hint}')
        for key in ("not_worse_than", "better_than"):
            if check.policy == getattr(check, key):
                yield Finding(("checks", index, key), "is the same policy")


def check_comparisons(checks: Sequence[Check]) -> Iterator[Finding]:
    """A check makes exactly one comparison."""
    for index, check in enumerate(checks):
        keys = ("not_worse_than", "better_than", "at_most", "at_least")
        given = [key for key in keys if getattr(check, key) is not None]
        if len(given) != 1:
            have = " and ".join(f"`{key}`" for key in given) or "none"
            yield Finding(("checks", index), f"needs one of {', '.join(f'`{key}`' for key in keys)}; has {have}")
        if check.margin is not None and check.not_worse_than is None and check.better_than is None:
            yield Finding(("checks", index, "margin"), "applies to `not_worse_than` and `better_than` only")


def check_money(checks: Sequence[Check], world: Any) -> Iterator[Finding]:
    """Money exists only in some worlds."""
    for index, check in enumerate(checks):
        if check.metric == "revenue_usd" and not WORLDS[world.kind].has_money:
            yield Finding(("checks", index, "metric"), f"a {world.kind} world has no revenue")


def counting_and_memory(feedback: Any, policies: Sequence[PolicySpec]) -> Iterator[Finding]:
    """A policy that forgets message by message needs each message to be counted once."""
    if getattr(feedback, "counting", "once") == "once":
        return
    for place, spec in enumerate(policies):
        if not spec.build().memory.cumulative:
            message = f"{spec.name} forgets by message, which needs `feedback.counting: once`"
            yield Finding(("policies", place), message)


def curve_size(replications: int, record: Record, policy_names: Sequence[str | None]) -> Iterator[Finding]:
    """Curves fit into memory."""
    rows = replications * record.curve_points * len(policy_names)
    if rows > MAX_ROWS:
        message = f"{rows:.1e} curve rows (replications × curve_points × policies); the limit is {MAX_ROWS:.0e}"
        yield Finding(("replications",), message)


def work_size(replications: int, horizon: Horizon, world: Any, policy_names: Sequence[str | None]) -> Iterator[Finding]:
    """A run ends within days: each decision may evaluate the score of every arm."""
    work = sends_ever(world, horizon) * arms_to_choose_from(world) * replications * len(policy_names)
    if work > MAX_WORK:
        message = f"{work:.1e} arm scores to evaluate (decisions × arms × replications × policies)"
        yield Finding(("horizon",), f"{message}; the limit is {MAX_WORK:.0e}")


def stats_size(
    replications: int, record: Record, horizon: Horizon, world: Any, policy_names: Sequence[str | None]
) -> Iterator[Finding]:
    """The caption statistics fit onto a disk."""
    repeats = {"all": replications, "last": 1, "none": 0}[record.stats]
    rows = captions_ever(world, horizon) * repeats * len(policy_names)
    if rows > MAX_ROWS:
        message = f"up to {rows:.1e} caption rows to write (captions × replications × policies)"
        yield Finding(("record", "stats"), f"{message}; the limit is {MAX_ROWS:.0e}; `stats: last` writes fewer")


def sends_size(
    replications: int, record: Record, horizon: Horizon, world: Any, policy_names: Sequence[str | None]
) -> Iterator[Finding]:
    """The log of sends fits onto a disk, that of one replication into memory."""
    each = sends_ever(world, horizon)
    rows = each * replications * len(policy_names)
    if record.sends and each > MAX_REPLICATION_SENDS:
        message = f"up to {each:.1e} sends in a replication, whose log must fit into memory"
        yield Finding(("record", "sends"), f"{message}; the limit is {MAX_REPLICATION_SENDS:.0e}")
    elif record.sends and rows > MAX_ROWS:
        message = f"up to {rows:.1e} sends to write (sends × replications × policies)"
        yield Finding(("record", "sends"), f"{message}; the limit is {MAX_ROWS:.0e}")


def bank_size(world: Any) -> Iterator[Finding]:
    """One replication fits into memory."""
    if isinstance(world, TrafficSection) and arms(world) > MAX_ROW_ARMS:
        message = f"{arms(world):.1e} captions in a replication (pages × bank.captions)"
        yield Finding(("world", "pages"), f"{message}; the limit is {MAX_ROW_ARMS:.0e}")


def arms(world: Any) -> int:
    """Arms of one replication at the start; 0 where only a file knows."""
    if isinstance(world, TrafficSection):
        return world.pages * world.bank.captions
    return world.size if isinstance(world, BernoulliSection) else 0


def arms_to_choose_from(world: Any) -> int:
    """Arms that one decision chooses from: those of one page."""
    return world.bank.captions if isinstance(world, TrafficSection) else arms(world)


def captions_ever(world: Any, horizon: Horizon) -> float:
    """Arms of one replication that ever exist, those that arrive later included."""
    if isinstance(world, TrafficSection):
        return arms(world) + world.pages * world.turnover.arrivals_per_week * horizon.length / 7.0
    return arms(world)


def sends_ever(world: Any, horizon: Horizon) -> float:
    """The most sends of a replication, of a single page where only a file knows how many there are; or its pulls."""
    return horizon.length * sends_a_day(world) if horizon.unit == "days" else horizon.length


def sends_a_day(world: Any) -> int:
    """The most sends of all pages in a day; of a single page where only a file knows how many there are."""
    if isinstance(world, TrafficSection):
        return world.sends.most * world.pages
    return world.sends_per_day if isinstance(world, TableSection) else 0


RULES: tuple[Rule, ...] = (
    names_unique,
    horizon_unit,
    rates_given,
    changes_in_order,
    changes_in_time,
    check_policies,
    check_comparisons,
    check_money,
    counting_and_memory,
    curve_size,
    work_size,
    stats_size,
    sends_size,
    bank_size,
)
