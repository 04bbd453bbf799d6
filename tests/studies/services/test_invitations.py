"""Invitations: once, for a while, for one person; looking at the page uses nothing up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import Entry
from studies.models import Enrolment, Invitation, Reader, RunKind
from studies.services.design import close_study
from studies.services.invite import (
    InvitationError,
    NotInvited,
    SpentInvitation,
    accept_invitation,
    create_invitation,
    revoke_invitation,
)
from tests.studies.ward import Ward, signed_in

NEW = {"email": "new@example.org", "password": "a long pass phrase"}


def invite(ward: Ward, **facts: object) -> tuple[Invitation, str]:
    return create_invitation(study=ward.study, actor=ward.researcher, **facts)  # type: ignore[arg-type]


def test_only_the_hash_is_stored(ward: Ward) -> None:
    invitation, token = invite(ward)
    assert len(token) >= 32
    assert token not in str(Invitation.objects.values().get(pk=invitation.pk))
    assert token not in str(list(Entry.objects.values()))


def test_looking_does_not_use_it_up(ward: Ward) -> None:
    _invitation, token = invite(ward)
    for _look in range(3):
        assert Client().get(f"/invitation/{token}").status_code == 200
        assert Client().head(f"/invitation/{token}").status_code == 200
    assert Enrolment.objects.count() == 0
    assert Client().post(f"/invitation/{token}", NEW).status_code == 302


def test_it_works_once(ward: Ward) -> None:
    _invitation, token = invite(ward)
    Client().post(f"/invitation/{token}", NEW)
    again = Client().post(f"/invitation/{token}", NEW | {"email": "other@example.org"})
    assert again.status_code == 410
    assert "already been used" in again.content.decode()
    assert Reader.objects.count() == 1
    assert not User.objects.filter(email="other@example.org").exists()


@pytest.mark.parametrize(
    ("spoil", "status", "sentence"),
    [
        ("expired", 410, "has expired"),
        ("revoked", 410, "has been taken back"),
        ("unknown", 404, "is not known"),
        ("closed", 410, "is closed"),
    ],
)
def test_a_link_that_does_not_work_says_why(ward: Ward, spoil: str, status: int, sentence: str) -> None:
    invitation, token = invite(ward)
    if spoil == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    elif spoil == "revoked":
        revoke_invitation(invitation=invitation, actor=ward.researcher)
    elif spoil == "closed":
        close_study(study=ward.study, actor=ward.researcher)
    else:
        token = "nonsense"
    for response in (Client().get(f"/invitation/{token}"), Client().post(f"/invitation/{token}", NEW)):
        assert response.status_code == status
        assert sentence in response.content.decode()
    assert Enrolment.objects.count() == 0
    assert not User.objects.filter(email="new@example.org").exists()


def test_a_known_person_uses_their_password(ward: Ward, reader_user: User) -> None:
    _invitation, token = invite(ward)
    wrong = Client().post(f"/invitation/{token}", {"email": "READER@example.org", "password": "not this one, no"})
    assert wrong.status_code == 200
    assert "this is not its password" in wrong.content.decode()
    right = Client().post(f"/invitation/{token}", {"email": "Reader@example.org", "password": "correct horse"})
    assert right.status_code == 302
    assert Enrolment.objects.get().reader.user == reader_user


def test_a_weak_password_is_refused(ward: Ward) -> None:
    _invitation, token = invite(ward)
    response = Client().post(f"/invitation/{token}", {"email": "new@example.org", "password": "short"})
    assert "too short" in response.content.decode()
    assert not User.objects.filter(email="new@example.org").exists()


def test_who_is_signed_in_accepts_with_a_click(ward: Ward, outsider: User) -> None:
    _invitation, token = invite(ward)
    response = signed_in(outsider).post(f"/invitation/{token}", {"as_me": "1"})
    assert response.status_code == 302
    assert Enrolment.objects.get().reader.user == outsider


def test_two_at_once_make_one_enrolment(ward: Ward, reader_user: User, outsider: User) -> None:
    _invitation, token = invite(ward)
    accept_invitation(token=token, user=reader_user)
    with pytest.raises(SpentInvitation):
        accept_invitation(token=token, user=outsider)
    assert Enrolment.objects.count() == 1


def test_only_researchers_invite(ward: Ward, reader_user: User) -> None:
    with pytest.raises(NotInvited):
        create_invitation(study=ward.study, actor=reader_user)
    with pytest.raises(InvitationError, match="1 to 365 days"):
        invite(ward, days=0)
    with pytest.raises(InvitationError, match="valid email"):
        invite(ward, email="nobody")
    assert Invitation.objects.count() == 0


def test_a_simulated_readers_account_has_no_password(ward: Ward) -> None:
    _invitation, token = invite(ward, run_kind=RunKind.BOT)
    client = Client()
    assert client.post(f"/invitation/{token}").status_code == 302
    user = Enrolment.objects.get().reader.user
    assert user is not None
    assert not user.has_usable_password()
    assert client.get("/").status_code == 200


def test_a_live_invitation_never_makes_an_account_without_password(ward: Ward) -> None:
    _invitation, token = invite(ward, email="new@example.org")
    assert Client().post(f"/invitation/{token}", {}).status_code == 200
    assert not User.objects.filter(email="new@example.org").exists()


def test_the_audit_trail_names_no_reader(ward: Ward) -> None:
    _invitation, token = invite(ward)
    Client().post(f"/invitation/{token}", NEW)
    trail = list(Entry.objects.filter(action__in=["invitation.accepted", "reader.enrolled"]))
    assert len(trail) == 2
    assert {entry.actor_label for entry in trail} == {"system"}
    assert "new@example.org" not in str([entry.detail for entry in trail])
