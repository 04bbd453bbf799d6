"""What a heatmap is and is not: a page to read, in sections, some with a figure; it asks nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from foundation.provenance import digest_of
from studies.questionnaires.base import Questionnaire
from studies.words import Words


@dataclass(frozen=True)
class Section:
    """A heading, a text, and a figure by the name of its file with what it shows in words."""

    title: Words
    text: Words
    figure: str = ""
    shows: Words = Words()


@dataclass(frozen=True)
class Training(Questionnaire):
    """Its answer is that it was read."""

    kind: ClassVar[str] = "training"

    sections: tuple[Section, ...] = ()

    @property
    def languages(self) -> frozenset[str]:
        """The languages that every section is worded in."""
        return frozenset.intersection(*(frozenset(section.text.as_dict()) for section in self.sections))

    @property
    def wording(self) -> str:
        """SHA-256 of every section's words."""
        return digest_of([[section.title.as_dict(), section.text.as_dict()] for section in self.sections])
