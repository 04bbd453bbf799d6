"""A text for readers in several languages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """A text for readers, by language, the study's first language first."""

    by_language: tuple[tuple[str, str], ...] = ()

    def in_language(self, code: str) -> str:
        """The text in this language, or in the study's first; empty where there is none."""
        known = dict(self.by_language)
        return known.get(code.split("-")[0]) or next(iter(known.values()), "")

    def language_for(self, code: str) -> str:
        """The language that `in_language` answers in; empty where there is no text."""
        known = dict(self.by_language)
        wanted = code.split("-")[0]
        return wanted if known.get(wanted) else next(iter(known), "")

    def as_dict(self) -> dict[str, str]:
        """`{language: text}`."""
        return dict(self.by_language)
