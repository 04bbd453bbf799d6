"""Unblinding: one person asks with a reason, another confirms; every step is on record."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.services import record
from studies.errors import NotAllowed, StudyError, WrongState
from studies.models import Study, StudyState, Unblinding
from studies.protocol import from_document
from studies.protocol.blinding import UnblindingRule

LONGEST_REASON = 300
ON_CLOSING = "The protocol tells the methods when the study is closed."


def rule_of(study: Study) -> UnblindingRule:
    """What the protocol in force asks for; two people where nothing is locked."""
    version = study.versions.filter(locked_at__isnull=False).order_by("-number").first()
    return from_document(version.document).blinding.unblinding if version else "two-people"


@transaction.atomic
def ask_unblinding(*, study: Study, reason: str, actor: User) -> Unblinding:
    """Ask that analysts are told the methods; done at once where the protocol lets one person do it."""
    _require_researcher(actor)
    study = _held(study)
    if study.state == StudyState.DRAFT:
        raise WrongState("There are no letters to look behind before the protocol is locked.")
    reason = reason.strip()
    if not reason:
        raise StudyError("Unblinding needs a reason.")
    if len(reason) > LONGEST_REASON:
        raise StudyError(f"Please keep the reason below {LONGEST_REASON + 1} characters.")
    _refuse_another(study)
    rule = rule_of(study)
    asked = Unblinding(
        study=study,
        rule=rule,
        reason=reason,
        study_state=study.state,
        asked_by=actor,
        asked_role=actor.role,
        asked_at=timezone.now(),
    )
    asked.full_clean()
    asked.save()
    record(actor=actor, action="study.unblinding-asked", subject=study, reason=asked.reason, rule=rule)
    return _told(asked, actor) if rule == "one-person" else asked


@transaction.atomic
def confirm_unblinding(*, unblinding: Unblinding, actor: User) -> Unblinding:
    """The second person's yes: from now on methods are named in the panel, the exports and the reports."""
    _require_researcher(actor)
    held = _open(unblinding)
    if held.asked_by_id == actor.pk:
        raise NotAllowed("Another person than the one who asked has to confirm this.")
    return _told(held, actor)


@transaction.atomic
def decline_unblinding(*, unblinding: Unblinding, actor: User) -> Unblinding:
    """The second person's no, or the first one's second thoughts; it may be asked again."""
    _require_researcher(actor)
    held = _open(unblinding)
    held.declined_at = timezone.now()
    held.full_clean()
    held.save()
    record(actor=actor, action="study.unblinding-declined", subject=held.study, reason=held.reason)
    return held


@transaction.atomic
def unblind_on_closing(*, study: Study, actor: User | None) -> Unblinding | None:
    """What closing does where the protocol says that it tells the methods."""
    if rule_of(study) != "on-closing" or study.unblindings.filter(confirmed_at__isnull=False).exists():
        return None
    now = timezone.now()
    study.unblindings.filter(confirmed_at=None, declined_at=None).update(declined_at=now)
    asked = Unblinding(
        study=study, rule="on-closing", reason=ON_CLOSING, study_state=study.state, asked_by=actor, asked_at=now
    )
    asked.asked_role = actor.role if actor else ""
    asked.full_clean()
    asked.save()
    return _told(asked, actor)


def _told(held: Unblinding, actor: User | None) -> Unblinding:
    held.confirmed_by, held.confirmed_at = actor, timezone.now()
    held.confirmed_role = actor.role if actor else ""
    held.full_clean()
    held.save()
    record(
        actor=actor,
        action="study.unblinded",
        subject=held.study,
        reason=held.reason,
        rule=held.rule,
        asked_by=held.asked_by.email if held.asked_by else "system",
    )
    return held


def _open(unblinding: Unblinding) -> Unblinding:
    held = Unblinding.objects.select_for_update(of=("self",)).select_related("study", "asked_by").get(pk=unblinding.pk)
    if held.confirmed_at is not None or held.declined_at is not None:
        raise WrongState("This request is settled already.")
    return held


def _refuse_another(study: Study) -> None:
    there = study.unblindings.filter(declined_at=None).first()
    if there is not None:
        raise WrongState(
            "The methods are told already." if there.confirmed_at else "Somebody has asked already; confirm that."
        )


def _held(study: Study) -> Study:
    return Study.objects.select_for_update().get(pk=study.pk)


def _require_researcher(actor: User) -> None:
    if not actor.is_researcher:
        raise NotAllowed
