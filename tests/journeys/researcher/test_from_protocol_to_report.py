"""A researcher makes a study in the panel, a reader takes it by keyboard alone, the report opens: in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.accounts.models import User
from studies.models import Enrolment, EnrolmentState, Report, Study
from tests.browser.looking import REFUSALS, watched
from tests.browser.reading.test_by_keyboard import tab_to
from tests.studies.ward import make_records

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
KEYS = {"usefulness": ["4", "2"], "diagnosis": ["6", "0"]}


def test_from_the_protocol_to_the_report(page_of: Callable[..., Page], researcher: User) -> None:
    make_records()
    page = page_of()
    errors = watched(page, allow=REFUSALS)
    sign_in(page)
    make_protocol(page)
    mend_a_mistake(page)
    take_the_steps(page)
    link = invite(page)
    take_the_study(page_of(), link)
    open_the_report(page)
    assert errors == []


def sign_in(page: Page) -> None:
    page.goto("/admin/")
    page.fill("#id_username", "researcher@example.org")
    page.fill("#id_password", "correct horse")
    page.click("main button.primary")
    page.wait_for_url("**/admin/")


def make_protocol(page: Page) -> None:
    page.get_by_role("link", name="New study").first.click()
    page.fill("#id_title", "Which maps help?")
    page.fill("#id_slug", "which-maps")
    page.fill("#id_question", "Which maps do readers find useful?")
    for method in ("grad-cam", "kernel-shap", "random-map"):
        page.check(f"input[name=methods][value={method}]")
    page.check("#id_diagnosis")
    page.fill("#id_diagnosis_cases", "2")
    page.fill("#id_usefulness_cases", "3")
    page.fill("#id_contact", "Dr. Ada Example, ada@example.org")
    page.fill("#id_ethics", "EK 1/2026")
    page.fill("#id_consent_text", "You read images.\n\nYou may stop.")
    page.fill("#id_planned", "3")
    page.get_by_role("button", name="Make the protocol").click()
    expect(page.locator("#id_source")).to_have_value(re.compile("^study: which-maps"))


def mend_a_mistake(page: Page) -> None:
    text = page.input_value("#id_source")
    line = next(number for number, each in enumerate(text.splitlines(), start=1) if "dataset: wards" in each)
    page.fill("#id_source", text.replace("dataset: wards", "dataset: words"))
    page.get_by_role("button", name="Save the draft").click()
    expect(page.locator(".problems .error")).to_contain_text("There is no dataset called 'words'")
    assert not Study.objects.exists()
    page.click(f".problems >> text=line {line}")
    picked = page.evaluate(
        "() => { const s = document.activeElement; return s.value.slice(s.selectionStart, s.selectionEnd); }"
    )
    assert picked == "dataset: words"
    page.keyboard.type("dataset: wards")
    page.get_by_role("button", name="Save the draft").click()
    page.wait_for_url("**/change/")
    expect(page.locator(".message.success")).to_have_text("Version 1 is saved as a draft.")


def take_the_steps(page: Page) -> None:
    page.get_by_role("link", name="Lock the protocol").first.click()
    page.get_by_role("button", name="Lock it now").click()
    expect(page.locator(".life [aria-current]")).to_have_text("Locked")
    page.get_by_role("link", name="Launch the study").first.click()
    page.get_by_role("button", name="Launch it now").click()
    expect(page.locator(".life [aria-current]")).to_have_text("Live")


def invite(page: Page) -> str:
    page.get_by_role("link", name="Invite readers").first.click()
    page.fill("#id_emails", "new@example.org")
    page.get_by_role("button", name="Make invitations").click()
    return page.input_value(".links input")


def take_the_study(page: Page, link: str) -> None:
    errors = watched(page, allow=REFUSALS)
    page.goto(link)
    tab_to(page, "#id_password")
    page.keyboard.type("a long pass phrase")
    page.keyboard.press("Enter")
    page.wait_for_url("**/consent")
    tab_to(page, "#id_agree")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**/instructions")
    for _page in range(40):
        page.wait_for_selector(".viewer[data-state=ready], button[autofocus], textarea#id_text")
        page.evaluate("document.body.dataset.seen = 'yes'")
        if page.locator("textarea#id_text").count():
            break
        if page.locator(".viewer").count():
            answer(page)
        page.keyboard.press("Enter")
        page.wait_for_selector("body:not([data-seen])")
    assert Enrolment.objects.get().state == EnrolmentState.COMPLETED
    assert errors == []


def answer(page: Page) -> None:
    """By digits; the end of a practice trial asks for one Enter more, after its feedback."""
    task = (page.get_attribute(".trial", "class") or "").rpartition("--")[2]
    for key in KEYS[task]:
        page.keyboard.press(key)
    is_practice = page.locator(".tag", has_text="Practice").count() > 0
    if is_practice and page.get_attribute(".answer", "data-step") != "initial":
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-part=feedback]:not([hidden])")


def open_the_report(page: Page) -> None:
    page.click(".tabs >> text=Readers")
    expect(page.locator("tbody tr")).to_contain_text("Completed")
    page.click(".tabs >> text=Reports")
    page.get_by_role("button", name="Make the report").click()
    page.wait_for_selector("text=report.pdf")
    assert Report.objects.get().run_kinds == ["live"]
    page.click("a.button >> text=Open")
    expect(page.locator("h1")).to_have_text("Which maps help?")
    expect(page.locator("#findings")).to_be_visible()
    background = page.evaluate("getComputedStyle(document.body).fontFamily")
    assert "Times" not in background, "the report's own style is in force"
