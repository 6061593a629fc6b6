"""What every kind of world answers about itself, without its engine."""

import pytest

from sim.errors import ScenarioError
from sim.scenario import load
from sim.scenario.sections.world_section import WorldSection
from sim.scenario.worlds import WORLDS

HEAD = {"version": 1, "name": "x", "replications": 2, "policies": ["uniform"]}
PULLS, DAYS = {"horizon": {"pulls": 100}}, {"horizon": {"days": 14}}


def section(world: dict[str, object], horizon: dict[str, object]) -> WorldSection:
    return load(HEAD | horizon | {"world": world}).world


def test_every_kind_declares_a_section_of_the_common_base() -> None:
    traffic = section({"kind": "traffic"}, DAYS)
    textbook = section({"kind": "bernoulli", "means": [0.1, 0.2]}, PULLS)
    counted = section({"kind": "table", "source": "counts.csv"}, DAYS)
    assert sorted(each.kind for each in (traffic, textbook, counted)) == sorted(WORLDS)
    assert all(isinstance(each, WorldSection) for each in (traffic, textbook, counted))


def test_the_sizes_of_the_textbook_problem() -> None:
    listed = section({"kind": "bernoulli", "means": [0.1, 0.2, 0.3]}, PULLS)
    drawn = section({"kind": "bernoulli", "arms": 7, "prior": {"beta": [1, 1]}}, PULLS)
    assert (listed.arms_at_start, listed.arms_per_decision, listed.arms_ever(100)) == (3, 3, 3)
    assert drawn.arms_at_start == 7
    assert (listed.most_sends_per_day, listed.input_file, listed.needs_file) == (0, None, False)


def test_the_sizes_of_traffic() -> None:
    world = {"kind": "traffic", "pages": 3, "bank": {"captions": 50}, "turnover": {"arrivals_per_week": 2.0}}
    found = section(world | {"sends": {"per_day": 20}}, DAYS)
    assert (found.arms_at_start, found.arms_per_decision) == (150, 50)
    assert found.arms_ever(14.0) == 150 + 3 * 2 * 2
    assert found.most_sends_per_day == 60
    assert not found.needs_file


def test_a_table_knows_its_file_and_not_its_size() -> None:
    found = section({"kind": "table", "source": "counts.csv", "sends_per_day": 6}, DAYS)
    assert (found.needs_file, found.input_file) == (True, "counts.csv")
    assert (found.arms_at_start, found.arms_ever(14.0), found.most_sends_per_day) == (0, 0, 6)
    assert section({"kind": "table"}, DAYS).input_file is None


@pytest.mark.parametrize(
    ("world", "horizon", "key"),
    [
        ({"kind": "bernoulli"}, PULLS, "world"),
        ({"kind": "bernoulli", "means": [0.1, 0.2], "arms": 2}, PULLS, "world.arms"),
        ({"kind": "bernoulli", "arms": 2}, PULLS, "world.arms"),
        ({"kind": "bernoulli", "prior": {"beta": [1, 1]}}, PULLS, "world.prior"),
        ({"kind": "bernoulli", "means": [0.1, 0.2], "churn": {"probability": 0.1}}, PULLS, "world.churn"),
        (
            {"kind": "bernoulli", "means": [0.1, 0.2], "changes": [{"at": 100, "means": [0.2, 0.1]}]},
            PULLS,
            "world.changes.0.at",
        ),
        (
            {"kind": "bernoulli", "means": [0.1, 0.2], "changes": [{"at": 5, "means": [0.2, 0.1, 0.3]}]},
            PULLS,
            "world.changes.0.means",
        ),
        ({"kind": "traffic", "pages": 1_000, "bank": {"captions": 20_000}}, DAYS, "world"),
    ],
)
def test_a_section_finds_its_own_mistakes(world: dict[str, object], horizon: dict[str, object], key: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        section(world, horizon)
    assert key in [problem.key for problem in caught.value.problems]


def test_a_change_at_the_last_pull_is_in_time() -> None:
    world = {"kind": "bernoulli", "means": [0.1, 0.2], "changes": [{"at": 99, "means": [0.2, 0.1]}]}
    assert not list(section(world, PULLS).findings_until(100))
    assert next(iter(section(world, PULLS).findings_until(99))).path == ("world", "changes", 0, "at")
