"""A crawl of all that a reader's browser is sent, for every task and step: nothing names what is shown.

The words looked for come from the registries and from the study's own records.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.db.models import Model
from django.test import Client

from explainers.methods import registry as methods
from portal.accounts.models import User
from portal.catalog.models import Case, Image
from portal.explanations.models import Explanation
from portal.networks.models import Network
from studies.models import Arm, Enrolment, Stimulus
from studies.tasks import registry as tasks
from tests.studies.rating_blocks import RATING_BLOCKS
from tests.studies.steps import current, go_on, send
from tests.studies.ward import COLUMNS, ROWS, Ward, enrolled, make_study, signed_in

READING = ("unaided-read", "aided-read", "explained-read", "error-detection", "forward-simulation")
ROOM_SCRIPTS = ("studies", "portal/js", "portal/viewer", "portal/css")
ORDINARY = {"saliency", "uniform", "occlusion", "edge", "random", "lime", "rise"}
"""Method names that are also words of English: looked for in pages, but not in scripts."""


def words() -> set[str]:
    """What must not be seen."""
    found = {each.name for each in methods} | {each.title for each in methods}
    found |= {each.__name__ for each in methods}
    found |= set(Network.objects.values_list("slug", flat=True)) | set(Network.objects.values_list("title", flat=True))
    found |= set(Network.objects.values_list("weights_sha256", flat=True))
    found |= set(Case.objects.values_list("slug", flat=True)) | {"wards"}
    found |= set(Explanation.objects.values_list("label", flat=True)) | set(
        Explanation.objects.values_list("array", flat=True)
    )
    found |= set(Explanation.objects.values_list("key", flat=True))
    found |= set(Image.objects.values_list("array", flat=True))
    found |= set(Stimulus.objects.values_list("display", flat=True))
    return {word for word in found if word}


def steps_of(task: str) -> list[str]:
    return [step.name for step in tasks[task]().steps]


def leaks(text: str, looked_for: set[str]) -> list[str]:
    low = text.lower()
    return sorted(word for word in looked_for if re.search(rf"(?<![a-z0-9]){re.escape(word.lower())}(?![a-z0-9])", low))


class Crawl:
    """Fetches, and keeps everything that came: addresses, headers, bodies."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.seen: list[tuple[str, str]] = []
        self.overlays: dict[str, list[int]] = {}
        self.statics: set[str] = set()

    def get(self, path: str) -> Any:
        response = self.client.get(path)
        self.keep(path, response)
        return response

    def keep(self, path: str, response: Any) -> None:
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        body = "" if response["Content-Type"].startswith("application/octet") else response.content.decode()
        self.seen.append((path, f"{path}\n{headers}\n{body}"))
        self.statics |= set(re.findall(r'(?:src|href)="(/static/[^"]+)"', body))
        for url in re.findall(r'data-(?:map|image|image-header)-url="([^"]+)"', body):
            payload = self.get(url)
            assert payload.status_code == 200
            if "/overlay/" in url:
                self.overlays.setdefault(url[-1], []).append(len(payload.content))


def crawl(client: Client, enrolment: Enrolment) -> Crawl:
    found = Crawl(client)
    for path in ("/", f"/study/{enrolment.pk}/consent", f"/study/{enrolment.pk}/leave", f"/study/{enrolment.pk}/"):
        found.get(path)
    for _trial in range(enrolment.trials.count()):
        found.keep("instructions", client.get(f"/study/{enrolment.pk}/instructions"))
        trial = current(enrolment)
        found.keep("page", go_on(client, enrolment))
        for step in steps_of(trial.task):
            found.keep(f"/s/{trial.token}/", client.get(f"/s/{trial.token}/"))
            found.keep("receipt", send(client, trial, step))
            found.keep("twice", send(client, trial, step))
    found.get(f"/study/{enrolment.pk}/thanks")
    found.get("/s/unknown/")
    return found


def test_nothing_names_what_is_shown(ward: Ward, reader_user: User) -> None:
    enrolment = enrolled(ward, reader_user)
    found = crawl(signed_in(reader_user), enrolment)
    looked_for = words()
    assert {"grad-cam", "lung-net", "ward-001"} <= looked_for
    assert {path: leaks(text, looked_for) for path, text in found.seen if leaks(text, looked_for)} == {}
    assert len([path for path, _text in found.seen if "/overlay/" in path]) >= 4 + 2 * 3 + 1


def test_nothing_names_what_is_shown_in_further_tasks(researcher: User, reader_user: User) -> None:
    ward = make_study(researcher, tasks=("usefulness", *RATING_BLOCKS))
    found = crawl(signed_in(reader_user), enrolled(ward, reader_user))
    looked_for = words()
    assert {path: leaks(text, looked_for) for path, text in found.seen if leaks(text, looked_for)} == {}
    assert {length for each in found.overlays.values() for length in each} == {ROWS * COLUMNS}


def test_the_crawl_would_find_a_leak(ward: Ward) -> None:
    assert leaks('<p class="map grad-cam">', words()) == ["Grad-CAM", "grad-cam"]
    assert leaks("X-Case: Ward-001", words()) == ["ward-001"]


def test_arm_codes_do_not_reach_the_page(ward: Ward, reader_user: User) -> None:
    """Codes are letters, so they are made unmistakable first."""
    for number, arm in enumerate(Arm.objects.all()):
        Arm.objects.filter(pk=arm.pk).update(code=f"Q{number}Z")
    found = crawl(signed_in(reader_user), enrolled(ward, reader_user))
    codes = set(Arm.objects.values_list("code", flat=True))
    assert all(not leaks(text, codes) for _path, text in found.seen)


def test_scripts_and_styles_name_no_method(ward: Ward, reader_user: User) -> None:
    found = crawl(signed_in(reader_user), enrolled(ward, reader_user))
    assert {"/static/studies/trial.js", "/static/portal/viewer/start.js"} <= found.statics
    looked_for = {word for word in words() if word.lower() not in ORDINARY}
    for file in scripts():
        assert leaks(file.read_text(encoding="utf-8"), looked_for) == [], file
        assert "sourceMappingURL" not in file.read_text(encoding="utf-8"), file


def scripts() -> Iterator[Path]:
    for folder in ROOM_SCRIPTS:
        found = finders.find(folder)
        assert found is not None
        yield from (file for file in Path(found).rglob("*") if file.suffix in {".js", ".css"})


def test_overlays_are_of_one_length_and_say_nothing_in_their_headers(ward: Ward, reader_user: User) -> None:
    enrolment = enrolled(ward, reader_user)
    client = signed_in(reader_user)
    found = crawl(client, enrolment)
    lengths = {length for each in found.overlays.values() for length in each}
    assert lengths == {ROWS * COLUMNS}
    trial = enrolment.trials.filter(task="preference")[0]
    shown = [client.get(f"/s/{trial.token}/overlay/{letter}") for letter in "ab"]
    for response in shown:
        assert response["Content-Encoding"] == "identity"
        assert "no-store" in response["Cache-Control"]
        assert "no-transform" in response["Cache-Control"]
        for name in ("ETag", "Last-Modified", "Content-Disposition", "Content-Location"):
            assert not response.has_header(name)
    first, second = (set(response.headers.items()) for response in shown)
    assert first == second, "the two maps of a pair differ in their bytes alone"


def test_the_same_map_has_another_address_for_another_reader(
    researcher: User, reader_user: User, outsider: User
) -> None:
    ward = make_study(researcher, tasks=("usefulness",))
    enrolled(ward, reader_user)
    enrolled(ward, outsider)
    tokens = list(Enrolment.objects.filter(version__study=ward.study).values_list("trials__token", flat=True))
    assert len(set(tokens)) == len(tokens)
    assert all(re.fullmatch(r"[\w-]{20,43}", token) for token in tokens)


def test_pages_are_drawn_from_the_allow_list_alone(ward: Ward, reader_user: User) -> None:
    """No record of the database is within reach of a trial's template."""
    enrolment = enrolled(ward, reader_user)
    client = signed_in(reader_user)
    for _trial in range(enrolment.trials.count()):
        page = go_on(client, enrolment)
        shown = page.context["shown"]
        assert not [value for value in dataclasses.astuple(shown) if isinstance(value, Model)]
        names = {key for layer in page.context.dicts for key in layer} if hasattr(page.context, "dicts") else set()
        assert not names & {"trial", "stimulus", "arm", "case", "enrolment"}
        trial = current(enrolment)
        for step in steps_of(trial.task):
            send(client, trial, step)


def test_reading_tasks_name_nothing_either(researcher: User, reader_user: User) -> None:
    enrolment = enrolled(make_study(researcher, tasks=READING), reader_user)
    found = crawl(signed_in(reader_user), enrolment)
    looked_for = words()
    assert {path: leaks(text, looked_for) for path, text in found.seen if leaks(text, looked_for)} == {}
    assert {length for each in found.overlays.values() for length in each} == {ROWS * COLUMNS}


def test_the_ais_output_reaches_only_those_who_are_to_see_it(researcher: User, reader_user: User) -> None:
    """The ward's probabilities (0.25 + 0.05 n) are of two digits: looked for as the page writes them."""
    enrolment = enrolled(make_study(researcher, tasks=READING), reader_user)
    client = signed_in(reader_user)
    shown, hidden = 0, 0
    for _trial in range(enrolment.trials.count()):
        page = go_on(client, enrolment)
        trial = current(enrolment)
        number = int(trial.case.slug.removeprefix("ward-"))
        sees = trial.arm.kind != "unaided" and trial.task != "forward-simulation"
        assert (f"{round(100 * (0.25 + 0.05 * number))} %" in page.content.decode()) == sees, trial.task
        assert (page.context["shown"].advice is not None) == sees
        overlay = client.get(f"/s/{trial.token}/overlay/a")
        assert (overlay.status_code == 200) == (trial.arm.kind == "explained")
        shown, hidden = shown + sees, hidden + (not sees)
        for step in steps_of(trial.task):
            receipt = send(client, trial, step)
            assert receipt.status_code == 200, receipt.content
            assert not {"truth", "expected", "correct"} & set(receipt.json())
    assert shown >= 5
    assert hidden >= 4


def test_the_altered_image_comes_without_what_the_network_says_of_it(researcher: User, reader_user: User) -> None:
    enrolment = enrolled(make_study(researcher, tasks=("counterfactual-simulation", "forward-simulation")), reader_user)
    client = signed_in(reader_user)
    for _trial in range(enrolment.trials.count()):
        page = go_on(client, enrolment)
        trial = current(enrolment)
        answer = client.get(f"/s/{trial.token}/altered")
        assert (answer.status_code == 200) == (trial.task == "counterfactual-simulation")
        assert "10 %" not in page.content.decode(), "what the network says of the altered image"
        assert trial.stimulus.prepared.get(trial.block, {}).get("altered", "no such text") not in page.content.decode()
        if answer.status_code == 200:
            assert len(answer.content) == len(client.get(f"/s/{trial.token}/image").content)
            assert answer.content != client.get(f"/s/{trial.token}/image").content
        receipt = send(client, trial, steps_of(trial.task)[0])
        assert ("feedback" in receipt.json()) == trial.is_practice
