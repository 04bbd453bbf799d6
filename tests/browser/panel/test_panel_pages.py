"""Every page of the panel's portal half, wide and narrow: nothing serious by axe, no sideways scrolling, no errors.

`SCREENSHOTS=folder` keeps a picture of each, to be looked at.
"""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from portal.accounts.models import User
from portal.catalog.models import Approval, Case
from portal.jobs.models import Job, JobState
from tests.browser.looking import look, watched
from tests.browser.panel.conftest import Enter
from tests.portal.panel.conftest import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def at(name: str, *args: object) -> str:
    return reverse(f"admin:{name}", args=args)


def pages(world: World, person: User) -> dict[str, str]:
    return {
        "overview": at("index"),
        "cases": at("catalog_case_changelist"),
        "case": at("catalog_case_change", world.case.pk),
        "case-waiting": at("catalog_case_change", world.waiting.pk),
        "quarantine": at("catalog_case_quarantine"),
        "together": f"{at('catalog_case_together')}?case={world.waiting.pk}",
        "importing": at("catalog_case_importing"),
        "datasets": at("catalog_dataset_changelist"),
        "dataset": at("catalog_dataset_change", world.dataset.pk),
        "models": at("networks_network_changelist"),
        "model": at("networks_network_change", world.network.pk),
        "registering": at("networks_network_registering"),
        "runs": at("explanations_run_changelist"),
        "run": at("explanations_run_change", world.run.pk),
        "run-new": at("explanations_run_new"),
        "maps": at("explanations_explanation_changelist"),
        "map": at("explanations_explanation_change", world.explanation.pk),
        "parts": at("parts_part_changelist"),
        "part": at("parts_part_change", world.part.pk),
        "jobs": at("jobs_job_changelist"),
        "job": at("jobs_job_change", world.job.pk),
        "audit": at("audit_entry_changelist"),
        "audit-entry": at("audit_entry_change", world.entry.pk),
        "people": at("accounts_user_changelist"),
        "person": at("accounts_user_change", person.pk),
        "person-new": at("accounts_user_new"),
        "token": at("token"),
    }


@pytest.mark.slow
def test_every_page_can_be_read(enter: Enter, world: World, administrator: User, reader_user: User) -> None:
    page = enter(administrator, bypass_csp=True)  # axe is put into the page, which the policy would refuse
    for name, address in pages(world, reader_user).items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, name
        look(page, f"panel-{name}")


@pytest.mark.slow
def test_no_page_breaks_the_content_policy(enter: Enter, world: World, administrator: User, reader_user: User) -> None:
    page = enter(administrator)
    errors = watched(page)
    for address in pages(world, reader_user).values():
        page.goto(address, wait_until="load")
    assert errors == []


def test_the_watch_would_notice(enter: Enter, world: World, administrator: User) -> None:
    page = enter(administrator)
    errors = watched(page)
    page.goto(at("index"))
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">red</p>')")
    page.wait_for_timeout(100)
    assert any("Content Security Policy" in error for error in errors)


def press_to(page: Page, words: str) -> None:
    """Go on by the tabulator until the focus stands on what is called so."""
    for _ in range(80):
        page.keyboard.press("Tab")
        said = page.evaluate("document.activeElement.textContent + (document.activeElement.ariaLabel ?? '')")
        if words in re.sub(r"\s+", " ", said):
            return
    raise AssertionError(f"The keyboard does not reach {words!r}.")


def test_a_case_is_approved_by_the_keyboard_alone(enter: Enter, world: World, researcher: User) -> None:
    page = enter(researcher)
    page.goto(at("index"))
    press_to(page, "To the content")
    page.keyboard.press("Enter")
    press_to(page, "Go through them")
    page.keyboard.press("Enter")
    page.wait_for_url("**/quarantine/")
    press_to(page, f"Approve {world.waiting.slug}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("is approved")
    assert Case.objects.get(pk=world.waiting.pk).approval == Approval.APPROVED


def test_a_run_is_planned_by_the_keyboard_alone(enter: Enter, world: World, researcher: User) -> None:
    Job.objects.update(state=JobState.RUNNING)
    page = enter(researcher)
    page.goto(at("explanations_run_new"))
    page.get_by_label("Model").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Region")).to_be_focused()
    random_map = page.get_by_label("Random map", exact=False).first
    for _ in range(10):  # the way leads past the other methods and their parameters
        page.keyboard.press("Tab")
        if random_map.evaluate("element => element === document.activeElement"):
            break
    page.keyboard.press("Space")
    expect(random_map).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Cells")).to_be_visible()


def test_a_running_job_is_kept_up_to_date(enter: Enter, world: World, researcher: User) -> None:
    Job.objects.update(state=JobState.RUNNING, error="", done=1, total=8)
    page = enter(researcher)
    page.goto(at("explanations_run_change", world.run.pk))
    expect(page.locator(".job")).to_contain_text("1 of 8")
    Job.objects.update(done=5, message="phantom-002 random-map, 0.50 images/s")
    expect(page.locator(".job")).to_contain_text("5 of 8", timeout=10_000)
    expect(page.locator(".job")).to_contain_text("0.50 images/s")
    Job.objects.update(state=JobState.DONE, done=8)
    expect(page.get_by_role("button", name="Make what is missing")).to_be_visible(timeout=10_000)
    expect(page.locator(".job .state")).to_have_text("Done")


def test_the_menu_opens_on_a_narrow_screen(enter: Enter, world: World, researcher: User) -> None:
    page = enter(researcher)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(at("index"))
    page.get_by_text("Menu", exact=True).click()
    page.get_by_role("link", name="Audit trail").click()
    page.wait_for_url("**/audit/entry/")
