"""Whether the questionnaires can be given as the protocol asks for them, and in words that readers understand."""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.statistics import instruments
from studies.protocol.problems import Problem
from studies.protocol.reading import close_to
from studies.protocol.rules.base import Inquiry, rule, second
from studies.protocol.source import Path
from studies.questionnaires import Asked, known, occasions, questionnaire_of

OF_SCALES = ("items", "low", "high", "wording", "order")
OF_COMPREHENSION = ("questions", "needed", "attempts", "on_failure")
BEFORE_READING = ("comprehension", "heatmaps", "reader-profile", "colour-vision")


@rule
def questionnaires(inquiry: Inquiry) -> Iterator[Problem]:
    """Each exists, is worded, stands where it makes sense, and has no settings of another."""
    for path, asked in _asked(inquiry):
        if asked.name not in known():
            message = f"There is no questionnaire called '{asked.name}'.{close_to(asked.name, known())}"
            yield inquiry.error(path, message)
            continue
        yield from _settings(inquiry, path, asked)
        yield from _comprehension(inquiry, path, asked)
        try:
            questionnaire_of(asked)
        except ValueError as error:
            yield inquiry.error(path, str(error))
            continue
        yield from _languages(inquiry, path, asked)


@rule
def places(inquiry: Inquiry) -> Iterator[Problem]:
    """Each is asked once at a place, after blocks that there are; what prepares for reading comes before it."""
    blocks = [block.name for block in inquiry.protocol.blocks]
    for path, asked in _asked(inquiry):
        after = path[1] == "after_block"
        if asked.blocks and not after:
            yield inquiry.error((*path, "blocks"), "Only questionnaires under 'after_block' name blocks.")
        for place, name in enumerate(asked.blocks if after else ()):
            if name not in blocks:
                message = f"There is no block called '{name}'.{close_to(name, blocks)}"
                yield inquiry.error((*path, "blocks", place), message)
        if asked.name in BEFORE_READING and path[1] != "start":
            yield inquiry.error(path, f"'{asked.name}' prepares readers: it belongs under 'start'.")
    yield from _twice(inquiry, blocks)


@rule
def trust_twice(inquiry: Inquiry) -> Iterator[Problem]:
    """Trust in one question says little unless its change can be seen."""
    found = [(path, asked) for path, asked in _asked(inquiry) if asked.name == "trust"]
    if len(found) == 1 and found[0][0][1] != "after_block":
        yield inquiry.warning(
            found[0][0], "'trust' is asked at one place only: ask it under 'start' and 'end' to see its change."
        )


def _asked(inquiry: Inquiry) -> Iterator[tuple[Path, Asked]]:
    plan = inquiry.protocol.questionnaires
    for place in ("start", "after_block", "end"):
        for number, asked in enumerate(getattr(plan, place)):
            yield ("questionnaires", place, number), asked


def _settings(inquiry: Inquiry, path: Path, asked: Asked) -> Iterator[Problem]:
    default = Asked(asked.name)
    allowed = {"name", "blocks"}
    if asked.name in {each.slug for each in instruments()}:
        allowed |= set(OF_SCALES)
    allowed |= {"weights"} if asked.name == "nasa-tlx" else set()
    allowed |= set(OF_COMPREHENSION) if asked.name == "comprehension" else set()
    for key in (*OF_SCALES, "weights", *OF_COMPREHENSION):
        if key not in allowed and getattr(asked, key) != getattr(default, key):
            yield inquiry.error((*path, key), f"'{asked.name}' has no setting '{key}'.")
    if asked.items and not asked.wording:
        yield inquiry.warning(
            path, f"Say in 'wording' where the items of '{asked.name}' come from; the report cites it."
        )
    if asked.name == "jian" and asked.order == "published":
        yield inquiry.warning((*path, "order"), "The published order of 'jian' primes its answers; shuffle the items.")


def _comprehension(inquiry: Inquiry, path: Path, asked: Asked) -> Iterator[Problem]:
    for number, question in enumerate(asked.questions):
        where = (*path, "questions", number)
        if len(question.options) < 2:
            yield inquiry.error((*where, "options"), "A question needs at least two answers to choose from.")
        elif question.right > len(question.options):
            yield inquiry.error(
                (*where, "right"), f"'right' counts the answers from 1; there are {len(question.options)}."
            )
        if not question.why.by_language:
            yield inquiry.warning(where, "Say in 'why' what a reader with a wrong answer should know.")
    if asked.questions and asked.needed is not None and asked.needed > len(asked.questions):
        yield inquiry.error(
            (*path, "needed"), f"{asked.needed} right answers are needed, but only {len(asked.questions)} are asked."
        )


def _languages(inquiry: Inquiry, path: Path, asked: Asked) -> Iterator[Problem]:
    found = questionnaire_of(asked)
    missing = [code for code in inquiry.protocol.languages if code not in found.languages]
    if missing and found.languages:
        shown = ", ".join(sorted(found.languages))
        yield inquiry.warning(
            path,
            f"'{asked.name}' has no wording in: {', '.join(missing)}. Readers of these languages see it in {shown}.",
        )


def _twice(inquiry: Inquiry, blocks: list[str]) -> Iterator[Problem]:
    plan = inquiry.protocol.questionnaires
    for place in ("start", "end"):
        for number in second([asked.name for asked in getattr(plan, place)]):
            name = getattr(plan, place)[number].name
            yield inquiry.error(("questionnaires", place, number), f"'{name}' is asked twice at the same place.")
    after = [occasion for occasion in occasions(plan, blocks) if occasion.place == "after-block"]
    for number in second([f"{occasion.block}/{occasion.asked.name}" for occasion in after]):
        twice = after[number]
        yield inquiry.error(
            ("questionnaires", "after_block", plan.after_block.index(twice.asked)),
            f"'{twice.asked.name}' is asked twice after the block '{twice.block}'.",
        )
