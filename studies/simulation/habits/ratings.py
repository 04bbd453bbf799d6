"""Ratings and comparisons follow what can be seen of a map beside the truth."""

from __future__ import annotations

from studies.simulation.answering import Answers, Sight, habit
from studies.simulation.readers import SimulatedReader


@habit("usefulness")
def rate(reader: SimulatedReader, sight: Sight) -> Answers:
    """Coverage and extraneous."""
    return dict(reader.rate(sight.first, sight.occurrence))


@habit("preference")
def compare(reader: SimulatedReader, sight: Sight) -> Answers:
    """Which of two, and how clearly."""
    return dict(reader.compare(sight.stimuli[0], sight.stimuli[1], sight.occurrence))
