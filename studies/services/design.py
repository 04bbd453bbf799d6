"""Designing a study: draft, check, lock, launch, close, and a new version where something must change."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.services import record
from portal.jobs.registry import Progress
from portal.storage import has_array
from studies.errors import NotAllowed, ProtocolInvalid, StudyNotReady, UnknownStudy, WrongState
from studies.models import ProtocolVersion, Stimulus, Study, StudyState
from studies.protocol import (
    Problem,
    Protocol,
    attempt_to_read,
    check,
    diff,
    document_of,
    errors,
    from_document,
    hash_of,
    read,
    settled,
)
from studies.protocol.rules import Stage
from studies.services.certify import certificate_of, code_version, lock_hash_of
from studies.services.stimuli import prepare_stimuli, store_stimuli
from studies.services.unblind import unblind_on_closing
from studies.world import world_for


def study_of(slug: str) -> Study:
    """The study of this slug; UnknownStudy where there is none."""
    found = Study.objects.filter(slug=slug).first()
    if found is None:
        there = ", ".join(Study.objects.order_by("slug").values_list("slug", flat=True)) or "none"
        raise UnknownStudy(f"There is no study called '{slug}'; there are: {there}.")
    return found


def draft_of(study: Study) -> ProtocolVersion | None:
    """The version that may still be edited: the newest, while it is not locked."""
    newest = study.versions.order_by("-number").first()
    return newest if newest is not None and newest.locked_at is None else None


def version_in_force(study: Study) -> ProtocolVersion | None:
    """The newest locked version: the one that new readers take."""
    return study.versions.filter(locked_at__isnull=False).order_by("-number").first()


def check_protocol(source: str, stage: Stage = "draft") -> list[Problem]:
    """Everything wrong or doubtful in this YAML, mistakes of form included; writes nothing."""
    attempt = attempt_to_read(source)
    if attempt.protocol is None:
        return list(attempt.problems)
    found = check(attempt.protocol, world_for(attempt.protocol), attempt.lines, stage)
    return sorted([*attempt.problems, *found], key=lambda problem: (problem.line or 0, problem.level))


def read_protocol(source: str) -> Protocol:
    """The protocol written in this YAML; ProtocolInvalid with all its mistakes, those of substance too."""
    _refuse_errors(check_protocol(source))
    return read(source)[0]


def check_study(study: Study, stage: Stage = "lock") -> list[Problem]:
    """Everything that is wrong or doubtful in a study: its draft, or else the version in force."""
    version = draft_of(study) or version_in_force(study)
    if version is None:
        raise WrongState(f"The study '{study.slug}' has no protocol.")
    if version.locked_at is None:
        return check_protocol(version.source, stage)
    protocol = from_document(version.document)
    return check(protocol, world_for(protocol), None, stage)


@transaction.atomic
def load_protocol(*, source: str, actor: User | None = None) -> ProtocolVersion:
    """Create a study as a draft, or replace its draft; ProtocolInvalid (and nothing written) for mistakes.

    Maps that are not computed yet are no mistake of a draft. The same protocol again changes nothing.
    """
    _require_researcher(actor)
    protocol = read_protocol(source)
    study = Study.objects.select_for_update().filter(slug=protocol.study).first()
    if study is None:
        study = Study(slug=protocol.study, title=protocol.title, owner=actor)
        study.full_clean()
        study.save()
        record(actor=actor, action="study.created", subject=study, slug=study.slug)
        return _store_version(study, 1, source, protocol, "", actor)
    draft = draft_of(study)
    if draft is None:
        raise WrongState(
            f"The study '{study.slug}' is {study.state} and its protocol is frozen; make a new version of it, with a "
            "reason, or give the changed protocol another name under 'study'."
        )
    if draft.source == source:
        return draft
    return _edit(draft, source, protocol, actor)


@transaction.atomic
def new_version(*, study: Study, source: str, reason: str, actor: User | None = None) -> ProtocolVersion:
    """An amendment: version n + 1 as a draft, which counts for new readers once it is locked."""
    _require_researcher(actor)
    study = Study.objects.select_for_update().get(pk=study.pk)
    if study.state == StudyState.CLOSED:
        raise WrongState(f"The study '{study.slug}' is closed; start another one.")
    if draft_of(study) is not None:
        raise WrongState(f"The study '{study.slug}' has a draft already; edit that one.")
    if not reason.strip():
        raise WrongState("A new version needs a reason.")
    protocol = read_protocol(source)
    if protocol.study != study.slug:
        raise WrongState(f"This is a protocol of '{protocol.study}', not of '{study.slug}'.")
    newest = study.versions.order_by("-number").first()
    return _store_version(study, newest.number + 1 if newest else 1, source, protocol, reason.strip(), actor)


def lock_study(*, study: Study, actor: User | None = None, progress: Progress | None = None) -> ProtocolVersion:
    """Freeze the draft: cases drawn, arms under codes drawn by lot, every map's displayed bytes stored and hashed.

    StudyNotReady, and nothing changed, while anything is missing.
    """
    _require_researcher(actor)
    draft = draft_of(study)
    if draft is None:
        raise WrongState(f"The study '{study.slug}' is {study.state}; there is no draft to lock.")
    _refuse_unready(check_protocol(draft.source, "lock"))
    protocol = from_document(draft.document)
    cases = world_for(protocol).datasets[protocol.dataset]
    protocol = settled(protocol, cases)
    # The maps take seconds: they are made before the transaction, content-addressed, so that a stop leaves no harm.
    prepared = prepare_stimuli(protocol, progress)
    with transaction.atomic():
        version = ProtocolVersion.objects.select_for_update().get(pk=draft.pk)
        if version.locked_at is not None or version.hash != draft.hash:
            raise WrongState(f"The protocol of '{study.slug}' was changed meanwhile; look at it again, then lock it.")
        version.document = document_of(protocol)
        version.hash = hash_of(version.document)
        version.certificate = certificate_of(protocol, version.hash, cases)
        version.stimuli_hash = store_stimuli(version, prepared)
        version.code_version = code_version()
        version.lock_hash = lock_hash_of(version)
        version.locked_at = timezone.now()
        version.full_clean()
        version.save()
        _locked(study, protocol)
        record(
            actor=actor,
            action="study.locked",
            subject=study,
            version=version.number,
            hash=version.hash,
            stimuli_hash=version.stimuli_hash,
            code_version=version.code_version,
            lock_hash=version.lock_hash,
        )
    study.refresh_from_db()
    return version


@transaction.atomic
def launch_study(*, study: Study, actor: User | None = None) -> Study:
    """Open a locked study to readers; StudyNotReady where something that they would be shown is missing."""
    _require_researcher(actor)
    study = Study.objects.select_for_update().get(pk=study.pk)
    if study.state == StudyState.DRAFT:
        _refuse_unready(check_study(study, "lock"))
    if study.state != StudyState.LOCKED:
        todo = "lock it first" if study.state == StudyState.DRAFT else "it cannot be launched again"
        raise WrongState(f"The study '{study.slug}' is {_a(study.state)}; {todo}.")
    version = version_in_force(study)
    if version is None:
        raise WrongState(f"The study '{study.slug}' has no locked protocol; lock it first.")
    if version.lock_hash and lock_hash_of(version) != version.lock_hash:
        raise WrongState(f"What was locked of '{study.slug}' was changed since; make a new version, with a reason.")
    _refuse_unready(_missing(version))
    study.state, study.launched_at = StudyState.LIVE, timezone.now()
    study.full_clean()
    study.save()
    record(actor=actor, action="study.launched", subject=study, version=version.number, hash=version.hash)
    return study


@transaction.atomic
def close_study(*, study: Study, actor: User | None = None) -> Study:
    """End a live study: nobody can answer any more."""
    _require_researcher(actor)
    study = Study.objects.select_for_update().get(pk=study.pk)
    if study.state != StudyState.LIVE:
        raise WrongState(f"The study '{study.slug}' is {_a(study.state)}; only a live study can be closed.")
    study.state, study.closed_at = StudyState.CLOSED, timezone.now()
    study.full_clean()
    study.save()
    record(actor=actor, action="study.closed", subject=study)
    unblind_on_closing(study=study, actor=actor)
    return study


def _store_version(
    study: Study, number: int, source: str, protocol: Protocol, reason: str, actor: User | None
) -> ProtocolVersion:
    document = document_of(protocol)
    version = ProtocolVersion(
        study=study,
        number=number,
        source=source,
        document=document,
        hash=hash_of(document),
        reason=reason,
        created_by=actor,
    )
    version.full_clean()
    version.save()
    record(
        actor=actor,
        action="protocol.loaded",
        subject=version,
        study=study.slug,
        version=number,
        hash=version.hash,
        reason=reason,
    )
    return version


def _edit(draft: ProtocolVersion, source: str, protocol: Protocol, actor: User | None) -> ProtocolVersion:
    document = document_of(protocol)
    changes = [str(change) for change in diff(draft.document, document)]
    draft.source, draft.document, draft.hash = source, document, hash_of(document)
    draft.full_clean()
    draft.save()
    if draft.study.title != protocol.title:
        draft.study.title = protocol.title
        draft.study.full_clean()
        draft.study.save()
    record(actor=actor, action="protocol.edited", subject=draft, study=draft.study.slug, changes=changes)
    return draft


def _locked(study: Study, protocol: Protocol) -> None:
    """A draft becomes locked; an amendment leaves a live study live."""
    current = Study.objects.select_for_update().get(pk=study.pk)
    if current.state == StudyState.DRAFT:
        current.state = StudyState.LOCKED
    current.title = protocol.title
    current.full_clean()
    current.save()


def _missing(version: ProtocolVersion) -> list[Problem]:
    """Stimuli whose bytes are gone, or whose case was withdrawn from readers since locking."""
    found = []
    for stimulus in Stimulus.objects.filter(version=version).select_related("case", "arm"):
        if not stimulus.case.is_approved:
            found.append(f"The case '{stimulus.case.slug}' is no longer approved.")
        if stimulus.arm.label and not (stimulus.display and has_array(stimulus.display)):
            found.append(f"The map of '{stimulus.case.slug}' in arm {stimulus.arm.code} is missing from the store.")
    return [Problem("error", None, message) for message in dict.fromkeys(found)]


def _refuse_errors(problems: list[Problem]) -> None:
    if errors(problems):
        raise ProtocolInvalid(errors(problems))


def _refuse_unready(problems: list[Problem]) -> None:
    if errors(problems):
        raise StudyNotReady(errors(problems))


def _require_researcher(actor: User | None) -> None:
    """The command line (None) may do all that a researcher may."""
    if actor is not None and not actor.is_researcher:
        raise NotAllowed


def _a(state: str) -> str:
    return "a draft" if state == StudyState.DRAFT else state
