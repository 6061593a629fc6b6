"""The typed scenario: `load` reads one, every problem at once; the models say what it may hold."""

from sim.scenario.loader import load
from sim.scenario.model import Check, Horizon, PolicySpec, Record, Scenario
from sim.scenario.sections.traffic import Selection, TrafficFeedback, TrafficWorld
from sim.scenario.sections.worlds import (
    BernoulliFeedback,
    BernoulliWorld,
    BetaPrior,
    Change,
    Churn,
    GeometricDelay,
    TableColumns,
    TableFeedback,
    TableSelection,
    TableWorld,
)

__all__ = [
    "BernoulliFeedback",
    "BernoulliWorld",
    "BetaPrior",
    "Change",
    "Check",
    "Churn",
    "GeometricDelay",
    "Horizon",
    "PolicySpec",
    "Record",
    "Scenario",
    "Selection",
    "TableColumns",
    "TableFeedback",
    "TableSelection",
    "TableWorld",
    "TrafficFeedback",
    "TrafficWorld",
    "load",
]
