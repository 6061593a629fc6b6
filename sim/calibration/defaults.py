"""The defaults of the traffic world by dotted key."""

from typing import Any

from sim.calibration.figures import Value
from sim.scenario.sections.traffic import TrafficSection
from sim.scenario.sections.traffic_loop import Selection, TrafficFeedback

SECTIONS = {"world": TrafficSection(), "feedback": TrafficFeedback(), "selection": Selection()}


def default_of(key: str) -> Value:
    """The default of a key such as `world.views.priced.mean`; tuples become lists."""
    first, *rest = key.split(".")
    at: Any = SECTIONS[first]
    for part in rest:
        at = getattr(at, part)
    value: Value = _lists(at)
    return value


def _lists(value: Any) -> Any:
    return [_lists(each) for each in value] if isinstance(value, tuple) else value
