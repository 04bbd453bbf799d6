"""A questionnaire: its items, their order for a reader, which answers it takes, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from foundation.provenance import digest_of
from studies.questionnaires.items import Item
from studies.tasks.questions import InvalidAnswer, InvalidAnswers
from studies.words import Words

Answers = Mapping[str, Any]


@dataclass(frozen=True)
class Questionnaire:
    """What one page asks. `version` counts changes of the wording that comes with the code.

    `attempts` is how often a reader may try until the outcome says `passed`; one attempt needs no such outcome.
    """

    kind: ClassVar[str] = "plain"
    """Which template draws it: `studies/questionnaires/<kind>.html`."""

    name: str
    version: int
    title: Words
    items: tuple[Item, ...]
    lead: Words = Words()
    citation: str = ""
    licence: str = ""
    shuffled: bool = False
    attempts: int = 1
    scales: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Instruments among its items: their slugs with the names of their items, in the published order."""

    def order(self, seed: int) -> tuple[str, ...]:
        """The items' names as a reader is shown them; the same for the same seed."""
        names = [item.name for item in self.items]
        if self.shuffled:
            np.random.default_rng(seed).shuffle(names)
        return tuple(names)

    def validate(self, answers: Answers) -> dict[str, Any]:
        """The answers as they are stored, of every item answered; InvalidAnswers with a sentence for each otherwise."""
        known = {item.name for item in self.items}
        problems = {str(name): "This question is not asked here." for name in answers if name not in known}
        clean: dict[str, Any] = {}
        for item in self.items:
            try:
                value = item.clean(answers.get(item.name))
            except InvalidAnswer as error:
                problems[item.name] = str(error)
                continue
            if value is not None:
                clean[item.name] = value
        if problems:
            raise InvalidAnswers(problems)
        return clean

    def outcome(self, answers: Answers, seed: int) -> dict[str, Any]:
        """What follows from the answers beyond themselves; empty for most."""
        return {}

    def settled(self, outcomes: Iterable[Mapping[str, Any]]) -> bool:
        """Whether no further attempt is asked for, after attempts with these outcomes."""
        given = list(outcomes)
        return bool(given) and (len(given) >= self.attempts or any(each.get("passed", True) for each in given))

    @property
    def languages(self) -> frozenset[str]:
        """The languages that all of its items, choices and ends of scales are worded in."""
        items = self.items
        texts = [words for item in items for words in (item.prompt, item.low, item.high)]
        texts += [choice.label for item in items for choice in item.choices]
        worded = [frozenset(words.as_dict()) for words in texts if words.by_language]
        return frozenset.intersection(*(worded or [frozenset(self.title.as_dict())]))

    @property
    def wording(self) -> str:
        """SHA-256 of every word that is shown: equal answers to other words are other answers."""
        shown = [
            [
                item.name,
                item.prompt.as_dict(),
                item.low.as_dict(),
                item.high.as_dict(),
                [[choice.value, choice.label.as_dict()] for choice in item.choices],
            ]
            for item in self.items
        ]
        return digest_of([self.title.as_dict(), self.lead.as_dict(), shown])
