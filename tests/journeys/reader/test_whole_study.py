"""From the invitation to the last page, as a reader without scripts would send it."""

from __future__ import annotations

import re

from django.test import Client

from portal.accounts.models import User
from studies.models import Enrolment, EnrolmentState, Response
from studies.services.invite import create_invitation
from tests.studies.steps import current, go_on, send
from tests.studies.ward import make_study


def test_a_reader_comes_by_invitation_and_finishes(researcher: User) -> None:
    ward = make_study(researcher)
    _invitation, token = create_invitation(study=ward.study, email="new@example.org", actor=researcher)
    client = Client()
    assert client.get(f"/invitation/{token}").status_code == 200

    page = client.post(
        f"/invitation/{token}", {"email": "new@example.org", "password": "a long pass phrase"}, follow=True
    )
    assert page.redirect_chain[-1][0].endswith("/consent")
    enrolment = Enrolment.objects.get()
    assert re.fullmatch(r"R-[2-9A-Z]{4}", enrolment.reader.pseudonym)
    text = re.search(r'name="text" value="([0-9a-f]{64})"', page.content.decode())
    assert text is not None
    client.post(f"/study/{enrolment.pk}/consent", {"agree": "on", "text": text.group(1)})

    steps = {"usefulness": ["rate"], "preference": ["compare"], "diagnosis": ["initial", "final"]}
    for position in range(enrolment.trials.count()):
        trial = current(enrolment)
        assert trial.position == position
        assert go_on(client, enrolment).context["shown"].token == trial.token
        for step in steps[trial.task]:
            assert send(client, trial, step).status_code == 200

    page = client.get(f"/study/{enrolment.pk}/", follow=True)
    assert "That was the last image" in page.content.decode()
    enrolment.refresh_from_db()
    assert enrolment.state == EnrolmentState.COMPLETED
    assert Response.objects.count() == sum(len(steps[trial.task]) for trial in enrolment.trials.all())
    said = {"text": "The second block was tiring.", "key": "8f14e45f-ceea-467f-a0e6-1b3d2a3c4d5e"}
    client.post(f"/study/{enrolment.pk}/thanks", said)
    assert enrolment.questionnaire_responses.get().answers == {"remark": "The second block was tiring."}
