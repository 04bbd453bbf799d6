"""The bytes of a trial: image, header, overlays; of constant length, never cached, and none before its time.

The image of the trial that comes next may be fetched while the current one is read, so that it stands on the screen as
soon as the answer is sent. This gives nothing away, and changes nothing:

* An image says nothing of the arm: it is the same whatever is shown over it, and so are its length and its header.
* The order is fixed; the next trial stays pending, unserved and closed to answers until the one before it is answered.
  Only the very next one is given, of the same block and session: no instructions, break or washout is looked past.
* Maps and the AI's output are never given early, not even within their trial: they may only be seen once the answer
  before them is locked, and what is in the browser can be seen. A map is fetched at the step that shows it; its length
  and the way to it are the same for every method, so its delay is as well.
"""

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
from studies.selectors import is_ahead, scene_of
from studies.services.run import open_to_answers, task_of
from studies.views.gates import not_there
from studies.views.reading import own_trial


@require_safe
@login_required
def image(request: HttpRequest, token: str) -> HttpResponse:
    """The pixels, raw and little-endian."""
    return _bytes(_payload(_visible(request, token, ahead=True)).body)


@require_safe
@login_required
def header(request: HttpRequest, token: str) -> HttpResponse:
    """How to read the pixels."""
    return _sealed(JsonResponse(_payload(_visible(request, token, ahead=True)).header.as_dict()))


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


def _visible(request: HttpRequest, token: str, ahead: bool = False) -> Trial:
    """The reader's own trial, if it is being read or done (or, asked `ahead`, the next one), and reading is open."""
    trial = own_trial(request, token)
    waits = trial.waits  # type: ignore[attr-defined]  # annotated by the selector
    if not open_to_answers(trial.enrolment):
        raise not_there()
    if (waits or trial.state == TrialState.PENDING) and not (ahead and is_ahead(trial)):
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
