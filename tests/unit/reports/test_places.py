"""A kind of policy has one colour in every report; the two anchors share theirs with nobody."""

from policies.registry import kinds
from reports.figures.places import ANCHORS, COLOURS, FIXED, places
from reports.figures.style import COLOURS as PALETTE
from reports.figures.style import series


def test_a_kind_keeps_its_colour_whoever_runs_beside() -> None:
    alone = places({"ucb": "ucb1"}, kinds())
    beside = places({"wilson_sample": "wilson_sample", "x": "moss", "ucb": "ucb1"}, kinds())
    assert series(alone["ucb"]) == series(beside["ucb"])


def test_the_anchors_have_colours_of_their_own() -> None:
    every = places({kind: kind for kind in kinds()}, kinds())
    assert len(PALETTE) == COLOURS
    own = {kind: series(every[kind])["color"] for kind in kinds()}
    for anchor in ANCHORS:
        assert [kind for kind, colour in own.items() if colour == own[anchor]] == [anchor]
    assert every | FIXED == every
    assert len(set(every.values())) == len(every)


def test_two_policies_of_one_kind_share_the_colour_and_differ_in_dashes() -> None:
    found = places({"a": "greedy", "b": "greedy", "c": "ucb1"}, kinds())
    one, two = series(found["a"]), series(found["b"])
    assert one["color"] == two["color"]
    assert (one["linestyle"], one["marker"]) != (two["linestyle"], two["marker"])
    assert len(set(found.values())) == 3


def test_an_unknown_kind_of_a_plug_in_has_a_place() -> None:
    assert places({"mine": "my_own"}, ["greedy"])["mine"] >= COLOURS
