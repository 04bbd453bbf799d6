"""Progress by reader, invitations, and taking a reader out."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import Entry
from studies.models import Enrolment, EnrolmentState, Invitation
from studies.panel.progress import live_progress
from studies.services.design import close_study
from tests.studies.panel.conftest import address
from tests.studies.ward import Ward, enrolled, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.db]
FORM = {"emails": "", "count": "1", "run_kind": "live", "days": "14", "note": ""}
LINK = re.compile(r'value="http://testserver(/invitation/[^"]+)"')


def test_progress_by_reader_and_block(panel: Client, ward: Ward, read_through: Enrolment, outsider: User) -> None:
    enrolled(ward, outsider)
    progress = live_progress(ward.study)
    assert progress.blocks == ("rate", "compare", "read")
    by_reader = {each.enrolment.pk: each for each in progress.readers}
    done = by_reader.pop(read_through.pk)
    assert [(block.done, block.total) for block in done.blocks] == [(4, 4), (3, 3), (2, 2)]
    # All analysed trials took 5 s, the diagnoses twice that for their two steps, and one half a second.
    assert done.seconds == 5.0
    assert done.too_fast == 1
    assert done.last_seen is not None
    (waiting,) = by_reader.values()
    assert (waiting.done, waiting.seconds, waiting.too_fast, waiting.last_seen) == (0, None, 0, None)
    html = panel.get(address(ward, "readers/")).content.decode()
    assert "1 too fast" in html
    assert read_through.reader.pseudonym in html


def test_progress_takes_few_queries(ward: Ward, read_through: Enrolment, django_assert_max_num_queries: Any) -> None:
    for number in range(5):
        enrolled(ward, User.objects.create_user(f"more-{number}@example.org", "correct horse"))
    with django_assert_max_num_queries(6):
        assert len(live_progress(ward.study).readers) == 6


def test_the_table_alone_for_the_script(panel: Client, ward: Ward, read_through: Enrolment) -> None:
    html = panel.get(address(ward, "readers/?table=1")).content.decode()
    assert "<html" not in html
    assert read_through.reader.pseudonym in html


def test_links_are_shown_once(panel: Client, ward: Ward) -> None:
    page = panel.post(address(ward, "invitations/"), FORM | {"count": "3"})
    links = LINK.findall(page.content.decode())
    assert len(set(links)) == 3
    assert Invitation.objects.count() == 3
    assert Client().get(links[0]).status_code == 200
    again = panel.get(address(ward, "invitations/")).content.decode()
    assert not LINK.findall(again)
    assert "no-store" in page["Cache-Control"]
    assert mail.outbox == []


def test_one_invitation_a_line(panel: Client, ward: Ward) -> None:
    page = panel.post(address(ward, "invitations/"), FORM | {"emails": "One@example.org\r\n\r\ntwo@example.org"})
    assert page.status_code == 200
    assert sorted(Invitation.objects.values_list("email", flat=True)) == ["one@example.org", "two@example.org"]
    assert mail.outbox == []


def test_e_mail_is_sent_where_it_is_ticked(panel: Client, ward: Ward) -> None:
    page = panel.post(address(ward, "invitations/"), FORM | {"emails": "one@example.org", "send": "on"})
    (link,) = LINK.findall(page.content.decode())
    (message,) = mail.outbox
    assert message.to == ["one@example.org"]
    assert f"http://testserver{link}" in message.body
    assert Entry.objects.filter(action="invitation.sent").count() == 1


def test_an_e_mail_that_fails_costs_no_invitation(panel: Client, ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise ConnectionRefusedError("nobody listens")

    monkeypatch.setattr("studies.services.send.send_mail", broken)
    page = panel.post(address(ward, "invitations/"), FORM | {"emails": "one@example.org", "send": "on"})
    assert "could not be sent (nobody listens)" in page.content.decode()
    assert len(LINK.findall(page.content.decode())) == 1
    assert not Entry.objects.filter(action="invitation.sent").exists()


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"emails": "one@example.org\nnonsense"}, "Line 2: &#x27;nonsense&#x27; is not an e-mail address."),
        (
            {"emails": "one@example.org\none@example.org"},
            "Line 2: &#x27;one@example.org&#x27; stands here twice: it is on line 1 already.",
        ),
        ({"count": ""}, "How many links?"),
        ({"send": "on"}, "There is no address to send to."),
        ({"days": "400"}, "less than or equal to 365"),
        ({"run_kind": "bot"}, "Select a valid choice"),
    ],
)
def test_wrong_invitations_make_none(panel: Client, ward: Ward, changes: dict[str, str], sentence: str) -> None:
    page = panel.post(address(ward, "invitations/"), FORM | changes)
    assert page.status_code == 400
    assert sentence in page.content.decode()
    assert not Invitation.objects.exists()


def test_a_closed_study_invites_nobody(panel: Client, ward: Ward, researcher: User) -> None:
    close_study(study=ward.study, actor=researcher)
    page = panel.post(address(ward, "invitations/"), FORM)
    assert page.status_code == 409
    assert "A closed study takes no more readers." in page.content.decode()


def test_the_list_tells_each_state(panel: Client, ward: Ward, researcher: User) -> None:
    panel.post(address(ward, "invitations/"), FORM | {"count": "4"})
    used, late, gone, _open = Invitation.objects.order_by("pk")
    now = timezone.now()
    Invitation.objects.filter(pk=used.pk).update(used_at=now)
    Invitation.objects.filter(pk=late.pk).update(expires_at=now - timedelta(days=1))
    assert panel.post(address(ward, f"invitations/{gone.pk}/revoke/")).status_code == 302
    listed = dict(panel.get(address(ward, "invitations/")).context["invitations"])
    assert [listed[each] for each in Invitation.objects.order_by("pk")] == ["used", "expired", "revoked", "unused"]
    refused = panel.post(address(ward, f"invitations/{used.pk}/revoke/"), follow=True)
    assert "already been used" in refused.content.decode()


def test_taking_a_reader_out_needs_a_reason_and_is_on_record(
    panel: Client, ward: Ward, read_through: Enrolment, researcher: User
) -> None:
    place = address(ward, f"readers/{read_through.pk}/take-out/")
    assert panel.post(place, {"reason": " "}).status_code == 400
    read_through.refresh_from_db()
    assert read_through.state == EnrolmentState.COMPLETED
    assert panel.post(place, {"reason": "Asked us by phone"}).status_code == 302
    read_through.refresh_from_db()
    assert read_through.state == EnrolmentState.WITHDRAWN
    entry = Entry.objects.get(action="reader.taken-out")
    assert (entry.actor, entry.detail["reason"]) == (researcher, "Asked us by phone")
    again = panel.post(place, {"reason": "Twice"}, follow=True)
    assert "has left the study already" in again.content.decode()


def test_a_reader_of_another_study_is_out_of_reach(panel: Client, ward: Ward, read_through: Enrolment) -> None:
    other = make_study(ward.researcher, tasks=("usefulness",), slug="other-study")
    place = f"/admin/studies/study/{other.study.pk}/readers/{read_through.pk}/take-out/"
    assert panel.post(place, {"reason": "Wrong study"}).status_code == 404
    read_through.refresh_from_db()
    assert read_through.state == EnrolmentState.COMPLETED
