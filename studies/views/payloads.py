"""The bytes of a trial: image, header, overlays; of constant length, never cached, and none before its time."""

from __future__ import annotations

from copy import copy

import numpy as np
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from portal.catalog.models import Image
from portal.catalog.pictures import payload_of
from portal.display import ImagePayload
from portal.storage.arrays import get_array
from studies.blinding.serializer import OVERLAYS, display_of, overlays_of
from studies.models import Trial, TrialState
from studies.selectors import scene_of
from studies.services.run import open_to_answers, task_of
from studies.views.gates import not_there
from studies.views.reading import own_trial


@require_safe
@login_required
def image(request: HttpRequest, token: str) -> HttpResponse:
    """The pixels, raw and little-endian."""
    return _bytes(_payload(_visible(request, token)).body)


@require_safe
@login_required
def header(request: HttpRequest, token: str) -> HttpResponse:
    """How to read the pixels."""
    return _sealed(JsonResponse(_payload(_visible(request, token)).header.as_dict()))


@require_safe
@login_required
def overlay(request: HttpRequest, token: str, letter: str) -> HttpResponse:
    """One byte a pixel of an overlay; not there before the step that shows it."""
    trial = _visible(request, token)
    task = task_of(trial)
    step = min(trial.step, len(task.steps) - 1)
    if letter not in overlays_of(trial, task, step):
        raise not_there()
    display = display_of(trial, task, OVERLAYS.index(letter))
    if not display:
        raise not_there()
    return _bytes(np.ascontiguousarray(get_array(display), dtype=np.uint8).tobytes())


@require_safe
@login_required
def altered(request: HttpRequest, token: str) -> HttpResponse:
    """The pixels of the altered image, with the header of the image itself; not there in other tasks."""
    trial = _visible(request, token)
    task = task_of(trial)
    digest = task.altered(scene_of(trial))
    if not digest or "altered" not in task.steps[min(trial.step, len(task.steps) - 1)].shows:
        raise not_there()
    changed = copy(_image(trial))
    changed.array = digest
    return _bytes(payload_of(changed).body)


def _visible(request: HttpRequest, token: str) -> Trial:
    """The reader's own trial, if it is the one being read or one that is done, and reading is open."""
    trial = own_trial(request, token)
    waits = trial.waits  # type: ignore[attr-defined]  # annotated by the selector
    if waits or trial.state == TrialState.PENDING or not open_to_answers(trial.enrolment):
        raise not_there()
    # A case may lose its approval while a study is live: from then on nobody sees it.
    if not trial.case.is_approved:
        raise not_there()
    return trial


def _payload(trial: Trial) -> ImagePayload:
    return payload_of(_image(trial))


def _image(trial: Trial) -> Image:
    explanation = trial.stimulus.explanation
    chosen = Image.objects.filter(pk=explanation.image_id) if explanation else Image.objects.filter(case=trial.case_id)
    found = chosen.order_by("index").first()
    if found is None:
        raise not_there()
    return found


def _bytes(body: bytes) -> HttpResponse:
    response = HttpResponse(body, content_type="application/octet-stream")
    # Said aloud, so that nothing on the way compresses: a compressed length would tell maps apart.
    response["Content-Encoding"] = "identity"
    return _sealed(response)


def _sealed(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store, no-transform, private"
    return response
