"""What a reader fills in without a case: its page, where it is sent, and the plates."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from studies.blinding import translated
from studies.blinding.questionnaires import explained, language_apart, shown_items, shown_sections
from studies.due import Due, due_for, earlier_answers, occasion_at, seed_for
from studies.errors import StudyError
from studies.models import Enrolment, EnrolmentState, RunKind
from studies.questionnaires import Occasion, occasions
from studies.questionnaires.colour_vision import figures
from studies.questionnaires.plates import PLATES, plate_png
from studies.selectors import protocol_of
from studies.services.questionnaires import Sent, fill_in
from studies.services.run import AlreadyAnswered, KeyTaken, NotReading, UnknownTrial
from studies.tasks import InvalidAnswers
from studies.views.answers import BadRequest, received, refusal
from studies.views.gates import before_questionnaires, not_there, own_enrolment, person, sittings_of


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def questionnaire(request: HttpRequest, pk: int, where: str, name: str) -> HttpResponse:
    """The questionnaire that is next; any other sends on to where the reader is. POST is for pages without scripts."""
    enrolment = own_enrolment(request, pk)
    if (page := before_questionnaires(enrolment)) is not None:
        return redirect(page)
    problems: Mapping[str, str] = {}
    if request.method == "POST":
        try:
            fill_in(user=person(request), enrolment=pk, where=where, name=name, sent=_from_form(request, pk))
            return redirect("studies:study", pk)
        except InvalidAnswers as error:
            problems = error.problems
        except StudyError:
            return redirect("studies:study", pk)
    due = due_for(enrolment)
    if due.next is None or (due.next.where, due.next.asked.name) != (where, name):
        return redirect("studies:study", pk)
    return _page(request, enrolment, due, due.next, problems)


@require_POST
@never_cache
def answer(request: HttpRequest, pk: int, where: str, name: str) -> HttpResponse:
    """Store a questionnaire and say where to go on; every refusal is one sentence, with nothing written."""
    if not request.user.is_authenticated:
        return refusal(401, _("You have been signed out. Sign in again: your answer is kept on this computer."))
    try:
        sent = _from_json(request, pk)
        filled = fill_in(user=person(request), enrolment=pk, where=where, name=name, sent=sent)
    except BadRequest as error:
        return refusal(400, str(error))
    except UnknownTrial as error:
        return refusal(404, str(error))
    except NotReading as error:
        return refusal(403, str(error))
    except (AlreadyAnswered, KeyTaken) as error:
        return refusal(409, str(error), superseded=True)
    except InvalidAnswers as error:
        problems = {item: translated(sentence, "") for item, sentence in error.problems.items()}
        return refusal(422, " ".join(dict.fromkeys(problems.values())), problems=problems)
    saved_at = filled.response.received_at.isoformat()
    return JsonResponse({"saved_at": saved_at, "next": reverse("studies:study", args=[pk])})


@login_required
@never_cache
@require_safe
def plate(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One plate of the colour-vision screening, the reader's own."""
    enrolment = own_enrolment(request, pk)
    occasion = occasion_at(protocol_of(enrolment.version), "start", "colour-vision")
    if occasion is None or before_questionnaires(enrolment) is not None or not 1 <= number <= len(PLATES):
        raise not_there()
    seed = seed_for(enrolment, occasion)
    return HttpResponse(plate_png(PLATES[number - 1], figures(seed)[number - 1], seed), content_type="image/png")


def _page(
    request: HttpRequest, enrolment: Enrolment, due: Due, occasion: Occasion, problems: Mapping[str, str]
) -> HttpResponse:
    asked, language = occasion.questionnaire, get_language() or "en"
    attempt, last = due.attempt(occasion), due.last(occasion)
    given: Mapping[str, Any] = request.POST if problems else {}
    prefilled = not given and asked.name == "reader-profile" and earlier_answers(enrolment, asked.name)
    order = asked.order(seed_for(enrolment, occasion, attempt))
    number, total = _number(enrolment, occasion)
    context = {
        "pk": enrolment.pk,
        "occasion": occasion,
        "asked": asked,
        "title": asked.title.in_language(language),
        "title_lang": language_apart(asked.title, language),
        "lead": asked.lead.in_language(language),
        "items": shown_items(asked, order, language, given or prefilled or {}, problems),
        "sections": shown_sections(asked, language),
        "wrong": explained(asked, last.answers, last.outcome.get("wrong", []), language) if last else [],
        "attempts_left": asked.attempts - attempt + 1,
        "prefilled": bool(prefilled),
        "language": language.split("-")[0],
        "key": str(uuid.uuid4()),
        "number": number,
        "total": total,
        "is_preview": enrolment.run_kind == RunKind.PREVIEW,
        "is_last": enrolment.state == EnrolmentState.COMPLETED and len(due.occasions) == 1,
    }
    return render(request, f"studies/questionnaires/{asked.kind}.html", context, status=422 if problems else 200)


def _number(enrolment: Enrolment, occasion: Occasion) -> tuple[int, int]:
    """Which page of how many at this place."""
    protocol = protocol_of(enrolment.version)
    every = occasions(protocol.questionnaires, [block.name for block in protocol.blocks])
    here = [each for each in every if each.where == occasion.where]
    return here.index(occasion) + 1, len(here)


def _from_json(request: HttpRequest, pk: int) -> Sent:
    sent = received(request)
    return Sent(
        key=sent["key"],
        answers=sent["answers"],
        language=str(sent.get("language", "")),
        client=sent["client"],
        sitting=sittings_of(request).get(pk),
    )


def _from_form(request: HttpRequest, pk: int) -> Sent:
    """What a page without scripts sends."""
    fields = {name: value for name, value in request.POST.items() if name not in {"csrfmiddlewaretoken", "key"}}
    try:
        key = uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        key = uuid.uuid4()
    return Sent(key=key, answers=fields, language=get_language() or "", sitting=sittings_of(request).get(pk))
