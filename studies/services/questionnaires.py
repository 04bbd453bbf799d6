"""Readers fill in questionnaires: each is stored once, whatever the browser sends again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.audit.services import record
from studies.due import due_after, occasion_at, seed_for
from studies.models import Enrolment, EnrolmentState, Leaving, QuestionnaireResponse
from studies.questionnaires import Asked, Occasion, Questionnaire, questionnaire_of
from studies.questionnaires.comprehension import Comprehension
from studies.selectors import place_of, protocol_of, readers_enrolments
from studies.services.run import AlreadyAnswered, KeyTaken, NotReading, UnknownTrial, open_to_answers

REMARK = Occasion("end", Asked("remark"))


@dataclass(frozen=True)
class Filled:
    """A questionnaire that is safe; `created` is False where it had been stored before."""

    response: QuestionnaireResponse
    created: bool


@dataclass(frozen=True)
class Sent:
    """What the browser sends with a questionnaire."""

    key: UUID
    answers: Mapping[str, Any]
    language: str = ""
    client: Mapping[str, Any] | None = None
    sitting: int | None = None


@transaction.atomic
def fill_in(*, user: User, enrolment: int, where: str, name: str, sent: Sent) -> Filled:
    """Store one questionnaire; the same key sent again gives the row that is there.

    Raises UnknownTrial, NotReading, KeyTaken, AlreadyAnswered, or InvalidAnswers with a sentence for each item;
    nothing is written then.
    """
    held = _held(user, enrolment)
    rows = list(QuestionnaireResponse.objects.filter(Q(enrolment=held) | Q(key=sent.key)).order_by("id"))
    occasion = occasion_at(protocol_of(held.version), where, name)
    if occasion is None:
        raise UnknownTrial(_("There is no such page."))
    if (known := _known(rows, sent.key, held, occasion)) is not None:
        return Filled(known, False)
    if not open_to_answers(held):
        raise NotReading(_("This study takes no answers from you now."))
    due = due_after(held, place_of(held), rows)
    if occasion not in due.occasions:
        if occasion.key in due.given:
            raise AlreadyAnswered(_("This was answered before, and that answer is kept."))
        raise UnknownTrial(_("There is no such page."))
    response = _store(held, occasion, due.attempt(occasion), sent)
    _end_where_failed(held, occasion, response)
    return Filled(response, True)


@transaction.atomic
def leave_remark(*, user: User, enrolment: int, sent: Sent) -> Filled:
    """Keep what the reader says at the end, in their own words; as often as they like."""
    held = _held(user, enrolment)
    rows = list(QuestionnaireResponse.objects.filter(Q(enrolment=held, questionnaire="remark") | Q(key=sent.key)))
    if (known := _known(rows, sent.key, held, REMARK)) is not None:
        return Filled(known, False)
    if not open_to_answers(held):
        raise NotReading(_("This study takes no answers from you now."))
    return Filled(_store(held, REMARK, len(rows) + 1, sent), True)


def _held(user: User, enrolment: int) -> Enrolment:
    """The reader's own enrolment, locked: two forms sent at once are stored one after the other."""
    held = readers_enrolments(user).select_for_update(of=("self",)).filter(pk=enrolment).first()
    if held is None:
        raise UnknownTrial(_("There is no such page."))
    return held


def _known(
    rows: list[QuestionnaireResponse], key: UUID, enrolment: Enrolment, occasion: Occasion
) -> QuestionnaireResponse | None:
    known = next((row for row in rows if row.key == key), None)
    if known is not None and (known.enrolment_id != enrolment.pk or known.questionnaire != occasion.asked.name):
        raise KeyTaken(_("This answer belongs to another page. Reload this page, please."))
    return known


def _store(enrolment: Enrolment, occasion: Occasion, attempt: int, sent: Sent) -> QuestionnaireResponse:
    asked: Questionnaire = questionnaire_of(occasion.asked)
    seed = seed_for(enrolment, occasion, attempt)
    clean = asked.validate(sent.answers)
    return QuestionnaireResponse.objects.create(
        enrolment=enrolment,
        session_id=sent.sitting,
        place=occasion.place,
        block=occasion.block,
        questionnaire=asked.name,
        version=asked.version,
        wording=asked.wording,
        language=sent.language if sent.language in dict(settings.LANGUAGES) else "",
        order=list(asked.order(seed)),
        attempt=attempt,
        key=sent.key,
        answers=clean,
        outcome=asked.outcome(clean, seed),
        client=dict(sent.client or {}),
        received_at=timezone.now(),
    )


def _end_where_failed(enrolment: Enrolment, occasion: Occasion, last: QuestionnaireResponse) -> None:
    """Where the protocol says so, a reader who did not pass in the last attempt goes no further."""
    asked = occasion.questionnaire
    if not isinstance(asked, Comprehension) or asked.on_failure != "end" or last.outcome["passed"]:
        return
    if last.attempt < asked.attempts:
        return
    enrolment.state, enrolment.leaving = EnrolmentState.WITHDRAWN, Leaving.SCREENED
    enrolment.withdrawn_at = timezone.now()
    enrolment.save(update_fields=["state", "leaving", "withdrawn_at"])
    record(actor=None, action="reader.screened", subject=enrolment, questionnaire=asked.name, attempts=last.attempt)
