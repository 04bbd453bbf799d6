"""The ward's study with questionnaires at every place."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.test import Client

from portal.accounts.models import User
from studies.models import Enrolment, Study
from studies.protocol import read
from studies.questionnaires import Asked, Questionnaire, questionnaire_of
from studies.services.design import launch_study, load_protocol, lock_study
from tests.studies.ward import BLOCKS, PROTOCOL, Ward, make_records

QUESTIONNAIRES = """
questionnaires:
  start:
    - reader-profile
    - colour-vision
    - heatmaps
    - {name: comprehension, attempts: 2, on_failure: flag}
    - trust
  after_block:
    - name: toast
      blocks: [rate]
      wording: Written for this test
      items: [One, Two, Three, Four, Five, Six, Seven, Eight, Nine]
    - {name: nasa-tlx, weights: pairs, blocks: [compare]}
  end: [sus, trust, debrief]
"""


def make_asking_study(
    researcher: User,
    *,
    tasks: tuple[str, ...] = ("usefulness",),
    part: str = QUESTIONNAIRES,
    protocol: str = PROTOCOL,
    slug: str = "asking",
) -> Ward:
    """A live study of these tasks with these questionnaires."""
    if "compare" in part and "preference" not in tasks:
        part = part.replace(", blocks: [compare]", "")
    make_records()
    source = protocol.format(slug=slug, blocks="".join(BLOCKS[task] for task in tasks), outcome="coverage") + part
    read(source)
    load_protocol(source=source, actor=researcher)
    study = Study.objects.get(slug=slug)
    lock_study(study=study, actor=researcher)
    return Ward(launch_study(study=study, actor=researcher), researcher)


def any_answers(asked: Questionnaire) -> dict[str, Any]:
    """The right choice or the first of each, the middle of sliders, a word of texts."""
    found: dict[str, Any] = {}
    for item in asked.items:
        first = item.choices[0].value if item.choices else None
        found[item.name] = {"text": "word", "slider": 50}.get(item.kind, item.right or first)
    return found


def answers_to(name: str) -> dict[str, Any]:
    """Any complete answers to a questionnaire whose wording comes with the code."""
    return any_answers(questionnaire_of(Asked(name)))


def fill(
    client: Client,
    enrolment: Enrolment,
    where: str,
    name: str,
    answers: dict[str, Any] | None = None,
    /,
    *,
    key: uuid.UUID | str | None = None,
    **more: Any,
) -> Any:
    """One questionnaire, as the browser sends it."""
    body = {"key": str(key or uuid.uuid4()), "answers": answers_to(name) if answers is None else answers}
    return client.post(
        f"/study/{enrolment.pk}/ask/{where}/{name}/answer",
        json.dumps(body | {"client": {}, "language": "en"} | more),
        content_type="application/json",
    )
