"""The shipped production scenarios: the deployed loop, and the same with the sound forms."""

from sim.scenario import load


def test_the_two_differ_in_the_forms_of_the_loop_alone():
    small, sound = load("production_small"), load("production_sound")
    assert small.world == sound.world
    assert small.horizon == sound.horizon
    assert (small.seed, small.replications) == (sound.seed, sound.replications)
    assert small.policies == sound.policies
    assert small.feedback.attribution == sound.feedback.attribution == 0.0913


def test_the_small_one_has_every_deployed_form():
    scenario = load("production_small")
    feedback, selection = scenario.feedback, scenario.selection
    assert (feedback.counting, feedback.median, feedback.look_back_days) == ("every_refresh", "lower", 7.0)
    assert (feedback.refresh_hours, feedback.loads.every_hours, feedback.loads.report_days) == (6.0, 168.0, 7.0)
    assert (selection.score, selection.no_row_value, selection.bump) == ("composite", "dollars", "by_hand")
    assert selection.rank_defect and selection.budgets and not selection.sweep


def test_the_sound_one_has_none_of_them():
    scenario = load("production_sound")
    feedback, selection = scenario.feedback, scenario.selection
    assert (feedback.counting, feedback.median) == ("once", "exact")
    assert (selection.no_row_value, selection.rank_defect) == ("zero", False)
