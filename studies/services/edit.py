"""Writing protocols in the panel: one study's draft and no other, and never over somebody else's edit."""

from __future__ import annotations

import re

from django.db import transaction

from portal.accounts.models import User
from studies.errors import NotAllowed, ProtocolInvalid, WrongState
from studies.models import ProtocolVersion, Study
from studies.protocol import Problem, attempt_to_read
from studies.services.design import check_protocol, draft_of, load_protocol, new_version


@transaction.atomic
def create_draft(*, source: str, actor: User) -> ProtocolVersion:
    """A new study from this YAML; ProtocolInvalid where a study of its name is there already."""
    slug = _slug_in(source)
    if slug and Study.objects.filter(slug=slug).exists():
        raise ProtocolInvalid(
            [_at_name(source, f"There is a study called '{slug}' already; give this one another name.")]
        )
    return load_protocol(source=source, actor=actor)


@transaction.atomic
def save_draft(*, study: Study, source: str, seen: str, actor: User) -> ProtocolVersion:
    """Replace a study's draft. `seen` is the hash that the draft had when its text was taken into the editor."""
    study = Study.objects.select_for_update().get(pk=study.pk)
    draft = draft_of(study)
    if draft is None:
        raise WrongState(
            f"The study '{study.slug}' is {study.state} and its protocol is frozen; make a new version of it, or clone "
            "the study."
        )
    if seen != draft.hash and source != draft.source:
        raise WrongState(
            "Somebody else has saved this draft while you were writing. Your text is below and is not saved: copy what "
            "you need, open the draft again, and put it in."
        )
    _refuse_other_name(study, source)
    return load_protocol(source=source, actor=actor)


@transaction.atomic
def amend(*, study: Study, source: str, reason: str, actor: User) -> ProtocolVersion:
    """A new version of a study that is locked or live, as a draft."""
    _refuse_other_name(study, source)
    return new_version(study=study, source=source, reason=reason, actor=actor)


def clone_source(source: str, *, slug: str, title: str, actor: User) -> str:
    """The same protocol under another name and title; comments and order stay."""
    if not actor.is_researcher:
        raise NotAllowed
    named = re.sub(r"^study:.*$", f"study: {slug}", source, count=1, flags=re.MULTILINE)
    quoted = "'" + title.replace("'", "''") + "'"
    # A title may run over several lines, indented.
    return re.sub(r"^title:.*(?:\n[ \t]+.*)*$", lambda _found: f"title: {quoted}", named, count=1, flags=re.MULTILINE)


def _slug_in(source: str) -> str:
    """The study's name as written; empty where the text has other mistakes first."""
    protocol = attempt_to_read(source).protocol
    return protocol.study if protocol else ""


def _refuse_other_name(study: Study, source: str) -> None:
    slug = _slug_in(source)
    if slug and slug != study.slug:
        wrong = _at_name(source, f"This is the protocol of '{study.slug}'; to rename it, clone the study.")
        raise ProtocolInvalid([wrong, *(each for each in check_protocol(source) if each.level == "error")])


def _at_name(source: str, message: str) -> Problem:
    return Problem("error", attempt_to_read(source).lines.of("study"), message)
