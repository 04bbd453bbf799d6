"""What a reader does, as requests: opening the next page, and answering it."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.test import Client

from studies.models import Enrolment, Trial
from tests.studies.rating_blocks import RATING_ANSWERS

ANSWERS: dict[str, dict[str, Any]] = {
    "rate": {"coverage": "4", "extraneous": "2"},
    "compare": {"preferred": "second", "strength": "2"},
    "read": {"probability": 30},
    "judge": {"ai_right": "3"},
    "foretell-change": {"change": "down"},
    "foretell": {"ai_call": "0"},
    "initial": {"probability": 30},
    "final": {"probability": 65.5},
    **RATING_ANSWERS,
}


def go_on(client: Client, enrolment: Enrolment) -> Any:
    """The page that a reader lands on when they go on, instructions being read on the way."""
    page = client.get(f"/study/{enrolment.pk}/", follow=True)
    while page.redirect_chain and page.redirect_chain[-1][0].endswith("/instructions"):
        page = client.post(page.redirect_chain[-1][0], follow=True)
    return page


def current(enrolment: Enrolment) -> Trial:
    """The trial that is next, by the database."""
    return enrolment.trials.exclude(state="done").order_by("position")[0]


def send(
    client: Client,
    trial: Trial,
    step: str,
    answers: dict[str, Any] | None = None,
    *,
    key: uuid.UUID | str | None = None,
    **more: Any,
) -> Any:
    """One answer, as the browser sends it."""
    body = {"key": str(key or uuid.uuid4()), "step": step, "answers": ANSWERS[step] if answers is None else answers}
    return client.post(
        f"/s/{trial.token}/answer", json.dumps(body | {"client": {}} | more), content_type="application/json"
    )
