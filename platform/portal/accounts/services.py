"""Making the accounts of people who were invited."""

from __future__ import annotations

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from portal.accounts.models import Role, User


class AccountError(ValueError):
    """The account could not be made or opened."""


class WrongPassword(AccountError):
    """There is an account with this address, and this is not its password."""


class WeakPassword(AccountError):
    """The password is too easy to guess."""


def find_user(email: str) -> User | None:
    """The person with this address, however it was written."""
    return User.objects.filter(email__iexact=email.strip()).first()


@transaction.atomic
def create_reader_account(*, email: str, password: str | None) -> User:
    """A new reader; without a password they can only come in by the session that made them."""
    if password is not None:
        try:
            validate_password(password, User(email=email))
        except ValidationError as error:
            raise WeakPassword(" ".join(error.messages)) from None
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, role=Role.READER)
    except (IntegrityError, ValidationError):
        raise AccountError(_("There is already an account with this address.")) from None


def open_account(*, request: HttpRequest, email: str, password: str) -> User:
    """The account of this address: opened with its password where there is one, made where there is none."""
    known = find_user(email)
    if known is None:
        return create_reader_account(email=email, password=password)
    user = authenticate(request, username=known.email, password=password)
    if not isinstance(user, User):
        raise WrongPassword(_("There is an account with this address, and this is not its password."))
    return user
