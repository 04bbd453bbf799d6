"""Where answers arrive: one address for each trial, which may be called again and again with the same key."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from studies.blinding import translated
from studies.models import TrialState
from studies.selectors import block_of
from studies.services.run import (
    AlreadyAnswered,
    KeyTaken,
    NotReading,
    Stored,
    UnknownTrial,
    record_response,
)
from studies.tasks import InvalidAnswers
from studies.views.gates import person, remember_sitting, sittings_of

MOST_BYTES = 256 * 1024


class BadRequest(ValueError):
    """What was sent is not an answer."""


@require_POST
@never_cache
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Store an answer and say where to go on; every refusal is one sentence, with nothing written."""
    if not request.user.is_authenticated:
        return refusal(401, _("You have been signed out. Sign in again: your answer is kept on this computer."))
    try:
        sent = _parsed(request)
        stored = record_response(user=person(request), token=token, sittings=sittings_of(request), **sent)
    except BadRequest as error:
        return refusal(400, str(error))
    except UnknownTrial as error:
        return refusal(404, str(error))
    except NotReading as error:
        return refusal(403, str(error))
    except (AlreadyAnswered, KeyTaken) as error:
        return refusal(409, str(error), superseded=True)
    except InvalidAnswers as error:
        problems = {name: translated(sentence, "") for name, sentence in error.problems.items()}
        return refusal(422, " ".join(problems.values()), problems=problems)
    remember_sitting(request, stored.trial.enrolment_id, stored.response.session_id)
    return JsonResponse(_receipt(stored))


def received(request: HttpRequest) -> dict[str, Any]:
    """What was sent, with `key`, `answers` and `client` each of its kind; BadRequest otherwise."""
    if len(request.body) > MOST_BYTES:
        raise BadRequest(_("This answer is too large."))
    try:
        sent: dict[str, Any] = json.loads(request.body)
        sent |= {"key": UUID(str(sent["key"])), "client": sent.get("client") or {}}
        kinds = [isinstance(sent["answers"], dict), isinstance(sent["client"], dict)]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadRequest(_("This answer could not be read.")) from None
    if not all(kinds):
        raise BadRequest(_("This answer could not be read."))
    return sent


def _parsed(request: HttpRequest) -> dict[str, Any]:
    sent = received(request)
    if "step" not in sent:
        raise BadRequest(_("This answer could not be read."))
    parsed = {name: sent[name] for name in ("key", "answers", "client")}
    return parsed | {"step": str(sent["step"]), "revise": sent.get("revise") is True}


def _receipt(stored: Stored) -> dict[str, Any]:
    trial = stored.trial
    done = trial.state == TrialState.DONE
    next_token = trial.next_token if done else trial.token  # type: ignore[attr-defined]  # annotated by the selector
    receipt: dict[str, Any] = {
        "saved_at": stored.response.received_at.isoformat(),
        "revision": stored.response.revision,
        "next": reverse("studies:trial", args=[next_token])
        if next_token
        else reverse("studies:study", args=[trial.enrolment_id]),
    }
    if stored.feedback is not None:
        finding = translated(block_of(trial.enrolment.version, trial.block).finding, "")
        receipt["feedback"] = {
            "sentence": translated(stored.feedback.sentence, finding, stored.feedback.values),
            "agrees": stored.feedback.agrees,
        }
    return receipt


def refusal(status: int, sentence: str, **more: Any) -> JsonResponse:
    """One sentence, for the outbox to show."""
    return JsonResponse({"detail": sentence, **more}, status=status)
