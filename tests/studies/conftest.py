"""The small study that the reading room's tests stand on."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.accounts.models import User
from studies.models import Enrolment
from tests.studies.ward import Ward, enrolled, make_study, signed_in


@pytest.fixture
def ward(researcher: User) -> Ward:
    """A live study of all three tasks."""
    return make_study(researcher)


@pytest.fixture
def reading(ward: Ward, reader_user: User) -> Enrolment:
    """The reader, enrolled and consented."""
    return enrolled(ward, reader_user)


@pytest.fixture
def browser_of_reader(reader_user: User) -> Client:
    """The reader's browser, without scripts."""
    return signed_in(reader_user)
