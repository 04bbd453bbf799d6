"""The kinds of answers that questions take: one class each, found by its name. Each has a template of the same name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from studies.tasks.regions import MOST_REGIONS, WrongRegion, read_regions

if TYPE_CHECKING:
    from studies.tasks.questions import Question

LONGEST_TEXT = 2000
KINDS: dict[str, AnswerKind] = {}


class InvalidAnswer(ValueError):
    """The answer does not fit its question; the message is a msgid in plain English."""


class AnswerKind:
    """How the answers of one kind are read and scored. A subclass with a `name` registers itself."""

    name: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        if cls.name:
            KINDS[cls.name] = cls()

    def is_empty(self, value: Any) -> bool:
        """Whether this is no answer."""
        return value is None or value == ""

    def clean(self, question: Question, value: Any) -> Any:
        """The answer as it is stored; InvalidAnswer otherwise."""
        raise NotImplementedError

    def score(self, question: Question, value: Any) -> float | None:
        """The answer as a number for which more is better; None where it has none."""
        return None


class Choice(AnswerKind):
    """One of the options, by its value."""

    name = "choice"

    def clean(self, question: Question, value: Any) -> Any:
        """The option's value."""
        return option_of(question, value)


class Scale(Choice):
    """One of ordered options, whose values are whole numbers."""

    name = "scale"

    def score(self, question: Question, value: Any) -> float:
        """The value, turned where a high answer is a bad one."""
        numbers = [int(option.value) for option in question.options]
        return float(min(numbers) + max(numbers) - value if question.reverse else value)


class Confidence(Scale):
    """How sure the reader is: a scale of its own, so that analyses find it."""

    name = "confidence"


class Reasons(AnswerKind):
    """Any number of options, in the order of the options."""

    name = "reasons"

    def is_empty(self, value: Any) -> bool:
        """No reason is no answer."""
        return value is None or value == "" or value == []

    def clean(self, question: Question, value: Any) -> list[int | str]:
        """The values chosen, each once."""
        given = [option_of(question, item) for item in (value if isinstance(value, (list, tuple)) else [value])]
        return [option.value for option in question.options if option.value in given]


class Ranking(AnswerKind):
    """All options in an order, the best first; no ties."""

    name = "ranking"

    def is_empty(self, value: Any) -> bool:
        """An empty order is no answer."""
        return value is None or value == "" or value == []

    def clean(self, question: Question, value: Any) -> list[int | str]:
        """Every option's value once, the best first."""
        if not isinstance(value, (list, tuple)):
            raise InvalidAnswer("Please put all of them in an order.")
        order = [option_of(question, item) for item in value]
        if len(order) != len(question.options) or len(set(order)) != len(order):
            raise InvalidAnswer("Please give each of them a place of its own.")
        return order


class BestWorst(AnswerKind):
    """The best and the worst of the options: `{"best": value, "worst": value}`."""

    name = "best-worst"

    def is_empty(self, value: Any) -> bool:
        """Neither of the two is chosen."""
        return not value

    def clean(self, question: Question, value: Any) -> dict[str, int | str]:
        """Two different values."""
        if not isinstance(value, Mapping) or set(value) != {"best", "worst"}:
            raise InvalidAnswer("Please choose the best and the worst.")
        best, worst = option_of(question, value["best"]), option_of(question, value["worst"])
        if best == worst:
            raise InvalidAnswer("The best and the worst cannot be the same.")
        return {"best": best, "worst": worst}


class Probability(AnswerKind):
    """A number from 0 to 100."""

    name = "probability"

    def clean(self, question: Question, value: Any) -> float:
        """As a float."""
        number = _number(value)
        if not 0.0 <= number <= 100.0:
            raise InvalidAnswer("Please give a number from 0 to 100.")
        return number

    def score(self, question: Question, value: Any) -> float:
        """The number itself."""
        return float(value)


class Number(AnswerKind):
    """A number between the question's bounds, whole where the question says so."""

    name = "number"

    def clean(self, question: Question, value: Any) -> float:
        """As a float."""
        number = _number(value)
        if math.isnan(number) or not question.minimum <= number <= question.maximum:
            raise InvalidAnswer("Please give a number within the bounds.")
        if question.whole and number != int(number):
            raise InvalidAnswer("Please give a whole number.")
        return number

    def score(self, question: Question, value: Any) -> float:
        """The number, turned where a high answer is a bad one."""
        return -float(value) if question.reverse else float(value)


class Text(AnswerKind):
    """What the reader writes."""

    name = "text"

    def clean(self, question: Question, value: Any) -> str:
        """Without blanks around it."""
        if not isinstance(value, str):
            raise InvalidAnswer("Please write a text.")
        if len(value) > LONGEST_TEXT:
            raise InvalidAnswer("Please keep this text below 2,000 characters.")
        return value.strip()


class Regions(AnswerKind):
    """Marks in the image, see `studies.tasks.regions`."""

    name = "region"

    def is_empty(self, value: Any) -> bool:
        """No mark is no answer."""
        return value is None or value in ("", "[]") or value == []

    def clean(self, question: Question, value: Any) -> list[dict[str, Any]]:
        """As plain data, coordinates rounded to a hundredth of a pixel."""
        try:
            read = read_regions(value, shapes=question.tools, most=question.most or MOST_REGIONS, rated=question.rated)
        except WrongRegion as error:
            raise InvalidAnswer(str(error)) from None
        return [region.as_dict() for region in read]


def option_of(question: Question, value: Any) -> int | str:
    """The value of the option that was named: forms send text, scripts send numbers."""
    for option in question.options:
        if not isinstance(value, bool) and str(option.value) == str(value):
            return option.value
    raise InvalidAnswer("Please choose one of the answers offered.")


def _number(value: Any) -> float:
    try:
        return math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return math.nan
