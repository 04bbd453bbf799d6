"""Every address of the studies' half of the panel, and who may open it.

The table is made from the site's own addresses, so that a new page cannot be forgotten: it fails until it is named.
"""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern

from portal.accounts.models import User
from studies.admin.records import EnrolmentAdmin, ResponseAdmin
from studies.admin.study import StudyAdmin
from studies.models import Arm, Enrolment, Invitation, ProtocolVersion, Report, Response, Stimulus, Study
from studies.services.invite import create_invitation
from studies.services.unblind import ask_unblinding
from tests.studies.panel.conftest import address
from tests.studies.ward import Ward, signed_in

PAGES = {
    "changelist": ("get", "/admin/studies/study/", 200),
    "add": ("get", "/admin/studies/study/add/", 200),
    "write": ("get", "/admin/studies/study/write/", 200),
    "change": ("get", "{study}change/", 200),
    "edit": ("get", "{study}protocol/", 200),
    "version": ("get", "{study}version/", 200),
    "compare": ("get", "{study}compare/", 200),
    "clone": ("get", "{study}clone/", 200),
    "step": ("get", "{study}step/close/", 200),
    "power": ("post", "{study}power/", 302),
    "preview": ("post", "{study}preview/", 302),
    "progress": ("get", "{study}readers/", 200),
    "take_out": ("get", "{study}readers/{enrolment}/take-out/", 200),
    "invitations": ("get", "{study}invitations/", 200),
    "renew": ("post", "{study}invitations/{invitation}/renew/", 200),
    "revoke": ("post", "{study}invitations/{invitation}/revoke/", 302),
    "cases": ("get", "{study}cases/", 200),
    "case": ("get", "{study}cases/{case}/", 200),
    "picture": ("get", "{study}cases/{case}/image", 200),
    "overlay": ("get", "{study}maps/{stimulus}", 200),
    "unblinding": ("get", "{study}unblinding/", 200),
    "settle": ("post", "{study}unblinding/{unblinding}/decline/", 302),
    "reports": ("get", "{study}reports/", 200),
    "report": ("get", "{study}reports/{report}/", 200),
    "download": ("get", "{study}reports/{report}/report.json", 200),
    "history": ("get", "/admin/studies/study/{pk}/history/", 302),
}
COORDINATORS = {PAGES["changelist"][1], PAGES["progress"][1]}
RECORDS = {
    "/admin/studies/response/": 200,
    "/admin/studies/response/{response}/change/": 200,
    "/admin/studies/response/{response}/history/": 302,
    "/admin/studies/response/add/": 404,
    "/admin/studies/response/{response}/delete/": 404,
    "/admin/studies/enrolment/": 200,
    "/admin/studies/enrolment/{enrolment}/change/": 200,
    "/admin/studies/enrolment/{enrolment}/history/": 302,
}


@pytest.fixture
def world(ward: Ward, read_through: Enrolment, stored_report: Report, researcher: User) -> dict[str, object]:
    """What the addresses name."""
    invitation, _token = create_invitation(study=ward.study, actor=researcher)
    stimulus = Stimulus.objects.exclude(display="")[0]
    return {
        "study": address(ward, ""),
        "pk": ward.study.pk,
        "enrolment": read_through.pk,
        "invitation": invitation.pk,
        "case": stimulus.case_id,
        "stimulus": stimulus.pk,
        "report": stored_report.pk,
        "response": Response.objects.all()[0].pk,
        "unblinding": ask_unblinding(study=ward.study, reason="To see who may.", actor=researcher).pk,
    }


def test_the_table_names_every_page() -> None:
    named = {str(each.name).removeprefix("studies_study_") for each in StudyAdmin(Study, admin.site).get_urls()}
    assert named == set(PAGES)


def test_records_have_no_address_that_adds_or_deletes() -> None:
    for kind in (ResponseAdmin, EnrolmentAdmin):
        model = Response if kind is ResponseAdmin else Enrolment
        pages = [each for each in kind(model, admin.site).get_urls() if isinstance(each, URLPattern) and each.name]
        assert not any(str(each.name).endswith(("_add", "_delete")) for each in pages)


@pytest.mark.django_db
def test_who_may_open_what(
    world: dict[str, object], reader_user: User, outsider: User, researcher: User, administrator: User
) -> None:
    people = [
        (Client(), "nobody"),
        (signed_in(reader_user), "reader"),
        (signed_in(outsider), "outsider"),
        (signed_in(researcher), "researcher"),
        (signed_in(administrator), "administrator"),
        (signed_in(User.objects.create_user("coordinator@example.org", role="coordinator")), "coordinator"),
    ]
    rows = [*PAGES.values(), *(("get", page, status) for page, status in RECORDS.items())]
    # From a study's history a coordinator is led to the audit trail, which refuses them.
    coordinators = dict.fromkeys(COORDINATORS, 200) | {PAGES["history"][1]: 302}
    for method, page, allowed in rows:
        for client, who in people:
            found = getattr(client, method)(page.format(**world))
            expected = {"nobody": 302, "reader": 404, "outsider": 404}.get(who, allowed)
            if who == "coordinator":
                expected = coordinators.get(page, 404 if allowed == 404 else 403)
            assert found.status_code == expected, (page, who)
            if found.streaming:
                assert b"".join(found.streaming_content) == b"{}"
            if who == "nobody":
                assert found["Location"].startswith("/account/sign-in?next="), page


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name, (method, _page, _status) in PAGES.items() if method == "post"])
def test_acts_need_a_post(world: dict[str, object], panel: Client, name: str) -> None:
    assert panel.get(PAGES[name][1].format(**world)).status_code == 405


@pytest.mark.django_db
def test_posts_need_a_token(world: dict[str, object], researcher: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(researcher)
    for page in ("{study}step/close/", "{study}preview/", "{study}unblinding/", "{study}invitations/"):
        assert strict.post(page.format(**world), {"emails": ""}).status_code == 403
    assert Invitation.objects.count() == 1


@pytest.mark.django_db
def test_a_coordinator_sees_progress_and_never_an_arm(world: dict[str, object], ward: Ward) -> None:
    client = signed_in(User.objects.create_user("coordinator@example.org", role="coordinator"))
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/admin/studies/study/"
    assert client.get("/admin/token/").status_code == 403
    told = [
        *Arm.objects.exclude(label="").values_list("label", flat=True),
        *ProtocolVersion.objects.values_list("hash", flat=True),
        "Balance certificate",
        "Arm ",
    ]
    for page in COORDINATORS:
        shown = client.get(page.format(**world)).content.decode()
        assert "ward" in shown or "readers" in shown
        assert [each for each in told if each in shown] == []
        for hidden in ("/change/", "/protocol/", "/take-out/", "/cases/", "/reports/", "/step/", "/invitations/"):
            assert hidden not in shown, (page, hidden)
    for name in ("/api/v1/studies/", "/api/v1/responses/"):
        assert client.get(name).status_code in {403, 404}
