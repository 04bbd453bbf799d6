"""Simulated readers take a study over HTTP, from their invitation to the last page."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from numpy.typing import NDArray

from portal.accounts.models import User
from portal.catalog.models import ReferenceStandard
from portal.explanations.models import Prediction
from portal.storage import get_array
from studies.models import ArmKind, Enrolment, EnrolmentState, Invitation, RunKind, Study, StudyState, Trial
from studies.models import Stimulus as StimulusRecord
from studies.selectors import block_of, scene_of
from studies.services.invite import create_invitation
from studies.services.simulate_questionnaires import fill_in_as
from studies.simulation import Sight, SimulatedReader, SimulationError, Stimulus, answer, reader_of
from studies.simulation.browsing import Browser, BrowsingError, Page
from studies.truths import Truths, overlap

Progress = Callable[[int, int], None]
MOST_READERS = 1000
KEYS = uuid.UUID("5d1f6f6c-7a53-4c5a-9f0e-2d1c9d1f3a11")


@dataclass
class World:
    """What the simulation knows and no reader does: the truth of each case, and how each map lies to it."""

    standards: dict[tuple[int, str], ReferenceStandard] = field(default_factory=dict)
    overlaps: dict[tuple[str, str], tuple[float | None, float | None]] = field(default_factory=dict)
    advice: dict[tuple[int, int], float] = field(default_factory=dict)
    truths: Truths = field(default_factory=lambda: Truths([], {}))

    @classmethod
    def of(cls, study: Study) -> World:
        """Everything about the cases of this study."""
        cases = StimulusRecord.objects.filter(version__study=study).values("case")
        standards = ReferenceStandard.objects.filter(case__in=cases)
        predictions = Prediction.objects.filter(image__case__in=cases, image__index=0).order_by("id")
        return cls(
            standards={(each.case_id, each.name): each for each in standards},
            advice={
                (each.network_id, each.image.case_id): each.probability for each in predictions.select_related("image")
            },
            truths=Truths.of_cases(cases.values_list("case", flat=True)),
        )

    def stimulus(self, trial: Trial, shown: StimulusRecord) -> Stimulus:
        """What a reader sees of one map, or of the image alone."""
        standard = self.standards.get((trial.case_id, block_of(trial.enrolment.version, trial.block).finding))
        covered, extraneous = self._overlap(shown.display, standard.mask if standard else "")
        level = trial.case.attributes.get("level")
        return Stimulus(
            case=trial.case.slug,
            map=f"{shown.arm.network.slug if shown.arm.network else ''}/{shown.arm.label}",
            label=standard.label if standard else None,
            level=level if isinstance(level, int) else None,
            covered=covered,
            extraneous=extraneous,
        )

    def _overlap(self, display: str, mask: str) -> tuple[float | None, float | None]:
        if not display or not mask:
            return None, None
        if (display, mask) not in self.overlaps:
            shown: NDArray[np.uint8] = get_array(display)
            self.overlaps[display, mask] = overlap(shown, get_array(mask).astype(bool))
        return self.overlaps[display, mask]


def simulate_readers(*, slug: str, readers: int, seed: int, url: str, progress: Progress | None = None) -> int:
    """Let so many simulated readers take the study at this address; how many answers they gave.

    Their enrolments are of run kind `bot`. Each goes on where an interrupted simulation left them; those who are done
    stay done.
    """
    if not 1 <= readers <= MOST_READERS:
        raise SimulationError(f"Between 1 and {MOST_READERS} readers can be simulated, not {readers}.")
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        raise SimulationError(f"There is no study called '{slug}'.")
    if study.state not in {StudyState.LOCKED, StudyState.LIVE}:
        raise SimulationError(f"The study '{slug}' is {study.state}: only a locked or live study can be read.")
    world = World.of(study)
    total = given = done = 0
    for index in range(readers):
        reader = reader_of(seed, index)
        browser, enrolment = _come_in(study, reader, url)
        trials = {trial.token: trial for trial in _trials(enrolment)}
        total = total or readers * len(trials)
        done += sum(trial.state == "done" for trial in trials.values())
        for finished in _take(browser, reader, enrolment, trials, world):
            given += 1
            done += finished
            if progress:
                progress(done, total)
        if progress:
            progress(done, total)
    return given


def _come_in(study: Study, reader: SimulatedReader, url: str) -> tuple[Browser, Enrolment]:
    """By a fresh invitation the first time, by a session of its own account when it comes back."""
    note = f"simulated reader {reader.index} of seed {reader.seed}"
    known = Invitation.objects.filter(study=study, run_kind=RunKind.BOT, note=note).order_by("-id")
    used = known.filter(used_by__isnull=False).first()
    if used is not None and used.used_by is not None:
        browser = Browser(url, {settings.SESSION_COOKIE_NAME: _session_of(used.used_by)})
        return browser, _enrolment_of(study, used.used_by)
    invitation, token = create_invitation(study=study, note=note, run_kind=RunKind.BOT, days=1, actor=None)
    browser = Browser(url)
    browser.get(f"/invitation/{token}")
    browser.post_form(f"/invitation/{token}", {})
    invitation.refresh_from_db()
    if invitation.used_by is None:
        raise BrowsingError("The server did not accept the invitation of a simulated reader.")
    return browser, _enrolment_of(study, invitation.used_by)


def _enrolment_of(study: Study, user: User) -> Enrolment:
    enrolments = Enrolment.objects.filter(reader__user=user, version__study=study, run_kind=RunKind.BOT)
    return enrolments.select_related("version").latest("id")


def _trials(enrolment: Enrolment) -> Iterator[Trial]:
    related = ("case", "arm__network", "stimulus__arm__network")
    for trial in enrolment.trials.select_related(*related).prefetch_related("further__stimulus__arm__network"):
        trial.enrolment = enrolment
        yield trial


def _take(
    browser: Browser, reader: SimulatedReader, enrolment: Enrolment, trials: dict[str, Trial], world: World
) -> Iterator[bool]:
    """Page by page to the end; yields after each answer whether it finished a trial.

    The bytes of images and maps are fetched once in each block: nobody looks at them, they only show that they come.
    """
    if enrolment.state in {EnrolmentState.COMPLETED, EnrolmentState.WITHDRAWN}:
        return
    start = f"/study/{enrolment.pk}/"
    earlier: dict[str, dict[str, dict[str, Any]]] = {}
    seen: set[str] = set()
    page = browser.get(start)
    while not page.path.endswith("/thanks"):
        token = _token(page)
        if "/ask/" in page.path:
            page = fill_in_as(browser, reader, enrolment, page)
            continue
        if token is None:
            page = _pass(browser, page)
            continue
        trial, step = trials[token], page.attribute("data-step") or ""
        if trial.block not in seen:
            seen.add(trial.block)
            for path in re.findall(r'data-(?:image-header|image|map)-url="([^"]+)"', page.text):
                browser.get(path)
        answers = _answers(reader, trial, step, world, earlier.setdefault(token, {}))
        receipt = browser.post_json(
            f"/s/{token}/answer",
            {
                "key": str(uuid.uuid5(KEYS, f"{token}/{step}")),
                "step": step,
                "answers": answers,
                "client": {
                    "simulated": True,
                    "active_seconds": reader.seconds(trial.case.slug, step, trial.position),
                },
            },
        )
        yield receipt["next"] != f"/s/{token}/"
        page = browser.get(receipt["next"])


def _pass(browser: Browser, page: Page) -> Page:
    """Consent, instructions or a break: read, ticked, on."""
    if page.path.endswith("/consent"):
        return browser.post_form(page.path, {"agree": "on", "text": page.hidden("text") or ""})
    if page.path.endswith(("/instructions", "/break")):
        return browser.post_form(page.path, {})
    raise BrowsingError(f"A simulated reader does not know what to do at {page.path}.")


def _answers(
    reader: SimulatedReader, trial: Trial, step: str, world: World, earlier: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    task, scene = block_of(trial.enrolment.version, trial.block).task, scene_of(trial)
    screen = task.step(step, scene)
    sees_ai = "ai" in screen.shows and trial.arm.kind != ArmKind.UNAIDED
    given = answer(
        reader,
        Sight(
            task=task,
            step=screen,
            scene=scene,
            stimuli=tuple(world.stimulus(trial, shown) for shown in trial.stimuli),
            truth=world.truths.of(trial),
            advice=world.advice.get((trial.arm.network_id or 0, trial.case_id)) if sees_ai else None,
            occurrence=trial.occurrence,
            earlier=earlier,
        ),
    )
    earlier[step] = given
    return given


def _token(page: Page) -> str | None:
    found = re.fullmatch(r"/s/([^/]+)/", page.path)
    return found.group(1) if found else None


def _session_of(user: User) -> str:
    """A session in which this simulated reader is signed in: it has no password to sign in by."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)
