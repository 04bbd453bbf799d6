"""Published questionnaires as data: one YAML file each, with citation, licence, items and scoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from evaluation.statistics.errors import WrongChoice
from evaluation.statistics.tidy import require_choice

FOLDER = Path(__file__).parent / "instruments"


@dataclass(frozen=True)
class Item:
    """One question: its wording (empty where the licence leaves it to the researcher), its part, its labels."""

    text: str = ""
    name: str = ""
    subscale: str = ""
    reversed: bool = False
    low_label: str = ""
    high_label: str = ""


@dataclass(frozen=True)
class Scoring:
    """A score is (`from` of the answers, reversed ones turned, plus `shift`) times `factor`, within `low` and `high`.

    `weighted`: persons may weigh the items by tallies.
    """

    source: Literal["sum", "mean"]
    low: float
    high: float
    shift: float = 0.0
    factor: float = 1.0
    weighted: bool = False


@dataclass(frozen=True)
class Translation:
    """The same items in another language; `note` says whose translation it is and whether it was validated."""

    note: str
    title: str
    low_label: str
    high_label: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Instrument:
    """A questionnaire; answers lie between `low` and `high`. A changed wording or scoring gets another `version`."""

    slug: str
    version: int
    title: str
    citation: str
    licence: str
    measures: str
    reading: str
    low: float
    high: float
    low_label: str
    high_label: str
    items: tuple[Item, ...]
    scoring: Scoring
    shortest: int
    translations: Mapping[str, Translation] = field(default_factory=dict)
    shuffled: bool = False
    """Whether the items' order primes, so that each reader gets another one."""
    step: float = 1.0
    """What the answers from `low` to `high` are apart."""

    @property
    def has_wording(self) -> bool:
        """Whether the items come with their text."""
        return all(item.text for item in self.items)

    @property
    def lengths(self) -> tuple[int, ...]:
        """How many items the instrument may have: versions differ."""
        return tuple(range(self.shortest, len(self.items) + 1))

    @property
    def subscales(self) -> tuple[str, ...]:
        """The parts that are reported by themselves, in the order of their first items."""
        return tuple(dict.fromkeys(item.subscale for item in self.items if item.subscale))


def instruments() -> tuple[Instrument, ...]:
    """All of them, by slug."""
    return tuple(instrument(path.stem) for path in sorted(FOLDER.glob("*.yaml")))


@cache
def instrument(slug: str) -> Instrument:
    """The questionnaire of that slug; WrongChoice if there is none."""
    require_choice("scale", slug, tuple(path.stem for path in sorted(FOLDER.glob("*.yaml"))))
    return _read(yaml.safe_load((FOLDER / f"{slug}.yaml").read_text(encoding="utf-8")), slug)


def _read(found: dict[str, Any], slug: str) -> Instrument:
    if found["slug"] != slug:
        raise WrongChoice(f"The file {slug}.yaml describes {found['slug']!r}.")
    answers, scoring = found.pop("answers"), found.pop("scoring")
    translations = {code: _translation(each) for code, each in found.pop("translations", {}).items()}
    items = tuple(Item(**item) for item in found.pop("items"))
    shortest = found.pop("shortest", len(items))
    scored = Scoring(source=scoring.pop("from"), **scoring)
    return Instrument(**found, **answers, items=items, scoring=scored, shortest=shortest, translations=translations)


def _translation(found: dict[str, Any]) -> Translation:
    return Translation(**{**found, "items": tuple(Item(**item) for item in found["items"])})
