"""Managing people, for administrators: accounts, roles, closing and opening, a link to choose a password."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from portal.accounts.forms import PasswordResetForm
from portal.accounts.models import Role, User
from portal.accounts.services import AccountError, find_user
from portal.audit.services import record


class OwnAccount(AccountError):
    """Administrators cannot shut themselves out."""


class PasswordLinkForm(PasswordResetForm):
    """Sends the link to people who never had a password, too."""

    def get_users(self, email: str) -> Iterator[Any]:  # type: ignore[override]
        """The person with this address."""
        user = find_user(email)
        return iter([user] if user and user.is_active else [])


@transaction.atomic
def create_person(*, email: str, role: str, actor: User) -> User:
    """A new account without a password; its owner chooses one by a link (see `send_password_link`)."""
    _only_administrators(actor)
    if find_user(email):
        raise AccountError("There is already an account with this address.")
    try:
        user = User.objects.create_user(email, None, role=Role(role))
    except ValidationError as error:
        raise AccountError(" ".join(error.messages)) from None
    record(actor=actor, action="account.created", subject=user, role=role)
    return user


@transaction.atomic
def change_role(*, user: User, role: str, actor: User) -> User:
    """Give a person another role; administrators do not take it from themselves."""
    _only_administrators(actor)
    if user.pk == actor.pk:
        raise OwnAccount("You cannot change your own role; another administrator can.")
    before, user.role = user.role, Role(role)
    if before == user.role:
        return user
    user.is_staff = user.is_researcher
    user.is_superuser = user.role == Role.ADMINISTRATOR
    user.save(update_fields=["role", "is_staff", "is_superuser"])
    record(actor=actor, action="account.role_changed", subject=user, before=before, after=role)
    return user


@transaction.atomic
def close_account(*, user: User, actor: User) -> User:
    """Shut a person out at once, signed in or not; nothing of theirs is deleted."""
    _only_administrators(actor)
    if user.pk == actor.pk:
        raise OwnAccount("You cannot close your own account; another administrator can.")
    return _set_active(user, False, actor, "account.closed")


@transaction.atomic
def reopen_account(*, user: User, actor: User) -> User:
    """Let a person in again."""
    _only_administrators(actor)
    return _set_active(user, True, actor, "account.reopened")


def send_password_link(*, user: User, actor: User, site: str, secure: bool) -> None:
    """Mail the link by which a person chooses a password; `site` is the host in it."""
    _only_administrators(actor)
    form = PasswordLinkForm({"email": user.email})
    if not user.is_active or not form.is_valid():
        raise AccountError("This account is closed; open it again first.")
    try:
        form.save(
            domain_override=site,
            use_https=secure,
            subject_template_name="portal/accounts/password_reset_subject.txt",
            email_template_name="portal/accounts/password_reset_email.txt",
        )
    except OSError as error:  # the mail server cannot be reached, or refuses
        raise AccountError(f"The mail could not be sent: {error}.") from error
    record(actor=actor, action="account.password_link_sent", subject=user)


def _set_active(user: User, active: bool, actor: User, action: str) -> User:
    user.is_active = active
    user.save(update_fields=["is_active"])
    record(actor=actor, action=action, subject=user)
    return user


def _only_administrators(actor: User) -> None:
    if not actor.is_administrator:
        raise PermissionDenied("Only administrators may manage people.")
