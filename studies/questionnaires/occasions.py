"""When a questionnaire is due: before the first image, after a block, after the last image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from studies.questionnaires.asked import Asked, Questionnaires
from studies.questionnaires.base import Questionnaire
from studies.questionnaires.catalogue import questionnaire_of

Place = Literal["start", "after-block", "end"]


@dataclass(frozen=True)
class Occasion:
    """One questionnaire at one place; `number` counts the protocol's blocks from 1."""

    place: Place
    asked: Asked
    block: str = ""
    number: int = 0

    @property
    def where(self) -> str:
        """The place in an address: `start`, `after-2`, `end`. A block's name might tell what it is for."""
        return f"after-{self.number}" if self.place == "after-block" else self.place

    @property
    def key(self) -> tuple[str, str, str]:
        """Place, block and questionnaire: unique within a study."""
        return self.place, self.block, self.asked.name

    @property
    def questionnaire(self) -> Questionnaire:
        """What is asked."""
        return questionnaire_of(self.asked)


def occasions(plan: Questionnaires, blocks: Sequence[str]) -> Iterator[Occasion]:
    """All occasions of a study with these blocks, in the order of time."""
    yield from (Occasion("start", asked) for asked in plan.start)
    for number, block in enumerate(blocks, start=1):
        for asked in plan.after_block:
            if not asked.blocks or block in asked.blocks:
                yield Occasion("after-block", asked, block, number)
    yield from (Occasion("end", asked) for asked in plan.end)


def outstanding(
    plan: Questionnaires,
    blocks: Sequence[str],
    outcomes: Mapping[tuple[str, str, str], Sequence[Mapping[str, Any]]],
    left: Sequence[str],
) -> Iterator[Occasion]:
    """What is due now and not yet filled in.

    `outcomes` are those of the attempts by an occasion's key; `left` are the blocks with trials to do, so that
    nothing is due at the end before the last of them.
    """
    for occasion in occasions(plan, blocks):
        if (occasion.place == "end" and left) or occasion.block in left:
            continue
        if not occasion.questionnaire.settled(outcomes.get(occasion.key, ())):
            yield occasion
