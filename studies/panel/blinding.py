"""The blinded analyst: codes of arms instead of methods, until the study is closed or somebody says so on record."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest

from portal.accounts.models import User
from portal.audit.services import record
from studies.errors import NotAllowed
from studies.models import Study, StudyState

KEY = "methods_shown"


def methods_named(request: HttpRequest, study: Study) -> bool:
    """Whether this person may see which method an arm is: the study is closed, or they asked for it."""
    return study.state == StudyState.CLOSED or study.pk in request.session.get(KEY, [])


def remember(request: HttpRequest, study: Study, shown: bool) -> None:
    """Keep the choice until the person signs out."""
    others = [pk for pk in request.session.get(KEY, []) if pk != study.pk]
    request.session[KEY] = [*others, study.pk] if shown else others


@transaction.atomic
def unblind_analyst(*, study: Study, actor: User) -> None:
    """Put on record that this person looks behind the codes of a study that still runs."""
    if not actor.is_researcher:
        raise NotAllowed
    record(actor=actor, action="study.methods-shown", subject=study, study=study.slug, state=str(study.state))
