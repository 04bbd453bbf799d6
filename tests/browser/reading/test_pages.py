"""Every page that a reader meets, wide and narrow: no serious finding of axe, no sideways scrolling, no console error.

`SCREENSHOTS=folder` keeps a picture of each, to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.accounts.models import User
from studies.models import Enrolment, Invitation, RunKind, Session
from studies.services.enrol import withdraw
from studies.services.invite import create_invitation
from tests.browser.looking import look, watched
from tests.browser.reading.conftest import Room, begin

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_way_in(open_room: Callable[..., Room], researcher: User) -> None:
    room = open_room()
    page = room.page_of(None, bypass_csp=True)
    errors = watched(page)
    page.goto(f"{room.url}/account/sign-in")
    look(page, "sign-in")
    page.fill("#id_username", "nobody@example.org")
    page.fill("#id_password", "wrong")
    page.click("main button.primary")
    look(page, "sign-in-wrong")
    page.goto(f"{room.url}/account/password")
    look(page, "password-reset")
    page.goto(f"{room.url}/account/password/sent")
    look(page, "password-sent")
    invitation, token = create_invitation(study=room.ward.study, email="new@example.org", actor=researcher)
    page.goto(f"{room.url}/invitation/{token}")
    look(page, "invitation")
    page.fill("#id_password", "short")
    page.click("main button.primary")
    look(page, "invitation-weak-password")
    page.fill("#id_password", "a long pass phrase")
    page.click("main button.primary")
    page.wait_for_url("**/consent")
    look(page, "consent")
    page.click("main button.primary")
    look(page, "consent-missing")
    page.check("#id_agree")
    page.click("main button.primary")
    page.wait_for_url("**/instructions")
    look(page, "instructions")
    page.goto(f"{room.url}/")
    look(page, "home")
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() - timedelta(days=1), used_at=None)
    page.goto(f"{room.url}/invitation/{token}")
    look(page, "invitation-expired")
    assert [error for error in errors if "410" not in error] == []


@pytest.mark.parametrize("task", ["usefulness", "preference", "diagnosis"])
def test_a_trial(open_room: Callable[..., Room], reader_user: User, task: str) -> None:
    room = open_room(task, *(["usefulness"] if task != "usefulness" else []))
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user, bypass_csp=True)
    errors = watched(page)
    begin(page, room, enrolment)
    look(page, f"trial-{task}")
    if task == "diagnosis":
        page.fill("input[type=number][name=probability]", "30")
        page.keyboard.press("Enter")
        page.wait_for_selector(".answer[data-step=final]")
        page.wait_for_selector(".viewer[data-state=ready]")
        look(page, "trial-diagnosis-final")
    if task == "usefulness":
        page.keyboard.press("4")
        page.keyboard.press("2")
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-part=feedback]:not([hidden])")
        look(page, "trial-practice-feedback")
    assert errors == []


def test_pages_between_trials(open_room: Callable[..., Room], reader_user: User, outsider: User) -> None:
    room = open_room("usefulness")
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user, bypass_csp=True)
    begin(page, room, enrolment)
    Session.objects.update(started_at=timezone.now() - timedelta(hours=1))
    page.goto(f"{room.url}/study/{enrolment.pk}/")
    assert page.url.endswith("/break")
    look(page, "break")
    page.goto(f"{room.url}/study/{enrolment.pk}/leave")
    look(page, "leave")
    withdraw(enrolment=enrolment)
    page.reload()
    look(page, "left")
    page.goto(f"{room.url}/s/nothing/")
    look(page, "not-found")
    Enrolment.objects.update(state="completed")
    page.goto(f"{room.url}/study/{enrolment.pk}/")
    look(page, "thanks")
    page.goto(f"{room.url}/")
    look(page, "home-finished")


def test_home_of_a_researcher(open_room: Callable[..., Room], researcher: User) -> None:
    room = open_room("usefulness")
    room.enrol(researcher, run_kind=RunKind.PREVIEW)
    page = room.page_of(researcher, bypass_csp=True)
    page.goto(f"{room.url}/")
    look(page, "home-researcher")


def test_german(open_room: Callable[..., Room], reader_user: User) -> None:
    room = open_room("usefulness")
    enrolment = room.enrol(reader_user)
    page = room.page_of(reader_user, bypass_csp=True, locale="de-DE")
    begin(page, room, enrolment)
    assert page.get_attribute("html", "lang") == "de"
    look(page, "trial-german")
