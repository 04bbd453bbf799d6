"""Reads follow the reader's skill, and then the AI as far as the reader relies on it."""

from __future__ import annotations

from studies.simulation.answering import Answers, Sight, habit
from studies.simulation.readers import SimulatedReader


@habit("diagnosis")
def diagnose(reader: SimulatedReader, sight: Sight) -> Answers:
    """The first read alone; the second moves towards the AI."""
    alone = reader.read(sight.first)
    if sight.step.name == "initial":
        return {"probability": alone}
    return {"probability": reader.read_again(sight.first, alone, sight.advice, sight.has_map)}
