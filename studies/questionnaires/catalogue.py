"""All questionnaires there are: published instruments, and our own, one YAML file each beside this module."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from evaluation.statistics import instrument, instruments
from studies.questionnaires.asked import Asked
from studies.questionnaires.base import Questionnaire
from studies.questionnaires.colour_vision import UNSEEN, ColourVision
from studies.questionnaires.comprehension import Comprehension, as_asked
from studies.questionnaires.items import Choice, Item
from studies.questionnaires.plates import FIGURES, PLATES
from studies.questionnaires.scales import scale, scale_items
from studies.questionnaires.training import Section, Training
from studies.words import Words

FOLDER = Path(__file__).parent / "own"
KINDS: dict[str, type[Questionnaire]] = {
    kind.kind: kind for kind in (Questionnaire, ColourVision, Comprehension, Training)
}


@cache
def known() -> tuple[str, ...]:
    """The names that a protocol may ask for."""
    return tuple(sorted({path.stem for path in FOLDER.glob("*.yaml")} | {each.slug for each in instruments()}))


def questionnaire_of(asked: Asked) -> Questionnaire:
    """The questionnaire that a protocol asks for; ValueError where it cannot be given."""
    if asked.name not in known():
        raise ValueError(f"There is no questionnaire called '{asked.name}'.")
    if not (FOLDER / f"{asked.name}.yaml").exists():
        return scale(instrument(asked.name), asked)
    own = _own(asked.name)
    return as_asked(own, asked) if isinstance(own, Comprehension) else own


@cache
def _own(name: str) -> Questionnaire:
    found = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    kind = KINDS[found.pop("kind", "plain")]
    items, scales = _items(found.pop("items", ()))
    more: dict[str, Any] = {key: _words(found.pop(key)) for key in ("title", "lead") if key in found}
    if "sections" in found:
        more["sections"] = tuple(_section(each) for each in found.pop("sections"))
    return kind(**found, **more, name=name, items=items, scales=scales)


def _items(listed: Any) -> tuple[tuple[Item, ...], dict[str, tuple[str, ...]]]:
    """The items, and the instruments that are among them."""
    items: list[Item] = []
    scales = {}
    for each in listed:
        if "instrument" in each:
            slug = each["instrument"]
            added = list(scale_items(instrument(slug), prefix=slug))
            scales[slug] = tuple(item.name for item in added)
        elif "plates" in each:
            added = list(_plates(_words(each["plates"]), each["figures"], _words(each["help"])))
        else:
            added = [_item(dict(each))]
        items += added
    return tuple(items), scales


def _item(found: dict[str, Any]) -> Item:
    choices = tuple(_choice(value, label) for value, label in found.pop("choices", {}).items())
    texts: dict[str, Any] = {key: _words(found.pop(key)) for key in ("prompt", "help", "why") if key in found}
    facts: dict[str, Any] = {"kind": "choice", **found, **texts}
    return Item(**facts, choices=choices)


def _plates(prompt: Words, figures: dict[str, Any], help: Words) -> Iterator[Item]:
    wanted = {*FIGURES, "none", UNSEEN}
    choices = tuple(_choice(value, figures[value]) for value in figures if value in wanted)
    for number in range(1, len(PLATES) + 1):
        numbered = Words(tuple((code, text.format(number=number, of=len(PLATES))) for code, text in prompt.by_language))
        yield Item(name=f"plate-{number}", prompt=numbered, kind="plate", choices=choices, help=help)


def _choice(value: int | str, label: Any) -> Choice:
    return Choice(value, _words(label))


def _section(found: dict[str, Any]) -> Section:
    texts = {key: _words(found[key]) for key in ("title", "text", "shows") if key in found}
    return Section(**texts, figure=found.get("figure", ""))


def _words(found: dict[str, str]) -> Words:
    return Words(tuple((code, str(text).strip()) for code, text in found.items()))
