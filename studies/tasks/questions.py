"""Questions and steps: what a reader is asked, and which answers are taken."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["scale", "choice", "probability", "text", "reasons"]
Shown = Literal["image", "ai", "map"]
LONGEST_TEXT = 2000


class InvalidAnswer(ValueError):
    """The answer does not fit its question; the message is a msgid in plain English."""


class InvalidAnswers(ValueError):
    """Some answers do not fit; `problems` maps each question's name to one sentence (a msgid)."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(f"{name}: {sentence}" for name, sentence in self.problems.items()))


@dataclass(frozen=True)
class Option:
    """One answer to choose: `value` is stored, `label` (a msgid) is read."""

    value: int | str
    label: str


@dataclass(frozen=True)
class Question:
    """One question. `prompt`, `help` and labels are msgids; `%(finding)s` stands for the block's finding.

    Stored answers: scale an int, choice a str (or int), probability a float from 0 to 100, text a str, reasons a list
    of values in the order of the options. `reverse` says that a high answer is a bad one. A question never has a
    default: an untouched control is no answer.
    """

    name: str
    prompt: str
    kind: Kind
    options: tuple[Option, ...] = ()
    required: bool = True
    reverse: bool = False
    help: str = ""

    def clean(self, value: Any) -> Any:
        """The answer as it is stored, or None where an optional question was left out; InvalidAnswer otherwise."""
        if value is None or value == "" or (self.kind == "reasons" and value == []):
            if self.required:
                raise InvalidAnswer("Please answer this question.")
            return None
        match self.kind:
            case "probability":
                return _probability(value)
            case "text":
                return _text(value)
            case "reasons":
                return self._reasons(value)
        return self._option(value)

    def score(self, value: Any) -> float | None:
        """The answer as a number for which more is better; None where it has none."""
        if self.kind == "probability" and value is not None:
            return float(value)
        if self.kind != "scale" or value is None:
            return None
        numbers = [int(option.value) for option in self.options]
        return float(min(numbers) + max(numbers) - value if self.reverse else value)

    def _option(self, value: Any) -> int | str:
        # Forms send text, scripts send numbers: both name the option by its value.
        for option in self.options:
            if not isinstance(value, bool) and str(option.value) == str(value):
                return option.value
        raise InvalidAnswer("Please choose one of the answers offered.")

    def _reasons(self, value: Any) -> list[int | str]:
        given = [self._option(item) for item in (value if isinstance(value, (list, tuple)) else [value])]
        return [option.value for option in self.options if option.value in given]


@dataclass(frozen=True)
class Step:
    """One screen of a task: what it shows, what it asks, and whether sending it closes it for good."""

    name: str
    shows: frozenset[Shown]
    questions: tuple[Question, ...]
    locks: bool = True


def _probability(value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0.0 <= number <= 100.0:
        raise InvalidAnswer("Please give a number from 0 to 100.")
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidAnswer("Please write a text.")
    if len(value) > LONGEST_TEXT:
        raise InvalidAnswer("Please keep this text below 2,000 characters.")
    return value.strip()
