"""Channels beside the words: headers, lengths and times are the same for every arm, and kinds of run stay apart."""

from __future__ import annotations

import re
import time
from collections import defaultdict

import pytest
from django.test import Client
from scipy import stats

from portal.accounts.models import User
from studies.models import Enrolment, RunKind
from studies.services.export import export_bytes
from tests.studies.steps import current, go_on, send
from tests.studies.ward import COLUMNS, ROWS, Ward, enrolled, make_study, signed_in

pytestmark = pytest.mark.django_db
ROUNDS = 40
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')
TELLING = ("ETag", "Last-Modified", "Content-Disposition", "Content-Location", "Server-Timing", "Age")


@pytest.fixture
def rated(researcher: User, reader_user: User) -> Enrolment:
    """A reader who has seen every arm of a rating block."""
    make_study(researcher, tasks=("usefulness",))
    enrolment = enrolled(Ward(researcher.studies.get(), researcher), reader_user)
    client = signed_in(reader_user)
    for _trial in range(enrolment.trials.count() - 1):
        go_on(client, enrolment)
        send(client, current(enrolment), "rate")
    go_on(client, enrolment)
    return enrolment


def overlays(enrolment: Enrolment) -> dict[str, str]:
    """One overlay's address for each arm."""
    trials = enrolment.trials.exclude(state="pending").select_related("arm")
    return {trial.arm.code: f"/s/{trial.token}/overlay/a" for trial in trials}


def test_headers_and_lengths_are_the_same_for_every_arm(rated: Enrolment, reader_user: User) -> None:
    client = signed_in(reader_user)
    answers = {code: client.get(path) for code, path in overlays(rated).items()}
    assert len(answers) == 3
    assert {len(answer.content) for answer in answers.values()} == {ROWS * COLUMNS}
    assert len({frozenset(answer.headers.items()) for answer in answers.values()}) == 1
    for answer in answers.values():
        assert not [name for name in TELLING if answer.has_header(name)]


def test_no_arm_comes_sooner_than_another(rated: Enrolment, reader_user: User) -> None:
    """First and repeated loads, in turns: of two arms' times neither is the longer one in more than 80 of 100 pairs.

    With equal times that share's standard deviation is 6.5 of 100 over forty rounds, so that chance alone fails this in
    about one of a hundred thousand runs.
    """
    client = signed_in(reader_user)
    times: dict[str, list[float]] = defaultdict(list)
    paths = overlays(rated)
    client.get(next(iter(paths.values())))
    for _round in range(ROUNDS):
        for code, path in paths.items():
            start = time.perf_counter()
            client.get(path)
            times[code].append(time.perf_counter() - start)
    codes = sorted(times)
    for first in codes:
        for second in codes[codes.index(first) + 1 :]:
            longer = stats.mannwhitneyu(times[first], times[second]).statistic / ROUNDS**2
            assert 0.2 < longer < 0.8, (first, second, longer)


def test_what_is_not_there_is_refused_alike(rated: Enrolment, outsider: User) -> None:
    """An unknown token, another's trial and a trial before its time give one answer."""
    pending = enrolled(Ward(rated.version.study, outsider), outsider).trials.order_by("-position")[0]
    foreign = rated.trials.all()[0]
    client = signed_in(outsider)
    for rest in ("", "image", "header", "overlay/a"):
        pages = {token: client.get(f"/s/{token}/{rest}") for token in ("unknown", foreign.token, pending.token)}
        assert {page.status_code for page in pages.values()} == {404}
        said = {CSRF.sub("", page.content.decode().replace(token, "")) for token, page in pages.items()}
        assert len(said) == 1, "apart from the address that was asked for"


def test_kinds_of_run_are_not_mixed_unless_asked(rated: Enrolment, researcher: User) -> None:
    version, client = rated.version, signed_in(researcher)
    Enrolment.objects.filter(pk=rated.pk).update(run_kind=RunKind.PILOT)
    export = f"/api/v1/studies/{version.study.slug}/export/"
    for kind in RunKind.values:
        rows = export_bytes(version=version, run_kinds=[kind], actor=None).decode().splitlines()
        assert (len(rows) > 1) is (kind == RunKind.PILOT), kind
    assert len(client.get(export).content.splitlines()) == 1, "live readers alone where nothing is asked"
    assert len(client.get(f"{export}?include=pilot").content.splitlines()) > 1
    assert client.get("/api/v1/responses/").json()["count"] == 0
    assert client.get("/api/v1/responses/?include=pilot,live").json()["count"] > 0


def test_nobody_is_told_anything(rated: Enrolment) -> None:
    for path in overlays(rated).values():
        assert Client().get(path).status_code == 302
