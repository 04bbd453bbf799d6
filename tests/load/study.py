"""The study that a crowd reads: 512 x 512 images, 25 trials of three tasks, and a signed-in reader for each seat."""

from __future__ import annotations

from django.conf import settings
from django.test import Client

from portal.accounts.models import Role, User
from studies.models import Enrolment, Response, Study
from studies.services.design import launch_study, load_protocol, lock_study
from tests.load.crowd import Seat
from tests.studies.ward import PROTOCOL, Ward, enrolled, make_records

SIDE = 512
BLOCKS = """
  - name: rate
    task: usefulness
    network: lung-net
    methods: [grad-cam, random-map, kernel-shap]
    design: {name: crossed}
    cases: [ward-001, ward-002, ward-003, ward-004, ward-005, ward-006]
    finding: nodule
  - name: compare
    task: preference
    network: lung-net
    methods: [grad-cam, random-map, kernel-shap]
    design: {name: paired}
    cases: [ward-004, ward-005, ward-006]
    finding: nodule
  - name: read
    task: diagnosis
    network: shortcut-net
    methods: [none, grad-cam]
    design: {name: latin-square}
    cases: [ward-007, ward-008, ward-009, ward-010]
    finding: nodule
"""


def make_room(side: int = SIDE) -> Ward:
    """A live study of square images."""
    researcher = User.objects.create_user("load@example.org", None, role=Role.RESEARCHER)
    make_records(side, side)
    load_protocol(source=PROTOCOL.format(slug="load", blocks=BLOCKS, outcome="coverage"), actor=researcher)
    study = Study.objects.get(slug="load")
    lock_study(study=study, actor=researcher)
    return Ward(launch_study(study=study, actor=researcher), researcher)


def take_seats(ward: Ward, readers: int) -> list[Seat]:
    """So many readers, enrolled, consented and signed in."""
    return [_seat(ward, User.objects.create_user(f"reader-{index}@example.org", None)) for index in range(readers)]


def _seat(ward: Ward, user: User) -> Seat:
    enrolment: Enrolment = enrolled(ward, user)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    return Seat({settings.SESSION_COOKIE_NAME: cookie}, f"/study/{enrolment.pk}/")


def stored_keys() -> list[str]:
    """The key of every answer that is stored."""
    return [str(key) for key in Response.objects.values_list("key", flat=True)]
