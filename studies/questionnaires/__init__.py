"""What a reader fills in without a case: profile, plates, comprehension check, scales, debrief. Pure; no Django."""

from __future__ import annotations

from studies.questionnaires.asked import Asked, CheckQuestion, Questionnaires
from studies.questionnaires.base import Questionnaire
from studies.questionnaires.catalogue import known, questionnaire_of
from studies.questionnaires.items import Choice, Item
from studies.questionnaires.occasions import Occasion, occasions, outstanding

__all__ = [
    "Asked",
    "CheckQuestion",
    "Choice",
    "Item",
    "Occasion",
    "Questionnaire",
    "Questionnaires",
    "known",
    "occasions",
    "outstanding",
    "questionnaire_of",
]
