"""Reading one case of a study: every arm's map with its metrics and ratings side by side, and the diagnoses."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from django.db.models import Count, Q

from portal.catalog.models import Case, Image, ReferenceStandard
from portal.explanations.models import Prediction, Presentation, Score
from portal.parts.models import Part
from studies.models import ANALYSED, Arm, ArmKind, ProtocolVersion, Response, Stimulus, Trial
from studies.selectors import block_of
from studies.tasks import Question, Row, Task


@dataclass(frozen=True)
class Measured:
    """A metric of a map; `value` is None where it is undefined, for the reason given."""

    title: str
    value: float | None
    reason: str
    higher_is_better: bool | None

    @property
    def direction(self) -> str:
        """In words; empty where neither is."""
        return {None: "", True: "higher is better", False: "lower is better"}[self.higher_is_better]


@dataclass(frozen=True)
class Counted:
    """The answers to one question: (label, how often) in the question's order, and the mean of a scale."""

    prompt: str
    options: tuple[tuple[str, int], ...]
    mean: float | None
    less_is_better: bool = False

    @property
    def total(self) -> int:
        """How many answers."""
        return sum(count for _label, count in self.options)


@dataclass(frozen=True)
class Compared:
    """How a map fared beside others."""

    preferred: int
    tied: int
    refused: int


@dataclass(frozen=True)
class ArmReview:
    """One arm of the case; `title` is its code alone while the study is blinded."""

    code: str
    title: str
    network: str
    is_control: bool
    stimulus: Stimulus
    metrics: tuple[Measured, ...]
    ratings: tuple[Counted, ...]
    compared: Compared | None
    diagnoses: int


@dataclass(frozen=True)
class Reading:
    """A reader's diagnosis, in percent, before and after the AI spoke."""

    reader: str
    arm: str
    initial: float
    final: float
    advice: float | None
    right_first: bool | None
    right_last: bool | None


@dataclass(frozen=True)
class CaseReview:
    """All there is of one case in one version of a study."""

    case: Case
    image: Image | None
    references: tuple[ReferenceStandard, ...]
    arms: tuple[ArmReview, ...]
    readings: tuple[Reading, ...]
    readers: int


@dataclass(frozen=True)
class CaseRow:
    """A case in the list: how many answers of the counted kinds there are."""

    case: Case
    arms: int
    answers: int


def case_rows(version: ProtocolVersion, kinds: Sequence[str]) -> list[CaseRow]:
    """The cases that a version shows, in their order."""
    arms = Counter(Stimulus.objects.filter(version=version).values_list("case_id", flat=True))
    counted = Count(
        "trials__responses",
        filter=Q(
            trials__enrolment__version=version, trials__enrolment__run_kind__in=kinds, trials__purpose__in=ANALYSED
        ),
    )
    cases = Case.objects.filter(pk__in=arms).annotate(answers=counted).order_by("slug")
    return [CaseRow(case, arms[case.pk], case.answers) for case in cases]


def case_review(version: ProtocolVersion, case: Case, kinds: Sequence[str], named: bool) -> CaseReview:
    """The case as its readers saw it and what they said; `named` tells methods instead of codes."""
    stimuli = list(
        Stimulus.objects.filter(version=version, case=case)
        .select_related("arm__network", "explanation", "version__study")
        .order_by("arm__code")
    )
    titles = dict(Part.objects.filter(family="explainers.methods").values_list("name", "title"))
    told = {stimulus.arm_id: arm_title(stimulus.arm, titles, named) for stimulus in stimuli}
    trials = _trials(version, case, kinds)
    rows = _rows(trials)
    references = tuple(case.reference_standards.all())
    measured = _measured(stimuli)
    return CaseReview(
        case=case,
        image=case.images.filter(index=0).first(),
        references=references,
        arms=tuple(
            ArmReview(
                code=stimulus.arm.code,
                title=told[stimulus.arm_id],
                network=stimulus.arm.network.title if named and stimulus.arm.network else "",
                is_control=named and stimulus.arm.is_control,
                stimulus=stimulus,
                metrics=measured.get(stimulus.explanation_id or 0, ()),
                ratings=_ratings(stimulus.arm, trials, rows),
                compared=_compared(stimulus.arm, trials, rows),
                diagnoses=_diagnoses(stimulus.arm, trials, rows),
            )
            for stimulus in stimuli
        ),
        readings=_readings(version, case, trials, rows, references, told),
        readers=len({trial.enrolment_id for trial in trials if rows[trial.pk]}),
    )


def arm_title(arm: Arm, titles: dict[str, str], named: bool) -> str:
    """What to call an arm."""
    if not named:
        return f"Arm {arm.code}"
    if arm.kind != ArmKind.EXPLAINED:
        return str(ArmKind(arm.kind).label)
    return titles.get(arm.label, arm.label)


def _trials(version: ProtocolVersion, case: Case, kinds: Sequence[str]) -> list[Trial]:
    chosen = Trial.objects.filter(
        enrolment__version=version, enrolment__run_kind__in=kinds, case=case, purpose__in=ANALYSED
    )
    known = chosen.select_related("enrolment__reader", "enrolment__version", "arm", "stimulus")
    return list(known.prefetch_related("further__stimulus").order_by("enrolment__reader__pseudonym", "position"))


def _rows(trials: list[Trial]) -> dict[int, list[Row]]:
    """What each trial's answers say, by the task's own reading of them."""
    given: dict[int, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    answers = Response.objects.filter(trial__in=[trial.pk for trial in trials]).order_by("trial_id", "step", "revision")
    for trial, step, answer in answers.values_list("trial_id", "step", "answers"):
        given[trial][step].append(answer)
    return {trial.pk: _task(trial).rows(given[trial.pk]) if trial.pk in given else [] for trial in trials}


def _task(trial: Trial) -> Task:
    return block_of(trial.enrolment.version, trial.block).task


def _questions(trial: Trial) -> dict[str, Question]:
    return {question.name: question for step in _task(trial).steps for question in step.questions}


def _ratings(arm: Arm, trials: list[Trial], rows: dict[int, list[Row]]) -> tuple[Counted, ...]:
    """Questions with options that were asked of this arm's map alone."""
    asked: dict[tuple[str, str], Question] = {}
    answers: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for trial in trials:
        if trial.arm_id != arm.pk or len(trial.stimuli) > 1:
            continue
        questions = _questions(trial)
        for row in rows[trial.pk]:
            question = questions[row.question]
            if question.options and row.answer is not None:
                asked[trial.task, row.question] = question
                answers[trial.task, row.question].append(row.answer)
    return tuple(_counted(question, answers[key]) for key, question in asked.items())


def _counted(question: Question, answers: list[Any]) -> Counted:
    counts = Counter(item for answer in answers for item in (answer if isinstance(answer, list) else [answer]))
    return Counted(
        prompt=question.prompt,
        options=tuple((option.label, counts[option.value]) for option in question.options),
        mean=mean(answers) if question.kind == "scale" else None,
        less_is_better=question.reverse,
    )


def _compared(arm: Arm, trials: list[Trial], rows: dict[int, list[Row]]) -> Compared | None:
    """Comparisons that this arm's map took part in."""
    fates: Counter[str] = Counter()
    for trial in trials:
        shown = [stimulus.arm_id for stimulus in trial.stimuli]
        if len(shown) < 2 or arm.pk not in shown:
            continue
        mine = ("first", "second", "third", "fourth")[shown.index(arm.pk)]
        for row in rows[trial.pk]:
            if row.question == "preferred":
                fates["tied" if row.answer == "tie" else "preferred" if row.answer == mine else "refused"] += 1
    return Compared(fates["preferred"], fates["tied"], fates["refused"]) if fates else None


def _diagnoses(arm: Arm, trials: list[Trial], rows: dict[int, list[Row]]) -> int:
    """How often the case was read in this arm."""
    mine = [trial for trial in trials if trial.arm_id == arm.pk]
    return sum(row.final is not None for trial in mine for row in rows[trial.pk])


def _readings(
    version: ProtocolVersion,
    case: Case,
    trials: list[Trial],
    rows: dict[int, list[Row]],
    references: Iterable[ReferenceStandard],
    told: dict[int, str],
) -> tuple[Reading, ...]:
    findings = {block["name"]: block.get("finding", "finding") for block in version.document["blocks"]}
    labels = {standard.name: standard.label for standard in references}
    calls = dict(Prediction.objects.filter(image__case=case, image__index=0).values_list("network_id", "probability"))
    found = []
    for trial in trials:
        truth = labels.get(findings.get(trial.block, "finding"))
        for row in rows[trial.pk]:
            if row.initial is None or row.final is None:
                continue
            call = calls.get(trial.arm.network_id or 0)
            found.append(
                Reading(
                    reader=trial.enrolment.reader.pseudonym,
                    arm=told[trial.arm_id],
                    initial=row.initial,
                    final=row.final,
                    advice=None if call is None else 100 * call,
                    right_first=None if truth is None else row.initial_decision == truth,
                    right_last=None if truth is None else row.final_decision == truth,
                )
            )
    return tuple(found)


def _measured(stimuli: list[Stimulus]) -> dict[int, tuple[Measured, ...]]:
    parts = {part.name: part for part in Part.objects.filter(family="evaluation.metrics")}
    found: dict[int, list[Measured]] = defaultdict(list)
    scores = Score.objects.filter(
        explanation__in=[stimulus.explanation_id for stimulus in stimuli if stimulus.explanation_id],
        presentation=Presentation.RAW,
    )
    for score in scores.order_by("explanation_id", "label"):
        part = parts.get(score.metric)
        higher = part.facts.get("higher_is_better") if part else None
        title = part.title if part and score.label == score.metric else score.label
        found[score.explanation_id].append(Measured(title, score.value, score.reason, higher))
    return {explanation: tuple(measured) for explanation, measured in found.items()}
