"""Where interaction events arrive, under the trial's own token; nothing is told back."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from studies.events import InvalidBatch, batch_of
from studies.services.log_events import EventsRefused, log_events
from studies.services.run import UnknownTrial
from studies.views.gates import person

MOST_BYTES = 128 * 1024


@require_POST
@never_cache
def events(request: HttpRequest, token: str) -> HttpResponse:
    """Store a batch: 204, for one that is there already too; any other status stores nothing."""
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    if len(request.body) > MOST_BYTES:
        return HttpResponse(status=413)
    try:
        log_events(user=person(request), token=token, batch=batch_of(json.loads(request.body)))
    except (InvalidBatch, json.JSONDecodeError, UnicodeDecodeError):
        return HttpResponse(status=400)
    except UnknownTrial:
        return HttpResponse(status=404)
    except EventsRefused:
        return HttpResponse(status=410)
    return HttpResponse(status=204)
