"""Simulated readers: people with known habits, so that it is known what an analysis ought to find."""

from __future__ import annotations

from studies.simulation.answering import Sight, answer
from studies.simulation.readers import EFFECTS, Effects, SimulatedReader, SimulationError, Stimulus, reader_of

__all__ = ["EFFECTS", "Effects", "Sight", "SimulatedReader", "SimulationError", "Stimulus", "answer", "reader_of"]
