"""Published instruments as questionnaires: shipped wording, or the words that a study's protocol brings."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from evaluation.statistics import Instrument
from studies.questionnaires.asked import Asked
from studies.questionnaires.base import Questionnaire
from studies.questionnaires.items import Choice, Item
from studies.words import Words

MOST_BUTTONS = 9
"""Scales with more answers than this are sliders."""
PAIR = "pair"


class NoWording(ValueError):
    """The instrument's licence leaves its wording to the researcher, and the protocol brings none."""


def scale(rule: Instrument, asked: Asked) -> Questionnaire:
    """One instrument as a page; NoWording, or ValueError where the protocol's items do not fit it."""
    items = scale_items(rule, asked)
    pairs = _pairs(rule, items) if asked.weights == "pairs" else ()
    return Questionnaire(
        name=rule.slug,
        version=rule.version,
        title=_words(rule, "title"),
        items=(*items, *pairs),
        citation=rule.citation,
        licence=asked.wording or rule.licence,
        shuffled=rule.shuffled if asked.order == "default" else asked.order == "shuffled",
        scales={rule.slug: tuple(item.name for item in items)},
    )


def scale_items(rule: Instrument, asked: Asked | None = None, prefix: str = "item") -> tuple[Item, ...]:
    """The items, named `item-1`, `item-2`, ... in the published order."""
    prompts = _prompts(rule, asked)
    return tuple(_item(rule, asked, place, prompt, prefix) for place, prompt in enumerate(prompts))


def _prompts(rule: Instrument, asked: Asked | None) -> list[Words]:
    if asked is not None and asked.items:
        if len(asked.items) not in rule.lengths:
            wanted = " or ".join(map(str, rule.lengths))
            raise ValueError(f"'{rule.slug}' has {wanted} items; {len(asked.items)} are worded here.")
        return list(asked.items)
    if not rule.has_wording:
        raise NoWording(
            f"The wording of '{rule.slug}' may not be shipped ({rule.licence}): give its "
            f"{' or '.join(map(str, rule.lengths))} 'items', and say in 'wording' where they come from."
        )
    translated = {code: [item.text for item in each.items] for code, each in rule.translations.items()}
    return [
        Words((("en", item.text), *((code, texts[place]) for code, texts in translated.items())))
        for place, item in enumerate(rule.items)
    ]


def _item(rule: Instrument, asked: Asked | None, place: int, prompt: Words, prefix: str) -> Item:
    steps = round((rule.high - rule.low) / rule.step) + 1
    buttons = steps <= MOST_BUTTONS
    values = tuple(int(rule.low + rule.step * number) for number in range(steps)) if buttons else ()
    return Item(
        name=f"{prefix}-{place + 1}",
        prompt=prompt,
        kind="scale" if buttons else "slider",
        choices=tuple(Choice(value, Words()) for value in values),
        low=_end(rule, asked, place, "low"),
        high=_end(rule, asked, place, "high"),
        ends=(rule.low, rule.high, rule.step),
    )


def _end(rule: Instrument, asked: Asked | None, place: int, end: str) -> Words:
    """What an end of the item's scale is called: the study's words, the item's own, the instrument's."""
    if asked is not None and (own := asked.low if end == "low" else asked.high).by_language:
        return own
    label = f"{end}_label"
    found = [("en", getattr(rule.items[place], label) or getattr(rule, label))]
    if asked is None or not asked.items:
        found += [
            (code, getattr(each.items[place], label) or getattr(each, label))
            for code, each in rule.translations.items()
        ]
    return Words(tuple(found))


def _pairs(rule: Instrument, items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Which of two items mattered more, for every pair of them."""
    names = [_name(rule, place) for place in range(len(items))]
    return tuple(
        Item(
            name=f"{PAIR}-{first + 1}-{second + 1}",
            prompt=Words((("en", "Which mattered more to the load?"), ("de", "Was trug mehr zur Belastung bei?"))),
            kind="choice",
            choices=(Choice(first + 1, names[first]), Choice(second + 1, names[second])),
        )
        for first, second in combinations(range(len(items)), 2)
    )


def tallies(answers: Mapping[str, object], items: int) -> list[int] | None:
    """How often each item was chosen over another; None where the pairs were not asked."""
    chosen = [answer for name, answer in answers.items() if name.startswith(f"{PAIR}-")]
    return [sum(each == place for each in chosen) for place in range(1, items + 1)] if chosen else None


def _name(rule: Instrument, place: int) -> Words:
    translated = ((code, each.items[place].name) for code, each in rule.translations.items())
    return Words((("en", rule.items[place].name), *translated))


def _words(rule: Instrument, field: str) -> Words:
    return Words(
        (("en", getattr(rule, field)), *((code, getattr(each, field)) for code, each in rule.translations.items()))
    )
