"""Which questionnaires wait for a reader, and what they filled in before: read, never written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from foundation.seeds import derive
from studies.models import Enrolment, QuestionnaireResponse
from studies.protocol import Protocol
from studies.questionnaires import Occasion, Questionnaires, occasions, outstanding
from studies.selectors import Place, ReadingStudy, place_of, protocol_of

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Due:
    """What a reader has filled in, and what is due now, the next first."""

    given: dict[Key, list[QuestionnaireResponse]]
    occasions: tuple[Occasion, ...]

    @property
    def next(self) -> Occasion | None:
        """What is asked next; None where nothing waits."""
        return self.occasions[0] if self.occasions else None

    def attempt(self, occasion: Occasion) -> int:
        """Which attempt the next one is, from 1."""
        return len(self.given.get(occasion.key, ())) + 1

    def last(self, occasion: Occasion) -> QuestionnaireResponse | None:
        """The attempt before, where there was one."""
        given = self.given.get(occasion.key, [])
        return given[-1] if given else None


def due_for(enrolment: Enrolment, place: Place | None = None) -> Due:
    """One query, and one more where the reader's place is not known yet; none where the protocol asks for nothing."""
    protocol = protocol_of(enrolment.version)
    if not list(occasions(protocol.questionnaires, blocks_of(protocol))):
        return Due({}, ())
    rows = list(QuestionnaireResponse.objects.filter(enrolment=enrolment).order_by("id"))
    return due_after(enrolment, place or place_of(enrolment), rows)


def waiting_for_questionnaires(studies: Iterable[ReadingStudy]) -> set[int]:
    """Which of these enrolments have read all and have something to fill in, from one query at most."""
    done = {each.enrolment.pk: each for each in studies if each.place.current is None}
    asked = [pk for pk, each in done.items() if protocol_of(each.enrolment.version).questionnaires != Questionnaires()]
    if not asked:
        return set()
    rows: dict[int, list[QuestionnaireResponse]] = defaultdict(list)
    for row in QuestionnaireResponse.objects.filter(enrolment__in=asked).order_by("id"):
        rows[row.enrolment_id].append(row)
    return {pk for pk in asked if due_after(done[pk].enrolment, done[pk].place, rows[pk]).occasions}


def due_after(enrolment: Enrolment, place: Place, rows: Iterable[QuestionnaireResponse]) -> Due:
    """What is due for a reader at this place who has filled in these, oldest first."""
    protocol = protocol_of(enrolment.version)
    given: dict[Key, list[QuestionnaireResponse]] = defaultdict(list)
    for row in rows:
        given[row.place, row.block, row.questionnaire].append(row)
    left = list(dict.fromkeys(row.block for row in place.rows if not row.is_done))
    outcomes = {key: [row.outcome for row in found] for key, found in given.items()}
    due = outstanding(protocol.questionnaires, blocks_of(protocol), outcomes, left)
    return Due(dict(given), tuple(due))


def occasion_at(protocol: Protocol, where: str, name: str) -> Occasion | None:
    """The occasion of an address; None where the protocol has none there."""
    found = occasions(protocol.questionnaires, blocks_of(protocol))
    return next((each for each in found if (each.where, each.asked.name) == (where, name)), None)


def occasion_of(protocol: Protocol, row: QuestionnaireResponse) -> Occasion | None:
    """The occasion at which this was filled in."""
    key = (row.place, row.block, row.questionnaire)
    return next((each for each in occasions(protocol.questionnaires, blocks_of(protocol)) if each.key == key), None)


def blocks_of(protocol: Protocol) -> Sequence[str]:
    """The blocks' names in the order of the protocol."""
    return [block.name for block in protocol.blocks]


def seed_for(enrolment: Enrolment, occasion: Occasion, attempt: int = 1) -> int:
    """What decides orders and plates: the same for a reader at an occasion, whenever it is asked for."""
    seed = protocol_of(enrolment.version).seed
    return derive(seed, "questionnaire", enrolment.reader.pseudonym, *occasion.key, attempt)


def earlier_answers(enrolment: Enrolment, name: str) -> dict[str, Any]:
    """What this reader answered to the questionnaire in another version of the study, for them to confirm."""
    rows = QuestionnaireResponse.objects.filter(enrolment__reader_id=enrolment.reader_id, questionnaire=name)
    found: dict[str, Any] | None = (
        rows.exclude(enrolment=enrolment).order_by("-id").values_list("answers", flat=True).first()
    )
    return found or {}
