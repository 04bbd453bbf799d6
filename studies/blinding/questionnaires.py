"""All that a page of a questionnaire knows: right answers and figures of plates are no fields here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studies.questionnaires import Item, Questionnaire
from studies.questionnaires.training import Section, Training
from studies.words import Words


@dataclass(frozen=True)
class ShownChoice:
    """One answer to choose; `key` is the digit that chooses it, 0 where none does."""

    value: int | str
    label: str
    key: int
    chosen: bool


@dataclass(frozen=True)
class ShownItem:
    """One item in the reader's language, or in `lang` where it is worded in another alone."""

    name: str
    kind: str
    prompt: str
    help: str
    lang: str
    required: bool
    choices: tuple[ShownChoice, ...]
    low: str
    high: str
    ends: tuple[int, int, int]
    number: int
    value: Any = None
    problem: str = ""


@dataclass(frozen=True)
class ShownSection:
    """One part of a page to read."""

    title: str
    text: str
    figure: str
    shows: str


@dataclass(frozen=True)
class Explained:
    """What a reader got wrong, and why; for the page after a failed attempt."""

    prompt: str
    answer: str
    why: str


def shown_items(
    asked: Questionnaire, order: tuple[str, ...], language: str, given: Mapping[str, Any], problems: Mapping[str, str]
) -> tuple[ShownItem, ...]:
    """The items in this order and language, with answers to start from."""
    items = {item.name: item for item in asked.items}
    return tuple(
        _shown(items[name], language, given.get(name), problems.get(name, ""), number)
        for number, name in enumerate(order, start=1)
    )


def shown_sections(asked: Questionnaire, language: str) -> tuple[ShownSection, ...]:
    """The sections of a page to read; none for other questionnaires."""
    return tuple(_section(section, language) for section in asked.sections) if isinstance(asked, Training) else ()


def explained(asked: Questionnaire, answers: Mapping[str, Any], wrong: list[str], language: str) -> list[Explained]:
    """Each wrong answer of an attempt, and what to know."""
    return [
        Explained(
            item.prompt.in_language(language),
            next(each.label.in_language(language) for each in item.choices if each.value == answers.get(item.name)),
            item.why.in_language(language),
        )
        for item in asked.items
        if item.name in wrong
    ]


def language_apart(words: Words, language: str) -> str:
    """The language of a text where it is not the page's, for its `lang`; empty where it is."""
    found = words.language_for(language)
    return "" if found == language.split("-")[0] else found


def _shown(item: Item, language: str, value: Any, problem: str, number: int) -> ShownItem:
    choices = tuple(
        ShownChoice(
            each.value, each.label.in_language(language) or str(each.value), key if key <= 9 else 0, each.value == value
        )
        for key, each in enumerate(item.choices, start=1)
    )
    low, high, step = (round(each) for each in item.ends)
    return ShownItem(
        name=item.name,
        kind=item.kind,
        prompt=item.prompt.in_language(language),
        help=item.help.in_language(language),
        lang=language_apart(item.prompt, language),
        required=item.required,
        choices=choices,
        low=item.low.in_language(language),
        high=item.high.in_language(language),
        ends=(low, high, step),
        number=number,
        value=value,
        problem=problem,
    )


def _section(section: Section, language: str) -> ShownSection:
    return ShownSection(
        section.title.in_language(language),
        section.text.in_language(language),
        section.figure,
        section.shows.in_language(language),
    )
