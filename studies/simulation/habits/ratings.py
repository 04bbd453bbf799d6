"""Ratings and comparisons follow what can be seen of a map beside the truth."""

from __future__ import annotations

from studies.simulation.answering import Answers, Sight, habit
from studies.simulation.readers import SimulatedReader
from studies.tasks.several import LETTERS


@habit("usefulness")
def rate(reader: SimulatedReader, sight: Sight) -> Answers:
    """Coverage and extraneous."""
    return dict(reader.rate(sight.first, sight.occurrence))


@habit("preference")
def compare(reader: SimulatedReader, sight: Sight) -> Answers:
    """Which of two, and how clearly."""
    return dict(reader.compare(sight.stimuli[0], sight.stimuli[1], sight.occurrence))


@habit("ranking")
def rank(reader: SimulatedReader, sight: Sight) -> Answers:
    """All maps in an order."""
    return {"order": [LETTERS[place] for place in reader.order(sight.stimuli, sight.occurrence)]}


@habit("best-worst")
def name_ends(reader: SimulatedReader, sight: Sight) -> Answers:
    """The two ends of the order."""
    order = reader.order(sight.stimuli, sight.occurrence)
    return {"ends": {"best": LETTERS[order[0]], "worst": LETTERS[order[-1]]}}
