"""Sessions a washout apart, breaks, and reminders: what the server allows, and when."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.db.models import F
from django.utils import timezone

from portal.accounts.models import User
from studies.models import Enrolment, Reminder, ReminderKind, RunKind, Study, Trial, TrialState
from studies.services.design import launch_study, load_protocol, lock_study
from studies.services.enrol import enrol_reader
from studies.services.remind import send_reminders
from tests.studies.steps import current, go_on, send
from tests.studies.ward import BLOCKS, PROTOCOL, Ward, enrolled, make_records, signed_in

pytestmark = pytest.mark.django_db

CROSSOVER = BLOCKS["diagnosis"].replace("{name: latin-square}", "{name: crossover}")
SETTINGS = "sessions: {max_gap_days: 42, remind_days: 7, closing_days: 5}\nwashout_days: 28\nblocks:"


def crossover(researcher: User, settings: str = SETTINGS, block: str = CROSSOVER, stale_days: int = 0) -> Ward:
    """A live study of a diagnosis in two sessions."""
    make_records()
    source = PROTOCOL.format(slug="two-sessions", blocks=block).replace("blocks:", settings)
    if "diagnosis" in block:
        source += "analysis: {primary: reliance, outcome: probability}\n"
    if stale_days:
        source = source.replace("planned: 6,", f"planned: 6, stale_days: {stale_days},")
    load_protocol(source=source, actor=researcher)
    study = Study.objects.get(slug="two-sessions")
    lock_study(study=study, actor=researcher)
    return Ward(launch_study(study=study, actor=researcher), researcher)


def read_on(user: User, enrolment: Enrolment, trials: int) -> None:
    """Answer so many trials."""
    client = signed_in(user)
    for _ in range(trials):
        go_on(client, enrolment)
        trial = current(enrolment)
        for step in ("initial", "final"):
            assert send(client, trial, step).status_code == 200


def let_pass(enrolment: Enrolment, days: float) -> None:
    """Move all that this reader did into the past."""
    back = timedelta(days=days)
    Trial.objects.filter(enrolment=enrolment).update(
        served_at=F("served_at") - back, completed_at=F("completed_at") - back
    )
    Enrolment.objects.filter(pk=enrolment.pk).update(created_at=F("created_at") - back)


def periods(enrolment: Enrolment) -> list[int]:
    return list(enrolment.trials.order_by("position").values_list("period", flat=True))


def test_each_case_is_read_once_a_session(researcher: User, reader_user: User) -> None:
    enrolment = enrolled(crossover(researcher), reader_user)
    assert periods(enrolment) == [1, 1, 2, 2]
    seen = list(enrolment.trials.order_by("position").values_list("case__slug", "arm__label", "period"))
    assert len({(case, period) for case, _arm, period in seen}) == 4
    assert len({(case, arm) for case, arm, _period in seen}) == 4


def test_the_next_session_is_shut_until_the_washout_is_over(researcher: User, reader_user: User) -> None:
    enrolment = enrolled(crossover(researcher), reader_user)
    read_on(reader_user, enrolment, 2)
    client, later = signed_in(reader_user), current(enrolment)
    page = go_on(client, enrolment)
    assert page.redirect_chain[-1][0] == f"/study/{enrolment.pk}/next-session"
    assert "The next session opens on" in page.content.decode()
    assert client.get(f"/s/{later.token}/", follow=True).redirect_chain[-1][0].endswith("/next-session")
    assert client.get(f"/s/{later.token}/image").status_code == 404
    assert send(client, later, "initial").status_code == 404
    assert not later.responses.exists()
    let_pass(enrolment, 27.9)
    assert go_on(client, enrolment).redirect_chain[-1][0].endswith("/next-session")
    let_pass(enrolment, 0.2)
    read_on(reader_user, enrolment, 2)
    assert enrolment.trials.filter(state=TrialState.DONE).count() == 4


def test_no_image_is_fetched_ahead_into_the_next_session(researcher: User, reader_user: User) -> None:
    enrolment, client = enrolled(crossover(researcher), reader_user), signed_in(reader_user)
    tokens = list(enrolment.trials.order_by("position").values_list("token", flat=True))
    go_on(client, enrolment)
    assert client.get(f"/s/{tokens[1]}/image").status_code == 200, "within the session it is"
    read_on(reader_user, enrolment, 1)
    go_on(client, enrolment)
    assert client.get(f"/s/{tokens[2]}/image").status_code == 404


def test_a_session_that_nobody_came_to_closes(researcher: User, reader_user: User) -> None:
    enrolment = enrolled(crossover(researcher), reader_user)
    read_on(reader_user, enrolment, 2)
    let_pass(enrolment, 43)
    page = go_on(signed_in(reader_user), enrolment)
    assert "has closed" in page.content.decode()
    assert "ada@example.org" in page.content.decode()


def test_a_session_that_was_begun_may_be_finished(researcher: User, reader_user: User) -> None:
    enrolment = enrolled(crossover(researcher), reader_user)
    read_on(reader_user, enrolment, 2)
    let_pass(enrolment, 30)
    read_on(reader_user, enrolment, 1)
    let_pass(enrolment, 60)
    read_on(reader_user, enrolment, 1)
    assert not enrolment.trials.exclude(state=TrialState.DONE).exists()


def test_a_preview_waits_for_nothing(researcher: User) -> None:
    ward = crossover(researcher)
    enrolment = enrolled(ward, researcher, run_kind=RunKind.PREVIEW)
    read_on(researcher, enrolment, 4)


@pytest.mark.parametrize("minutes", [0, 10])
def test_a_break_is_due_after_so_many_trials(researcher: User, reader_user: User, minutes: int) -> None:
    block = BLOCKS["usefulness"].replace("    practice: [ward-010]\n", "")
    ward = crossover(researcher, f"sessions: {{trials: 2, break_minutes: {minutes}}}\nblocks:", block)
    enrolment, client = enrolled(ward, reader_user), signed_in(reader_user)
    for _ in range(2):
        go_on(client, enrolment)
        assert send(client, current(enrolment), "rate").status_code == 200
    page = go_on(client, enrolment)
    assert page.redirect_chain[-1][0].endswith("/break")
    went_on = client.post(page.redirect_chain[-1][0], follow=True)
    if minutes:
        assert re.search(r"You can go on from \d\d:\d\d", went_on.content.decode())
        assert go_on(client, enrolment).redirect_chain[-1][0].endswith("/break"), "a click is no rest"
        let_pass(enrolment, minutes / 24 / 60)
    assert go_on(client, enrolment).redirect_chain[-1][0] == f"/s/{current(enrolment).token}/"


def day(enrolment: Enrolment) -> datetime:
    """When the reader last did something."""
    last = enrolment.trials.filter(completed_at__isnull=False).order_by("-completed_at").first()
    assert last is not None
    assert last.completed_at is not None
    return last.completed_at


def test_reminders_are_sent_once_each(researcher: User, reader_user: User) -> None:
    enrolment = enrolled(crossover(researcher), reader_user)
    read_on(reader_user, enrolment, 2)
    last = day(enrolment)
    for after, kinds in (
        (1, []),
        (27, []),
        (29, ["ready"]),
        (30, ["ready"]),
        (38, ["ready", "closing"]),
        (43, ["ready", "closing"]),
    ):
        for _twice in range(2):
            send_reminders(now=last + timedelta(days=after))
        assert [each.kind for each in Reminder.objects.order_by("pk")] == kinds, after
    assert [message.to for message in mail.outbox] == [[reader_user.email]] * 2
    assert f"/study/{enrolment.pk}/" in mail.outbox[0].body
    assert "is open" in mail.outbox[0].body
    assert "Please begin it before" in mail.outbox[1].body
    for name in ("grad-cam", "arm", "Arm", "none"):
        assert name not in mail.outbox[0].body


def test_who_has_left_off_is_reminded_once_for_each_time(researcher: User, reader_user: User) -> None:
    enrolment = enrolled(crossover(researcher), reader_user)
    first = timezone.now() + timedelta(days=8)
    assert send_reminders(now=first).sent == 1
    assert send_reminders(now=first + timedelta(days=20)).sent == 0
    read_on(reader_user, enrolment, 1)
    assert send_reminders(now=timezone.now() + timedelta(days=8)).sent == 1
    assert {each.kind for each in Reminder.objects.all()} == {ReminderKind.IDLE}


def test_an_e_mail_that_fails_is_sent_another_time(
    researcher: User, reader_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled(crossover(researcher), reader_user)
    later = timezone.now() + timedelta(days=8)

    def refuse(*_args: object, **_more: object) -> None:
        raise OSError("no route")

    with monkeypatch.context() as patch:
        patch.setattr("studies.services.remind.send_mail", refuse)
        assert "no route" in send_reminders(now=later).failed[0]
    assert not Reminder.objects.exists()
    assert send_reminders(now=later).sent == 1


def test_a_stale_slot_is_given_to_the_next_reader(researcher: User, reader_user: User) -> None:
    ward = crossover(researcher, stale_days=5)
    first = enrolled(ward, reader_user)
    second = enrolled(ward, User.objects.create_user("second@example.org"))
    let_pass(first, 6)
    third = enrolled(ward, User.objects.create_user("third@example.org"))
    assert (first.slot, second.slot, third.slot) == (0, 1, 0)
    assert Enrolment.objects.get(pk=first.pk).released_at is not None
    assert enrolled(ward, User.objects.create_user("fourth@example.org")).slot == 2
    read_on(reader_user, first, 1)
    assert enrol_reader(study=ward.study, user=reader_user, run_kind=RunKind.LIVE).pk == first.pk, "nothing is lost"


@pytest.mark.parametrize(("days", "slot"), [(20, 1), (32, 1), (34, 0)])
def test_waiting_for_a_session_is_not_stale(researcher: User, reader_user: User, days: int, slot: int) -> None:
    ward = crossover(researcher, stale_days=5)
    first = enrolled(ward, reader_user)
    read_on(reader_user, first, 2)
    let_pass(first, days)
    assert enrolled(ward, User.objects.create_user("second@example.org")).slot == slot


def test_a_missed_session_gives_the_slot_back(researcher: User, reader_user: User) -> None:
    ward = crossover(researcher)
    first = enrolled(ward, reader_user)
    read_on(reader_user, first, 2)
    let_pass(first, 41)
    assert enrolled(ward, User.objects.create_user("second@example.org")).slot == 1
    let_pass(first, 2)
    assert enrolled(ward, User.objects.create_user("third@example.org")).slot == 0


def test_who_has_finished_is_never_stale(researcher: User, reader_user: User) -> None:
    ward = crossover(researcher, stale_days=5)
    first = enrolled(ward, reader_user)
    read_on(reader_user, first, 2)
    let_pass(first, 30)
    read_on(reader_user, first, 2)
    let_pass(first, 300)
    assert enrolled(ward, User.objects.create_user("second@example.org")).slot == 1
