"""Inviting many: a CSV file all of whose lines are right, links as CSV, a fresh link for one that was lost."""

from __future__ import annotations

import base64
import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.models import User
from portal.audit.models import Entry
from studies.models import Invitation
from studies.panel.invitees import Invitee, WrongList, read_file
from studies.panel.link_file import harmless, links_as_csv
from tests.studies.panel.conftest import address
from tests.studies.panel.test_readers import FORM, LINK
from tests.studies.ward import Ward

LANGUAGES = ["en", "de"]
FILE = re.compile(r'href="data:text/csv;charset=utf-8;base64,([^"]+)"')


def upload(panel: Client, ward: Ward, text: str, **more: str) -> Any:
    file = SimpleUploadedFile("people.csv", text.encode(), content_type="text/csv")
    return panel.post(address(ward, "invitations/"), FORM | {"people": file} | more)


def test_a_file_is_read_with_notes_and_languages() -> None:
    text = 'email,note,language\r\nOne@example.org,"Ward 3, night",de\r\n\r\ntwo@example.org,,\r\n'
    assert read_file(text.encode(), LANGUAGES) == [
        Invitee("one@example.org", "Ward 3, night", "de"),
        Invitee("two@example.org"),
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_spreadsheets_of_all_countries(separator: str) -> None:
    text = f"\ufeffNote{separator}E-Mail\nWard 3{separator}one@example.org\n"
    assert read_file(text.encode(), LANGUAGES) == [Invitee("one@example.org", "Ward 3")]


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", "This file is empty."),
        ("email\n\n", "There is nobody in this file"),
        ("one@example.org\n", "Line 1: this line names the columns, and none of them is 'email'."),
        ("email,ward\na@b.org,3\n", "Line 1: 'ward' is no column of this list"),
        ("email,email\na@b.org,a@b.org\n", "Line 1: a column stands here twice."),
        ("email\nnonsense\n", "Line 2: 'nonsense' is not an e-mail address."),
        ("email,note\n,Ward 3\n", "Line 2: The e-mail address is missing."),
        ("email\na@b.org\n\nA@b.org\n", "Line 4: 'a@b.org' stands here twice: it is on line 2 already."),
        ("email,language\na@b.org,fr\n", "Line 2: The study is not in the language 'fr', only in en, de."),
        ("email,note\na@b.org,Ward 3, night\n", "Line 2: There are 3 cells for 2 columns"),
        ("email,note\na@b.org," + 201 * "x", "Line 2: The note has 201 characters; 200 are the most."),
        ('email,note\na@b.org,"Ward\n3"\nb@b.org,\nnonsense,\n', "Line 5: 'nonsense' is not"),
        ("email\n" + "".join(f"r{number}@b.org\n" for number in range(501)), "At most 500 people at a time, not 501."),
        ("email\n\x00\n", "This is not a CSV file"),
    ],
)
def test_each_mistake_is_told_with_its_line(text: str, sentence: str) -> None:
    with pytest.raises(WrongList) as caught:
        read_file(text.encode(), LANGUAGES)
    assert sentence in str(caught.value)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(WrongList) as caught:
        read_file(b"email,language\nnonsense,fr\nb@b.org,xx\n", LANGUAGES)
    assert [each[:7] for each in caught.value.problems] == ["Line 2:", "Line 2:", "Line 3:"]


def test_another_encoding_is_named() -> None:
    with pytest.raises(WrongList, match="not text in UTF-8"):
        read_file("email,note\na@b.org,Röntgen\n".encode("latin-1"), LANGUAGES)


@given(st.binary(max_size=200))
def test_no_file_breaks_the_reading(content: bytes) -> None:
    try:
        found = read_file(b"email\n" + content, LANGUAGES)
    except WrongList:
        return
    assert all("@" in each.email for each in found)


@given(st.lists(st.text(max_size=12), max_size=4))
def test_no_cell_of_the_links_is_a_formula(notes: list[str]) -> None:
    until = timezone.now()
    rows = [("=1+1@b.org", note, "", "https://example.org/x", until) for note in [*notes, "=HYPERLINK(1)", " @SUM(A1)"]]
    # Written with CR LF; a cell of its own may hold either.
    for cells in list(csv.reader(io.StringIO(links_as_csv(rows), newline="")))[1:]:
        assert not any(cell.strip().startswith(("=", "+", "-", "@")) for cell in cells)


def test_other_cells_stay_as_they_are() -> None:
    assert harmless("Ward 3 - night") == "Ward 3 - night"
    assert harmless("one@example.org") == "one@example.org"


@pytest.mark.django_db
def test_a_file_makes_and_sends_them_all(panel: Client, ward: Ward) -> None:
    page = upload(panel, ward, "email,note,language\na@b.org,Ward 3,de\nc@d.org,,\n", send="on", note="all")
    assert page.status_code == 200, page.context["form"].errors
    known = dict(Invitation.objects.values_list("email", "note"))
    assert known == {"a@b.org": "Ward 3", "c@d.org": "all"}
    german, english = mail.outbox
    assert (german.to, german.subject) == (["a@b.org"], "Einladung zum Lesen: Do highlights help?")
    assert "Sie sind eingeladen" in german.body
    assert (english.to, english.subject) == (["c@d.org"], "Invitation to read: Do highlights help?")
    assert Invitation.objects.filter(sent_at__isnull=False).count() == 2


@pytest.mark.django_db
def test_one_wrong_line_and_nothing_is_made_or_sent(panel: Client, ward: Ward) -> None:
    page = upload(panel, ward, "email\na@b.org\nnonsense\n", send="on")
    assert page.status_code == 400
    assert "Line 3: &#x27;nonsense&#x27; is not an e-mail address." in page.content.decode()
    assert not Invitation.objects.exists()
    assert mail.outbox == []


@pytest.mark.django_db
def test_addresses_come_by_one_way(panel: Client, ward: Ward) -> None:
    page = upload(panel, ward, "email\na@b.org\n", emails="c@d.org")
    assert "not in both" in page.content.decode()
    assert not Invitation.objects.exists()


@pytest.mark.django_db
def test_the_links_are_a_file_to_keep(panel: Client, ward: Ward) -> None:
    html = upload(panel, ward, "email,note\na@b.org,=1+1\nc@d.org,\n").content.decode()
    (found,) = FILE.findall(html)
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(found).decode("utf-8-sig"))))
    assert [(each["email"], each["note"]) for each in rows] == [("a@b.org", "'=1+1"), ("c@d.org", "")]
    assert [each["link"].removeprefix("http://testserver") for each in rows] == LINK.findall(html)
    assert Client().get(rows[0]["link"]).status_code == 200


@pytest.mark.django_db
def test_the_first_page_is_in_the_invitations_language(panel: Client, ward: Ward) -> None:
    html = upload(panel, ward, "email,language\na@b.org,de\n").content.decode()
    (link,) = LINK.findall(html)
    browser = Client(headers={"accept-language": "en"})
    assert "Einladung annehmen" in browser.get(link).content.decode()
    assert browser.cookies["django_language"].value == "de"
    chosen = Client()
    chosen.cookies["django_language"] = "en"
    assert "Accept the invitation" in chosen.get(link).content.decode()


@pytest.mark.django_db
def test_a_fresh_link_takes_the_place_of_the_lost_one(panel: Client, ward: Ward) -> None:
    (old,) = LINK.findall(upload(panel, ward, "email\na@b.org\n").content.decode())
    invitation = Invitation.objects.get()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    page = panel.post(address(ward, f"invitations/{invitation.pk}/renew/"), {"send": "yes"})
    (new,) = LINK.findall(page.content.decode())
    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200
    assert new in mail.outbox[0].body
    assert Entry.objects.filter(action="invitation.renewed").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("spoil, sentence", [("used_at", "already been used"), ("revoked_at", "was taken back")])
def test_a_spent_invitation_gets_no_fresh_link(
    panel: Client, ward: Ward, researcher: User, spoil: str, sentence: str
) -> None:
    upload(panel, ward, "email\na@b.org\n")
    invitation = Invitation.objects.get()
    Invitation.objects.update(**{spoil: timezone.now()})
    page = panel.post(address(ward, f"invitations/{invitation.pk}/renew/"))
    assert page.status_code == 409
    assert sentence in page.content.decode()
    assert Invitation.objects.get().token_hash == invitation.token_hash
