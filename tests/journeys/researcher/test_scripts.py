"""What the panel's scripts add, and that the pages do without them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from portal.accounts.models import User
from tests.studies.panel.test_protocols import source
from tests.studies.ward import Ward, enrolled, make_records, make_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WRITE = "/admin/studies/study/write/"


@pytest.fixture
def ward(researcher: User) -> Ward:
    """A live study."""
    return make_study(researcher, tasks=("usefulness",))


def test_the_readers_table_refreshes_itself(
    page_of: Callable[..., Page], ward: Ward, researcher: User, reader_user: User
) -> None:
    page = page_of(researcher)
    page.clock.install()
    page.goto(f"/admin/studies/study/{ward.study.pk}/readers/")
    expect(page.locator(".empty")).to_contain_text("Nobody takes part yet.")
    enrolment = enrolled(ward, reader_user)
    page.clock.fast_forward(9_000)
    expect(page.locator(".empty")).to_be_visible()
    page.clock.fast_forward(2_000)
    expect(page.locator("tbody th")).to_have_text(enrolment.reader.pseudonym)


def test_a_server_that_is_away_leaves_the_table(
    page_of: Callable[..., Page], ward: Ward, researcher: User, reader_user: User
) -> None:
    enrolment = enrolled(ward, reader_user)
    page = page_of(researcher)
    page.clock.install()
    page.goto(f"/admin/studies/study/{ward.study.pk}/readers/")
    page.context.set_offline(True)
    page.clock.fast_forward(11_000)
    page.wait_for_timeout(200)
    expect(page.locator("tbody th")).to_have_text(enrolment.reader.pseudonym)


def test_line_numbers_follow_the_text(page_of: Callable[..., Page], researcher: User) -> None:
    page = page_of(researcher)
    page.goto(WRITE)
    page.fill("#id_source", "\n".join(f"key-{number}: 1" for number in range(1, 41)))
    numbers = page.locator("[data-part=gutter] li")
    expect(numbers).to_have_count(48)
    expect(numbers.last).to_have_text("48")
    place = page.evaluate(
        "() => [document.querySelector('.gutter').scrollHeight, document.querySelector('#id_source').scrollHeight]"
    )
    assert abs(place[0] - place[1]) <= 2, "a number stands beside its line"


def test_the_editor_without_scripts(page_of: Callable[..., Page], researcher: User) -> None:
    make_records()
    page = page_of(researcher, java_script_enabled=False)
    page.goto(WRITE)
    page.fill("#id_source", source().replace("lung-net", "lung-nett"))
    page.get_by_role("button", name="Save the draft").click()
    link = page.locator(".problems .error a")
    expect(link).to_have_text("line 16")
    link.click()
    assert page.url.endswith("#L16")
    expect(page.locator("#L16")).to_be_in_viewport()
    expect(page.locator("#L16")).to_have_class("error")
    expect(page.locator("#id_source")).to_have_value(source().replace("lung-net", "lung-nett"))


def test_a_link_is_copied(page_of: Callable[..., Page], ward: Ward, researcher: User) -> None:
    page = page_of(researcher, permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"/admin/studies/study/{ward.study.pk}/invitations/")
    page.get_by_role("button", name="Make invitations").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == page.input_value(".links input")
    assert "/invitation/" in copied
