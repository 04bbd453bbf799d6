"""People, tokens, the audit trail, models, parts, and the one sign-in."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from rest_framework.authtoken.models import Token

from portal.accounts.models import Role, User
from portal.audit.append_only import protect, release
from portal.audit.models import Entry
from portal.audit.services import record
from portal.panel.performances import measures_of
from tests.portal.panel.conftest import PERFORMANCE, World

pytestmark = pytest.mark.django_db


def at(name: str, *args: object) -> str:
    return reverse(f"admin:{name}", args=args)


@pytest.fixture
def office(administrator: User) -> Client:
    """An administrator's browser."""
    client = Client()
    client.force_login(administrator, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_new_person_chooses_the_password(office: Client, client: Client) -> None:
    office.post(at("accounts_user_new"), {"email": "New@Example.org", "role": "researcher"})
    person = User.objects.get(email="new@example.org")
    assert (person.role, person.has_usable_password()) == (Role.RESEARCHER, False)
    assert mail.outbox[0].to == ["new@example.org"]
    link = next(word for word in mail.outbox[0].body.split() if "/account/password/" in word)
    form = client.get(link.split("testserver")[1], follow=True)
    client.post(form.redirect_chain[-1][0], {"new_password1": "a long phrase", "new_password2": "a long phrase"})
    person.refresh_from_db()
    assert person.check_password("a long phrase")


def test_an_address_is_taken_once(office: Client, reader_user: User) -> None:
    page = office.post(at("accounts_user_new"), {"email": reader_user.email.upper(), "role": "reader"})
    assert "already an account" in page.content.decode()
    assert User.objects.filter(email__iexact=reader_user.email).count() == 1


def test_a_role_opens_and_closes_the_panel(office: Client, reader_user: User, client: Client) -> None:
    client.force_login(reader_user, backend="django.contrib.auth.backends.ModelBackend")
    office.post(at("accounts_user_role", reader_user.pk), {"role": "researcher"})
    assert client.get(at("index")).status_code == 200
    office.post(at("accounts_user_role", reader_user.pk), {"role": "reader"})
    assert client.get(at("index")).status_code == 404
    changes = [entry.detail for entry in Entry.objects.filter(action="account.role_changed")]
    assert changes == [{"before": "reader", "after": "researcher"}, {"before": "researcher", "after": "reader"}]


def test_a_closed_account_is_shut_out_at_once(office: Client, researcher: User, signed_in: Client) -> None:
    office.post(at("accounts_user_close", researcher.pk))
    assert signed_in.get(at("index")).status_code == 302
    office.post(at("accounts_user_reopen", researcher.pk))
    assert signed_in.get(at("index")).status_code == 200


def test_administrators_cannot_shut_themselves_out(office: Client, administrator: User) -> None:
    office.post(at("accounts_user_close", administrator.pk))
    office.post(at("accounts_user_role", administrator.pk), {"role": "reader"})
    administrator.refresh_from_db()
    assert administrator.is_administrator


def test_no_password_hash_is_shown(office: Client, administrator: User, reader_user: User) -> None:
    for name, args in (("changelist", ()), ("change", (reader_user.pk,))):
        page = office.get(at(f"accounts_user_{name}", *args)).content.decode()
        assert reader_user.password not in page
        assert "md5$" not in page


def test_a_token_is_shown_once(signed_in: Client, researcher: User) -> None:
    page = signed_in.post(at("token"), {"do": "renew"}).content.decode()
    key = Token.objects.get(user=researcher).key
    assert key in page
    assert key not in signed_in.get(at("token")).content.decode()
    assert key not in str(list(Entry.objects.values_list("detail", flat=True)))
    signed_in.post(at("token"), {"do": "renew"})
    assert Token.objects.get(user=researcher).key != key
    signed_in.post(at("token"), {"do": "revoke"})
    assert not Token.objects.exists()


def test_the_chain_is_checked(signed_in: Client, world: World) -> None:
    assert "The chain is whole" in signed_in.post(at("audit_entry_check"), follow=True).content.decode()
    release(connection, "audit_entry")
    Entry.objects.filter(pk=world.entry.pk).update(actor_label="somebody else")
    protect(connection, "audit_entry")
    said = signed_in.post(at("audit_entry_check"), follow=True).content.decode()
    assert f"breaks at entry {world.entry.pk}" in said


def test_the_trail_is_searched(signed_in: Client, world: World) -> None:
    history = signed_in.get(at("explanations_run_history", world.run.pk))
    record(actor=None, action="run.other", subject=f"run:{world.run.pk}0")  # begins alike, is another
    found = signed_in.get(history["Location"]).context["cl"].queryset
    assert [entry.action for entry in found] == ["run.started"]
    assert "Nothing matches." in signed_in.get(at("audit_entry_changelist"), {"q": "nobody"}).content.decode()


def test_a_model_shows_its_performance_with_intervals(signed_in: Client, world: World) -> None:
    page = signed_in.get(at("networks_network_change", world.network.pk)).content.decode()
    assert "0.850 to 0.950" in page
    assert world.network.weights_sha256 in page


def test_performance_is_read_at_any_depth() -> None:
    whole, conflicting = measures_of({"measured": PERFORMANCE})
    assert (whole.group, whole.title, whole.left, whole.dot, whole.right) == ("", "AUROC", 85.0, 91.0, 95.0)
    assert conflicting.group == "By the marker's relation to the finding: Conflicting"


def test_a_part_says_when_it_misleads(signed_in: Client, world: World) -> None:
    page = signed_in.get(at("parts_part_change", world.part.pk)).content.decode()
    assert "It may hit a finding by chance." in page
    assert "Adebayo et al. 2018" in page


def test_the_panel_has_no_sign_in_of_its_own(client: Client, researcher: User) -> None:
    answer = client.get("/admin/catalog/case/")
    assert answer["Location"] == "/account/sign-in?next=/admin/catalog/case/"
    signed = client.post(answer["Location"], {"username": researcher.email, "password": "correct horse"})
    assert signed["Location"] == "/admin/catalog/case/"


def test_too_many_attempts_lock_the_way_in(client: Client, researcher: User, settings: Any) -> None:
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 3
    where = "/account/sign-in?next=/admin/"
    wrong = [client.post(where, {"username": researcher.email, "password": "guess"}) for _ in range(3)]
    assert [answer.status_code for answer in wrong] == [200, 200, 429]
    right = client.post(where, {"username": researcher.email, "password": "correct horse"})
    assert right.status_code == 429
    assert client.get(at("index")).status_code == 302


def test_the_panel_is_in_one_language(signed_in: Client, world: World) -> None:
    """A page half in German would be read out wrongly by a screen reader."""
    page = signed_in.get(at("catalog_case_changelist"), headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="en">' in page
    assert "Suchen" not in page
    assert "To the content" in page
