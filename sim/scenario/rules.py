"""What has to hold between the sections of a scenario.

Each rule names, as its arguments, the sections it needs, and is asked only where all of them are right by themselves.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sim.scenario.document import Finding
from sim.scenario.model import Check, Horizon, PolicySpec, Record
from sim.scenario.sections.world_section import WorldSection
from sim.scenario.worlds import WORLDS
from sim.wording import did_you_mean

LONGEST_NAME = 64
MAX_WORK = 10**14
MAX_ROWS = 10**8
MAX_REPLICATION_SENDS = 2 * 10**7

Rule = Callable[..., Iterator[Finding]]


def broken(sections: Mapping[str, Any]) -> Iterator[Finding]:
    """The findings of every rule whose sections are all there."""
    for rule, needed in _needs():
        if all(name in sections for name in needed):
            yield from rule(**{name: sections[name] for name in needed})


@cache
def _needs() -> list[tuple[Rule, tuple[str, ...]]]:
    """Every rule, and the names of the sections it needs."""
    return [(rule, tuple(inspect.signature(rule).parameters)) for rule in RULES]


def names_unique(policy_names: Sequence[str | None]) -> Iterator[Finding]:
    """Names become folder names, and some file systems do not tell A from a."""
    first: dict[str, int] = {}
    for index, name in enumerate(policy_names):
        if name is not None and first.setdefault(name.casefold(), index) != index:
            where = f"policies.{first[name.casefold()]}"
            taken = f'the name "{_short(name)}" is taken by {where}'
            yield Finding(("policies", index), f"{taken}; give each a `name` of its own")


def _short(name: str) -> str:
    """A name as it may appear in a message, whatever its length."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def horizon_unit(horizon: Horizon, world: WorldSection) -> Iterator[Finding]:
    """A bernoulli world counts pulls, the others days."""
    right = WORLDS[world.kind].horizon
    wrong = "days" if right == "pulls" else "pulls"
    if getattr(horizon, wrong) is not None:
        yield Finding(("horizon", wrong), f"a {world.kind} world is as long as its `{right}`, not its `{wrong}`")
    elif getattr(horizon, right) is None:
        yield Finding(("horizon",), f"a {world.kind} world needs `{right}`")


def world_by_itself(world: WorldSection) -> Iterator[Finding]:
    """What the world's own section finds."""
    yield from world.findings()


def world_until_the_end(world: WorldSection, horizon: Horizon) -> Iterator[Finding]:
    """What the world's own section finds with regard to the horizon."""
    length = getattr(horizon, WORLDS[world.kind].horizon)
    if length is not None:
        yield from world.findings_until(length)


def check_policies(checks: Sequence[Check], policy_names: Sequence[str | None]) -> Iterator[Finding]:
    """Checks speak of policies that exist."""
    for index, check in enumerate(checks):
        for key in ("policy", "not_worse_than", "better_than"):
            name = getattr(check, key)
            if name is not None and name not in policy_names:
                hint = did_you_mean(name, map(_short, filter(None, policy_names)))
                message = f'no policy is named "{_short(name)}"{hint}'
                yield Finding(("checks", index, key), f"{message} (leave out the checks: --set 'checks=[]')")
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


def check_money(checks: Sequence[Check], world: WorldSection) -> Iterator[Finding]:
    """Money exists only in some worlds."""
    for index, check in enumerate(checks):
        if check.metric == "revenue_usd" and not world.has_money:
            yield Finding(("checks", index, "metric"), f"a {world.kind} world has no revenue{world.money_hint}")


def counting_and_memory(feedback: Any, policies: Sequence[PolicySpec]) -> Iterator[Finding]:
    """A policy that forgets message by message needs each message to be counted once."""
    if getattr(feedback, "counting", "once") == "once":
        return
    for place, spec in enumerate(policies):
        if not spec.build().memory.cumulative:
            message = f"{spec.name} forgets by message, which needs `feedback.counting: once`"
            yield Finding(("policies", place), message)


def lock_and_bank(world: Any, selection: Any) -> Iterator[Finding]:
    """Pages can lock captions for one another only where they have the same ones."""
    if getattr(selection, "agency_lock", "none") != "none" and not world.bank.shared:
        yield Finding(("selection", "agency_lock"), "pages need one bank for it; set `world.bank.shared: true`")


def incident_pages(incidents: Any, world: Any) -> Iterator[Finding]:
    """An incident happens on pages that exist."""
    for index, incident in enumerate(incidents):
        absent = max((0, *incident.pages)) if incident.pages != "all" else 0
        if absent > world.pages:
            message = f"there is no page {absent:,}; `world.pages` is {world.pages:,}"
            yield Finding(("incidents", index, "pages"), message)


def curve_size(replications: int, record: Record, policy_names: Sequence[str | None]) -> Iterator[Finding]:
    """Curves fit into memory."""
    rows = replications * record.curve_points * len(policy_names)
    if rows > MAX_ROWS:
        message = f"{rows:,.0f} curve rows (replications × curve_points × policies); the limit is {MAX_ROWS:,.0f}"
        fit = int(MAX_ROWS / rows * record.curve_points)
        yield Finding(("replications",), f"{message}; `record.curve_points` of at most {fit} fit")


def work_size(
    replications: int, horizon: Horizon, world: WorldSection, policy_names: Sequence[str | None]
) -> Iterator[Finding]:
    """A run ends within days: each decision may evaluate the score of every arm."""
    work = sends_ever(world, horizon) * world.arms_per_decision * replications * len(policy_names)
    if work > MAX_WORK:
        message = f"{work:.1e} arm scores to evaluate (decisions × arms × replications × policies)"
        yield Finding(("horizon",), f"{message}; the limit is {MAX_WORK:.0e}")


def stats_size(
    replications: int, record: Record, horizon: Horizon, world: WorldSection, policy_names: Sequence[str | None]
) -> Iterator[Finding]:
    """The caption statistics fit onto a disk."""
    repeats = {"all": replications, "last": 1, "none": 0}[record.stats]
    rows = world.arms_ever(horizon.length) * repeats * len(policy_names)
    if rows > MAX_ROWS:
        message = f"up to {rows:.1e} caption rows to write (captions × replications × policies)"
        yield Finding(("record", "stats"), f"{message}; the limit is {MAX_ROWS:.0e}; `stats: last` writes fewer")


def sends_size(
    replications: int, record: Record, horizon: Horizon, world: WorldSection, policy_names: Sequence[str | None]
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


def sends_ever(world: WorldSection, horizon: Horizon) -> float:
    """The most sends of a replication, of a single page where only a file knows how many there are; or its pulls."""
    if horizon.unit == "days":
        return horizon.length * world.most_sends_per_day
    return horizon.length * (world.arms_at_start // max(1, world.arms_per_decision))


RULES: tuple[Rule, ...] = (
    names_unique,
    horizon_unit,
    world_by_itself,
    world_until_the_end,
    check_policies,
    check_comparisons,
    check_money,
    counting_and_memory,
    lock_and_bank,
    incident_pages,
    curve_size,
    work_size,
    stats_size,
    sends_size,
)
