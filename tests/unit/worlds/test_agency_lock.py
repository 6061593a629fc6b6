"""The agency-wide lock equals a naive twin, message by message; what a lock costs, and what it leaves alone."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.units import DAY_S
from sim.worlds.traffic.selection.agency_lock import is_locked, lock, stop_at_clash
from sim.worlds.traffic.world import TrafficWorld
from twins.agency_lock import Locking, NaiveLockedCompositePage, NaiveLockedPage, run_in_turn
from twins.composite import listing_of
from twins.traffic_checks import DAYS, REPLICATION, SELECTION, WORLD, check_sends, check_totals, scenario_of

SHARED = WORLD | {"pages": 3, "bank": WORLD["bank"] | {"shared": True, "correlation": 0.5, "captions": 90}}
RUNS = range(REPLICATION - 1, REPLICATION + 1)
CUTS = (0.3, 1.0, 7.0, 7.001, 15.5, float(DAYS))
PLAIN = [("wilson_sample", "skip"), ("wilson_sample", "abort"), ("round_robin", "skip")]


def row_of(last_used: dict[int, int], day: int = 9, cool_down_days: int = 7) -> Any:
    """A row of ten captions, of which caption c has place 9 - c; `last_used` by place."""
    seconds = np.full(10, -(2**30))
    for place, second in last_used.items():
        seconds[place] = second
    captions = [SimpleNamespace(place=9 - c) for c in range(10)]
    work = SimpleNamespace(eligible=np.arange(10)[::-1], chosen=np.array([9, 8, 7, 6, 0]))
    rules, page = SimpleNamespace(cool_down_s=cool_down_days * DAY_S), SimpleNamespace(day=day, aborted=0)
    tried, fleet = SimpleNamespace(captions=captions), SimpleNamespace(last_used=seconds)
    return SimpleNamespace(rules=rules, page=page, tried=tried, fleet=fleet, work=work)


@pytest.mark.parametrize(("second", "locked"), [(2 * DAY_S, False), (2 * DAY_S + 1, True), (9 * DAY_S, True)])
def test_a_lock_ends_when_the_cool_down_has_passed(second: int, locked: bool) -> None:
    row = row_of({5: second})
    assert is_locked(4, 2 * DAY_S, row) == locked
    assert not is_locked(5, 2 * DAY_S, row)


@pytest.mark.parametrize("second_of_day", [0, 1, 5_000])
def test_without_a_cool_down_a_caption_is_locked_for_its_day(second_of_day: int) -> None:
    row = row_of({}, cool_down_days=0)
    lock(3, 9 * DAY_S + second_of_day, row)
    assert is_locked(3, 9 * DAY_S, row)
    assert not is_locked(3, 10 * DAY_S, row)


def test_a_call_stops_at_the_first_locked_caption() -> None:
    row = row_of({7: 8 * DAY_S})
    assert stop_at_clash(2, row) == 2
    assert row.page.aborted == 0
    assert stop_at_clash(5, row) == 2  # position 7 is caption 2, whose place is 7
    assert row.page.aborted == 1
    assert stop_at_clash(0, row) == 0
    assert row.page.aborted == 0


def test_a_lock_needs_a_shared_bank() -> None:
    with pytest.raises(InputError, match=r"world\.bank\.shared: true"):
        scenario_of("uniform", selection={"agency_lock": "skip"})


def locked_scenario(policy: Any, form: str, selection: dict[str, Any] | None = None, **changes: Any) -> Any:
    own = SELECTION | {"agency_lock": form} | (selection or {})
    return scenario_of(policy, world=SHARED, selection=own, **changes)


def run_both(scenario: Any, kind: Any = NaiveLockedPage) -> Any:
    made = TrafficWorld(scenario, scenario.policies[0], RUNS)
    bank, fans, pages = made.bank(1), made.audiences(1), scenario.world.pages
    log_rate = made._block.bank.entries["log_rate"][pages:].ravel()
    columns = (bank.caption_id, bank.tier, bank.price, log_rate, bank.arrives_week, bank.retires_week)
    twins = []
    with np.errstate(over="ignore"):
        for page in range(pages):
            own = [column[bank.page == page + 1].tolist() for column in columns]
            more = {}
            if kind is NaiveLockedCompositePage:
                more["listing"] = listing_of(made._block, pages + page, bank.caption_id[bank.page == page + 1])
            captions = list(zip(*own, strict=True))
            twins.append(kind(scenario, REPLICATION, page, captions, int(fans[page]), **more))
        run_in_turn(twins)
    for cut in CUTS:
        made.advance(cut)
    return made, twins


@pytest.mark.long
@pytest.mark.parametrize(("policy", "form"), PLAIN)
def test_kernel_and_twin_agree_bit_for_bit(policy: str, form: str) -> None:
    world, pages = run_both(locked_scenario(policy, form))
    check_sends(world.sends(1), pages)
    check_totals(world, pages)


@pytest.mark.long
@pytest.mark.parametrize("form", ["skip", "abort"])
@pytest.mark.parametrize("switches", [{}, {"rank_defect": True}, {"sweep": True}], ids=str)
def test_kernel_and_twin_agree_on_the_composite_selection(form: str, switches: dict[str, Any]) -> None:
    scenario = locked_scenario("wilson_sample", form, {"score": "composite"} | switches, record={})
    world, pages = run_both(scenario, NaiveLockedCompositePage)
    check_totals(world, pages)


@pytest.mark.long
@pytest.mark.parametrize("form", ["skip", "abort"])
def test_a_twin_that_forgets_locks_is_noticed(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Locking, "note", lambda self, slots, day: None)
    world, pages = run_both(locked_scenario("wilson_sample", form))
    with pytest.raises(AssertionError):
        check_totals(world, pages)


def sent_by(log: Any) -> dict[int, list[tuple[float, int]]]:
    """{caption: [(day, page), …]} in order of time."""
    sends: dict[int, list[tuple[float, int]]] = {}
    days = (log.sending_time_us - log.sending_time_us.min()) / (DAY_S * 1e6)
    for caption, day, page in zip(log.caption_id.tolist(), days.tolist(), log.page.tolist(), strict=True):
        sends.setdefault(caption, []).append((day, page))
    return sends


def shortest_rest(log: Any) -> float:
    """Days between two sends of a caption on any pages."""
    gaps = [b[0] - a[0] for sends in sent_by(log).values() for a, b in pairwise(sends)]
    return min(gaps)


@pytest.mark.long
@pytest.mark.parametrize(
    ("policy", "form"), [*((("wilson_sample", form)) for form in ("none", "skip", "abort")), ("oracle", "abort")]
)
def test_no_caption_is_sent_twice_within_the_cool_down(policy: str, form: str) -> None:
    """On any pages; without the lock the same scenario does so."""
    scenario = locked_scenario(policy, form)
    world = TrafficWorld(scenario, scenario.policies[0], RUNS)
    world.advance(float(DAYS))
    assert (shortest_rest(world.sends(1)) >= 4.0) == (form != "none")
    if policy == "oracle":
        assert world.totals().regret == pytest.approx(0.0, abs=1e-9)


@pytest.mark.long
def test_an_aborted_call_leaves_more_slots_empty_than_skipping() -> None:
    unfilled = {}
    for form in ("skip", "abort"):
        scenario = locked_scenario("wilson_sample", form)
        world = TrafficWorld(scenario, scenario.policies[0], RUNS)
        world.advance(float(DAYS))
        unfilled[form] = int(world.unfilled().sum())
    assert unfilled["abort"] > unfilled["skip"]


@pytest.mark.long
def test_blocks_and_cuts_change_nothing() -> None:
    scenario = locked_scenario("wilson_sample", "abort")
    alone = TrafficWorld(scenario, scenario.policies[0], range(REPLICATION, REPLICATION + 1))
    alone.simulate_through([5.0, float(DAYS)], [5.0])
    alone.advance(float(DAYS))
    together = TrafficWorld(scenario, scenario.policies[0], RUNS)
    for cut in (2.0, 2.5, 3.0, 11.25, float(DAYS)):
        together.advance(cut)
    assert together.totals().regret[1] == alone.totals().regret[0]
    assert (together.sends(1).caption_id == alone.sends(0).caption_id).all()


def test_the_lock_is_off_where_nothing_is_said() -> None:
    assert scenario_of("uniform").selection.agency_lock == "none"
