"""Items: what is asked, and which answers are taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from studies.tasks.questions import InvalidAnswer
from studies.words import Words

Kind = Literal["choice", "scale", "slider", "text", "plate"]
LONGEST_TEXT = 4000


@dataclass(frozen=True)
class Choice:
    """One answer to choose: `value` is stored, `label` is read."""

    value: int | str
    label: Words


@dataclass(frozen=True)
class Item:
    """One item. No item has a default: an untouched control is no answer.

    `scale` is a row of numbers between two named ends, `slider` the same with too many steps for buttons (`low`,
    `high` and `step` in `ends`), `plate` a drawn picture with choices. `identifying` says that the answer helps to
    tell who somebody is: exports suppress it in small groups. `right` and `why` belong to comprehension checks and
    never reach a page that asks.
    """

    name: str
    prompt: Words
    kind: Kind
    choices: tuple[Choice, ...] = ()
    required: bool = True
    low: Words = Words()
    high: Words = Words()
    ends: tuple[float, float, float] = (0, 100, 1)
    help: Words = Words()
    identifying: bool = False
    right: int | str | None = None
    why: Words = Words()

    def clean(self, value: Any) -> int | float | str | None:
        """The answer as it is stored, or None where an optional item was left out; InvalidAnswer otherwise."""
        if value is None or value == "":
            if self.required:
                raise InvalidAnswer("Please answer this question.")
            return None
        match self.kind:
            case "text":
                return _text(value)
            case "slider":
                return self._number(value)
        for choice in self.choices:
            # Forms send text, scripts send numbers: both name the choice by its value.
            if not isinstance(value, bool) and str(choice.value) == str(value):
                return choice.value
        raise InvalidAnswer("Please choose one of the answers offered.")

    def _number(self, value: Any) -> float:
        low, high, step = self.ends
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if isinstance(value, bool) or not low <= number <= high or (number - low) % step:
            raise InvalidAnswer("Please choose one of the marks of the slider.")
        return number


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        raise InvalidAnswer("Please write a text.")
    if len(value) > LONGEST_TEXT:
        raise InvalidAnswer("Please keep this text below 4,000 characters.")
    return value.strip() or None
