"""Reads follow the reader's skill, and then the AI as far as the reader relies on it."""

from __future__ import annotations

from studies.simulation.answering import Answers, Sight, by_chance, habit
from studies.simulation.readers import SimulatedReader
from studies.tasks.reads import THRESHOLD


@habit("diagnosis")
def diagnose(reader: SimulatedReader, sight: Sight) -> Answers:
    """The first read alone; the second moves towards the AI."""
    alone = reader.read(sight.first)
    if sight.step.name == "initial":
        return {"probability": alone}
    return _marked(reader, sight, reader.read_again(sight.first, alone, sight.advice, sight.has_map))


@habit("unaided-read")
@habit("aided-read")
@habit("explained-read")
def read(reader: SimulatedReader, sight: Sight) -> Answers:
    """One read, which moves towards the AI where it is in view."""
    alone = reader.read(sight.first)
    return _marked(reader, sight, reader.read_again(sight.first, alone, sight.advice, sight.has_map))


@habit("error-detection")
def judge(reader: SimulatedReader, sight: Sight) -> Answers:
    """The AI is held to be right as far as it agrees with what the reader sees."""
    own = reader.read(sight.first) / 100
    said = own if sight.advice is None else sight.advice
    agreement = own * said + (1 - own) * (1 - said)
    return {"ai_right": 1 + sum(agreement > edge for edge in (0.35, 0.5, 0.65))}


@habit("forward-simulation")
def foretell(reader: SimulatedReader, sight: Sight) -> Answers:
    """The AI is taken to say what the reader would; a plausible map makes a finding likelier."""
    own = reader.read(sight.first)
    if sight.has_map:
        own = min(100.0, max(0.0, own + 60 * (sight.first.plausibility - 0.25) * reader.reliance))
    if sight.step.questions[0].name == "ai_call":
        return {"ai_call": int(own >= THRESHOLD)}
    return {"ai_probability": round(own, 1)}


@habit("counterfactual-simulation")
def foretell_change(reader: SimulatedReader, sight: Sight) -> Answers:
    """Who looks closely meets the truth more often than by chance; lazy readers say that nothing changes."""
    if reader.kind == "lazy":
        return {"change": "same"}
    question = sight.step.questions[0]
    expected = sight.task.rows({sight.step.name: [{"change": "same"}]}, sight.truth)[0].expected
    knows = reader.rng("change", sight.first.case, sight.first.map).random() < (0.6 if sight.has_map else 0.45)
    return {"change": expected if knows and expected else by_chance(reader, question, sight.first.case)}


def _marked(reader: SimulatedReader, sight: Sight, probability: float) -> Answers:
    """The probability, and marks where they are asked for: set by chance."""
    given: Answers = {"probability": probability}
    for question in sight.step.questions[1:]:
        if question.is_asked(given):
            given[question.name] = by_chance(reader, question, sight.first.case)
    return given
