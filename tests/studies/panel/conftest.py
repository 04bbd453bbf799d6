"""A researcher's browser, and a study whose reader has answered."""

from __future__ import annotations

import json
import uuid

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from portal.accounts.models import User
from studies.models import Enrolment, Report
from tests.studies.steps import ANSWERS, current
from tests.studies.ward import Ward, enrolled, signed_in

STEPS = {"usefulness": ["rate"], "preference": ["compare"], "diagnosis": ["initial", "final"]}


@pytest.fixture
def panel(researcher: User) -> Client:
    """The researcher's browser."""
    return signed_in(researcher)


@pytest.fixture
def read_through(ward: Ward, reader_user: User) -> Enrolment:
    """A live reader who has answered everything."""
    enrolment = enrolled(ward, reader_user)
    client = signed_in(reader_user)
    for _trial in range(enrolment.trials.count()):
        trial = current(enrolment)
        for step in STEPS[trial.task]:
            # The second trial is the first that counts; it is answered too fast.
            seconds = 0.5 if trial.position == 1 else 5.0
            body = {"key": str(uuid.uuid4()), "step": step, "answers": ANSWERS[step]}
            body["client"] = {"active_seconds": seconds}
            answer = client.post(f"/s/{trial.token}/answer", json.dumps(body), content_type="application/json")
            assert answer.status_code == 200, answer.content
    return enrolment


def address(ward: Ward, rest: str = "change/") -> str:
    """A page of the ward's study."""
    return f"/admin/studies/study/{ward.study.pk}/{rest}"


@pytest.fixture
def stored_report(ward: Ward, researcher: User) -> Report:
    """A report with small files, as the services keep it."""
    bodies = {
        "report.html": b"<!doctype html><title>r</title><style>p{color:red}</style><p>Report</p>",
        "report.pdf": b"%PDF-1.7",
        "report.json": b"{}",
        "ratings.csv": b"study\n",
        "codebook.csv": b"column\n",
    }
    files = {name: default_storage.save(f"reports/test/{name}", ContentFile(body)) for name, body in bodies.items()}
    version = ward.study.versions.get()
    return Report.objects.create(version=version, run_kinds=["live"], table_sha256="0" * 64, files=files)
