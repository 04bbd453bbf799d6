"""The columns of the long table that analyses read, each with its meaning."""

from __future__ import annotations

from evaluation.analyses.table import METRIC_PREFIX

COLUMNS: dict[str, str] = {
    "advice": "what the AI said: 1 present, 0 absent",
    "ai_correct": "whether the AI was right: true or false",
    "answer": "the answer as it was given: 'first', 'second' or 'tie' in preferences, the place in rankings",
    "answer.brier": "the squared error of a foretold probability, 0 to 1",
    "answer.*": "what was measured of the answer itself, for example answer.iou, its overlap with the reference region",
    "arm": "the arm of the decision; without it the method stands in",
    "blur-matched.*": "what maps of the same values, laid out as smoothly, would score by this metric",
    "case": "which image was seen",
    "chance": "how often a guess is right, 0 to 1",
    "correct": "whether the answer is the right one: true or false",
    "control": "whether the method is a control: true or false (default false)",
    "dataset": "where the case comes from; cases of different datasets are told apart",
    "displayed.*": "the metric's value for the map as the reader saw it",
    "error.*": "the Monte Carlo standard error of the metric's value",
    "excluded_by": "the rule that takes the row out; empty for rows that count",
    "final": "the answer after the advice: 0 or 1, or a probability from 0 to 100",
    "initial": "the answer before the advice: 0 or 1, or a probability from 0 to 100",
    "instrument": "the questionnaire by its short name: sus, nasa-tlx, jian, toast, trust, ai-attitude and others",
    "item": "the number of the questionnaire's item, from 1",
    METRIC_PREFIX + "*": "a metric's value for the map of that row, one column a metric, e.g. metric.deletion",
    "method": "which explanation method made the map",
    "method_b": "the method of the second map in a comparison",
    "network": "which network was explained; its cases are told apart",
    "occurrence": "1 for the first answer to a map, 2 for its repeat (default 1)",
    "place": "rankings: the place that the map of this row got, 1 is best; empty where it got none",
    "purpose": "ordinary, or repeat, catch, foil, practice; the last three are left out, and mostly repeats too",
    "question": "which question was asked",
    "random.*": "what maps of the same values, laid out at random, would score by this metric",
    "reader": "who answered",
    "score": "the answer as a number",
    "seconds_to_explain": "how long the map took to make",
    "task": "usefulness, preference, ranking, best-worst or diagnosis; without it all rows are the analysis's",
    "technique": "which technique made the map, as the question's options call it",
    "trial": "which of the reader's trials the row belongs to; rows of one trial share it",
    "truth": "the reference standard: 1 present, 0 absent",
    "undefined.*": "why the metric has no value for the map",
}

COMMON = ("task", "excluded_by", "network", "dataset", "purpose")
