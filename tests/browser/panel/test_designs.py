"""The balance certificate, the power of a design, and the page between two sessions, looked at wide and narrow."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from portal.accounts.models import User
from studies.services.plan_power import estimate_power
from tests.browser.looking import look, watched
from tests.browser.panel.conftest import Enter
from tests.studies.services.test_sessions import CROSSOVER, crossover, read_on
from tests.studies.ward import BLOCKS, enrolled

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

POWER = "power: {effect: 2, readers: [4, 8], cases: [4, 8], simulations: 10}\n"


def no_progress(done: int, total: int, message: str = "") -> None:
    """Nothing to tell."""


def test_the_certificate_and_the_power_are_looked_at(enter: Enter, researcher: User) -> None:
    ward = crossover(researcher, f"{POWER}blocks:", BLOCKS["usefulness"])
    estimate_power(version=ward.study.versions.get(), progress=no_progress)
    page = enter(researcher)
    errors = watched(page)
    page.goto(f"/admin/studies/study/{ward.study.pk}/change/")
    summary = page.get_by_text("Positions and carry-over of rate")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Positions and carry-over of rate")).to_be_visible()
    expect(page.get_by_role("button", name="Simulate the power")).to_be_enabled()
    expect(page.locator(".power .state.done")).to_have_text("planned")
    look(page, "certificate-and-power")
    assert errors == []


def test_the_page_between_sessions_is_looked_at(enter: Enter, researcher: User, reader_user: User) -> None:
    enrolment = enrolled(crossover(researcher, block=CROSSOVER), reader_user)
    read_on(reader_user, enrolment, 2)
    page = enter(reader_user)
    errors = watched(page)
    page.goto(f"/study/{enrolment.pk}/")
    expect(page).to_have_url(f"/study/{enrolment.pk}/next-session")
    expect(page.get_by_role("heading", level=1)).to_have_text("This session is done")
    look(page, "next-session")
    page.get_by_role("link", name="To my studies").click()
    expect(page.get_by_text("The next session opens on")).to_be_visible()
    look(page, "home-between-sessions")
    assert errors == []
