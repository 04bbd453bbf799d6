"""Every address that a reader meets needs at most six queries, however long the study.

The addresses are those of the reading room's URL patterns, so a new one is covered without being named here. Each is
asked for at every stage of a study: before consent, at each step of each trial, at the end, and after leaving.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from portal.accounts.models import User
from studies.models import Enrolment, Session, Trial
from studies.services.invite import create_invitation
from tests.studies.steps import current, go_on, send
from tests.studies.ward import Ward, enrolled

MOST = 6
STEPS = {"usefulness": ["rate"], "preference": ["compare"], "diagnosis": ["initial", "final"]}
SITTING_BEGINS = ('INSERT INTO "studies_session"', 'MAX("studies_session"', 'UPDATE "django_session"')
"""Once in a sitting: it is added, numbered, and remembered by the browser's session."""


def queries(act: Callable[[], Any]) -> list[str]:
    """All but savepoints."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [each["sql"] for each in captured if "SAVEPOINT" not in each["sql"]]


def patterns() -> Iterator[str]:
    """The reading room's addresses as they are written."""
    for each in get_resolver("studies.urls").url_patterns:
        found = each.url_patterns if isinstance(each, URLResolver) else [each]
        for one in found:
            assert isinstance(one, URLPattern)
            yield str(one.pattern)


def address(pattern: str, enrolment: Enrolment, trial: Trial | None, invitation: str) -> str:
    """The address for this reader; a new kind of part must be named here."""
    parts = {"<int:pk>": str(enrolment.pk), "<str:letter>": "a"}
    parts |= {"<slug:where>": "start", "<slug:name>": "trust", "<int:number>": "1"}
    parts["<str:token>"] = invitation if pattern.startswith("invitation") else trial.token if trial else "none"
    for part, value in parts.items():
        pattern = pattern.replace(part, value)
    assert "<" not in pattern, f"This test does not know what to put into {pattern}."
    return f"/{pattern}"


class Visitor:
    """Asks for every address, and remembers the most queries that each has cost."""

    def __init__(self, client: Client, enrolment: Enrolment, invitation: str) -> None:
        self.client, self.enrolment, self.invitation = client, enrolment, invitation
        self.costs: dict[str, list[str]] = defaultdict(list)

    def visit(self, trial: Trial | None = None) -> None:
        for pattern in patterns():
            where = address(pattern, self.enrolment, trial, self.invitation)
            self.note(pattern, lambda where=where: self.client.get(where))  # type: ignore[misc]

    def note(self, pattern: str, act: Callable[[], Any]) -> None:
        found = [each for each in queries(act) if not any(words in each for words in SITTING_BEGINS)]
        if len(found) > len(self.costs[pattern]):
            self.costs[pattern] = found

    def over(self) -> dict[str, list[str]]:
        return {pattern: found for pattern, found in self.costs.items() if len(found) > MOST}


@pytest.fixture
def visitor(ward: Ward, reader_user: User, researcher: User, browser_of_reader: Client) -> Visitor:
    _invitation, token = create_invitation(study=ward.study, actor=researcher)
    return Visitor(browser_of_reader, enrolled(ward, reader_user, consented=False), token)


def test_every_address_at_every_stage(visitor: Visitor, ward: Ward, reader_user: User) -> None:
    client, enrolment = visitor.client, visitor.enrolment
    visitor.visit(current(enrolment))
    enrolled(ward, reader_user)
    for _trial in range(enrolment.trials.count()):
        trial = current(enrolment)
        visitor.visit(trial)
        go_on(client, enrolment)
        for step in STEPS[trial.task]:
            # The sitting was last noted a while ago, so this page notes it again.
            Session.objects.update(last_seen_at=timezone.now() - timedelta(minutes=2))
            visitor.visit(trial)
            if enrolment.trials.filter(position__gt=trial.position).exists():
                visitor.note("answer", lambda trial=trial, step=step: send(client, trial, step))  # type: ignore[misc]
            else:  # the very last answer ends the study, too, and puts that on record
                send(client, trial, step)
        visitor.visit(trial)
    assert not enrolment.trials.exclude(state="done").exists()
    client.post(f"/study/{enrolment.pk}/leave", {"answers": "keep"})
    visitor.visit(trial)
    assert visitor.over() == {}


def test_an_answer_sent_again(visitor: Visitor, ward: Ward, reader_user: User) -> None:
    enrolled(ward, reader_user)
    go_on(visitor.client, visitor.enrolment)
    trial = current(visitor.enrolment)
    key = "0f8fad5b-d9cb-469f-a165-70867728950e"
    for _time in range(2):
        visitor.note("answer", lambda: send(visitor.client, trial, "rate", key=key))
    assert visitor.over() == {}


def test_the_cost_does_not_grow_with_the_study(visitor: Visitor, ward: Ward, reader_user: User) -> None:
    """Whoever is at the end needs no more than whoever begins."""
    enrolled(ward, reader_user)
    enrolment, costs = visitor.enrolment, []
    for _trial in range(enrolment.trials.count()):
        go_on(visitor.client, enrolment)
        trial = current(enrolment)
        costs.append(len(queries(lambda trial=trial: visitor.client.get(f"/s/{trial.token}/"))))  # type: ignore[misc]
        for step in STEPS[trial.task]:
            send(visitor.client, trial, step)
    assert max(costs) == min(costs)
