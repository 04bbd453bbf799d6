"""A reader's proof of what the server holds of theirs."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from studies.selectors import receipt_of
from studies.views.gates import own_enrolment


@require_safe
@login_required
@never_cache
def receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """A file with the time, key and checksum of every answer; it tells neither case nor arm nor order of trials."""
    enrolment = own_enrolment(request, pk)
    answers = receipt_of(enrolment)
    response = JsonResponse(
        {
            "study": enrolment.version.study.title,
            "reader": enrolment.reader.pseudonym,
            "made_at": timezone.now().isoformat(timespec="seconds"),
            "answers_saved": len(answers),
            "answers": answers,
        },
        json_dumps_params={"indent": 1, "ensure_ascii": False},
    )
    response["Content-Disposition"] = f'attachment; filename="receipt-{enrolment.reader.pseudonym}.json"'
    return response
