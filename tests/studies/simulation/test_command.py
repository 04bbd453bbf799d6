"""The command: real requests to a server of its own, marked as bot, resumable, the same for the same seed."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from portal.accounts.models import User
from studies.models import Enrolment, EnrolmentState, Response
from studies.services import simulate
from studies.simulation import SimulationError
from tests.studies.ward import make_study

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.db]


def answers(enrolment: Enrolment) -> list[tuple[int, str, dict[str, object]]]:
    found = Response.objects.filter(trial__enrolment=enrolment).order_by("trial__position", "id")
    return [(each.trial.position, each.step, each.answers) for each in found.select_related("trial")]


def test_readers_finish_and_are_marked(researcher: User) -> None:
    make_study(researcher)
    call_command("simulate_readers", "ward-study", readers=2, seed=4, verbosity=0)
    enrolments = list(Enrolment.objects.order_by("id"))
    assert [each.run_kind for each in enrolments] == ["bot", "bot"]
    assert {each.state for each in enrolments} == {EnrolmentState.COMPLETED}
    for enrolment in enrolments:
        assert enrolment.trials.exclude(state="done").count() == 0
        assert len(answers(enrolment)) == 4 + 3 + 2 * 2
        assert enrolment.reader.user is not None
        assert not enrolment.reader.user.has_usable_password()

    before = Response.objects.count()
    call_command("simulate_readers", "ward-study", readers=2, seed=4, verbosity=0)
    assert Response.objects.count() == before, "a second run does nothing"


def test_an_interrupted_simulation_goes_on(researcher: User, monkeypatch: pytest.MonkeyPatch) -> None:
    make_study(researcher, tasks=("usefulness",))
    original = simulate._answers
    count = 0

    def breaks(*arguments: object) -> dict[str, object]:
        nonlocal count
        count += 1
        if count == 3:
            raise SimulationError("The power went out.")
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(simulate, "_answers", breaks)
    with pytest.raises(CommandError, match="power went out"):
        call_command("simulate_readers", "ward-study", readers=1, seed=4, verbosity=0)
    assert Response.objects.count() == 2
    monkeypatch.undo()
    call_command("simulate_readers", "ward-study", readers=1, seed=4, verbosity=0)
    assert Enrolment.objects.get().state == EnrolmentState.COMPLETED
    assert Response.objects.count() == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"study": "nothing"}, "There is no study called 'nothing'"),
        ({"study": "ward-study", "readers": 0}, "Between 1 and 1000 readers"),
    ],
)
def test_a_wrong_argument_is_one_sentence(researcher: User, arguments: dict[str, object], sentence: str) -> None:
    make_study(researcher, tasks=("usefulness",))
    study = arguments.pop("study")
    with pytest.raises(CommandError, match=sentence) as caught:
        call_command("simulate_readers", study, verbosity=0, **arguments)
    assert caught.value.returncode == 2
