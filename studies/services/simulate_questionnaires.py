"""Simulated readers at a questionnaire: what they answer, sent as the browser sends it."""

from __future__ import annotations

import uuid

from evaluation.statistics import instrument
from studies.due import occasion_at, seed_for
from studies.models import Enrolment
from studies.questionnaires import Questionnaire
from studies.questionnaires.colour_vision import figures
from studies.selectors import protocol_of
from studies.simulation import SimulatedReader, SimulationError
from studies.simulation.browsing import Browser, Page
from studies.simulation.questionnaires import fill

KEYS = uuid.UUID("0a5f7c11-6d0f-4f0e-8f52-5c7f6b1f1d02")


def fill_in_as(browser: Browser, reader: SimulatedReader, enrolment: Enrolment, page: Page) -> Page:
    """Fill in the questionnaire of this page and go on."""
    where, name = page.path.rstrip("/").rsplit("/", 2)[1:]
    occasion = occasion_at(protocol_of(enrolment.version), where, name)
    if occasion is None:
        raise SimulationError(f"The protocol asks for no questionnaire at {page.path}.")
    asked = occasion.questionnaire
    attempt = enrolment.questionnaire_responses.filter(
        place=occasion.place, block=occasion.block, questionnaire=asked.name
    ).count()
    seen = figures(seed_for(enrolment, occasion))
    answers = fill(reader, asked, where, attempt + 1, seen, _reversed_items(asked))
    key = uuid.uuid5(KEYS, f"{enrolment.pk}/{where}/{name}/{attempt}")
    sent = {"key": str(key), "answers": answers, "language": "en", "client": {"simulated": True}}
    receipt = browser.post_json(f"{page.path}/answer", sent)
    return browser.get(receipt["next"])


def _reversed_items(asked: Questionnaire) -> frozenset[str]:
    """The items of its scales whose agreement speaks against what is measured."""
    return frozenset(
        name
        for slug, names in asked.scales.items()
        for name, item in zip(names, instrument(slug).items, strict=False)
        if item.reversed
    )
