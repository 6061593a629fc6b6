"""The typed scenario: `load` reads one, every problem at once; the models say what it may hold."""

from sim.scenario.loader import load
from sim.scenario.model import Check, Horizon, PolicySpec, Record, Scenario
from sim.scenario.sections.bernoulli import (
    BernoulliFeedback,
    BernoulliSection,
    BetaPrior,
    Change,
    Churn,
    GeometricDelay,
)
from sim.scenario.sections.table import TableColumns, TableFeedback, TableSection, TableSelection
from sim.scenario.sections.traffic import TrafficSection
from sim.scenario.sections.traffic_loop import Selection, TrafficFeedback

__all__ = [
    "BernoulliFeedback",
    "BernoulliSection",
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
    "TableSection",
    "TableSelection",
    "TrafficFeedback",
    "TrafficSection",
    "load",
]
