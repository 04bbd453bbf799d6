"""Signing in and out, forgotten passwords, and the lock after too many attempts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from portal.accounts.models import User
from portal.accounts.services import AccountError, WeakPassword, create_reader_account


def sign_in(client: Client, email: str, password: str, **more: str) -> Any:
    return client.post("/account/sign-in", {"username": email, "password": password, **more})


def test_in_and_out(reader_user: User) -> None:
    client = Client()
    assert client.get("/")["Location"] == "/account/sign-in?next=/"
    assert sign_in(client, "Reader@Example.org", "correct horse")["Location"] == "/"
    assert client.get("/").status_code == 200
    assert client.get("/account/sign-out").status_code == 405, "no link signs a person out"
    assert client.post("/account/sign-out")["Location"] == "/account/sign-in"
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    ("following", "lands"), [("/account/password", "/account/password"), ("https://elsewhere.example/", "/")]
)
def test_it_leads_back_and_never_elsewhere(reader_user: User, following: str, lands: str) -> None:
    assert sign_in(Client(), "reader@example.org", "correct horse", next=following)["Location"] == lands


@pytest.mark.parametrize(("email", "password"), [("reader@example.org", "wrong"), ("nobody@example.org", "wrong")])
def test_a_wrong_pair_is_one_sentence_that_tells_nothing(reader_user: User, email: str, password: str) -> None:
    page = sign_in(Client(), email, password).content.decode()
    assert "This address and this password do not belong together." in page


def test_a_closed_account_stays_out(reader_user: User) -> None:
    reader_user.is_active = False
    reader_user.save()
    assert sign_in(Client(), "reader@example.org", "correct horse").status_code == 200


def test_too_many_attempts_lock(reader_user: User, settings: Any) -> None:
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 3
    client = Client()
    answers = [sign_in(client, "reader@example.org", "wrong") for _attempt in range(3)]
    assert answers[-1].status_code == 429
    assert "Too many attempts" in answers[-1].content.decode()
    assert sign_in(client, "reader@example.org", "correct horse").status_code == 429
    assert client.get("/").status_code == 302


def test_a_forgotten_password(reader_user: User) -> None:
    client = Client()
    client.post("/account/password", {"email": "reader@example.org"})
    assert mail.outbox[0].to == ["reader@example.org"]
    link = re.search(r"http://testserver(/account/password/\S+)", str(mail.outbox[0].body))
    assert link is not None
    page = client.get(link.group(1), follow=True)
    form = page.redirect_chain[-1][0]
    weak = client.post(form, {"new_password1": "password", "new_password2": "password"})
    assert "too short" in weak.content.decode()
    client.post(form, {"new_password1": "an other long phrase", "new_password2": "an other long phrase"})
    assert sign_in(Client(), "reader@example.org", "an other long phrase").status_code == 302
    assert "has been used or is too old" in Client().get(link.group(1)).content.decode()


def test_it_does_not_tell_who_has_an_account(reader_user: User) -> None:
    known = Client().post("/account/password", {"email": "reader@example.org"})
    unknown = Client().post("/account/password", {"email": "nobody@example.org"})
    assert known["Location"] == unknown["Location"]
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_accounts_are_made_once() -> None:
    create_reader_account(email="New@Example.org", password="a long pass phrase")
    assert User.objects.get().email == "new@example.org"
    with pytest.raises(AccountError, match="already an account"):
        create_reader_account(email="new@example.org", password="a long pass phrase")
    with pytest.raises(WeakPassword):
        create_reader_account(email="third@example.org", password="1234567890")
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_the_policy_allows_no_inline_code() -> None:
    page = Client().get("/account/sign-in")
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert "unsafe" not in page["Content-Security-Policy"]
    body = page.content.decode()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", body)
