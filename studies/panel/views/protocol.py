"""Making and editing protocols: the form, the editor, a further version, a clone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.panel.admins import actor_of
from studies.errors import ProtocolInvalid, StudyError
from studies.models import ProtocolVersion, Study
from studies.panel.forms import AmendForm, CloneForm, EditorForm, NewProtocolForm
from studies.panel.pages import address, posted, show, show_study, study_or_404
from studies.panel.writing import protocol_from
from studies.protocol import Problem, errors
from studies.services.design import check_protocol, draft_of
from studies.services.edit import amend, clone_source, create_draft, save_draft

SPARE_LINES = 8
Save = Callable[[EditorForm], ProtocolVersion]


def new(request: HttpRequest) -> HttpResponse:
    """A protocol by filling in a form; what comes out of it stands in the editor, not yet saved."""
    form = NewProtocolForm(posted(request))
    if request.method == "POST" and form.is_valid():
        source = protocol_from(form.cleaned_data, form.known)
        editor = EditorForm(initial={"source": source})
        note = "This is your protocol, not saved yet. Read it through, change what you like, then save it."
        return _editor(request, None, editor, check_protocol(source), note=note)
    status = 400 if form.errors else 200
    return show(request, "new.html", "New study", {"form": form}, status)


def write(request: HttpRequest) -> HttpResponse:
    """A new protocol in the editor."""
    form = EditorForm(posted(request), initial={"source": ""})
    return _edited(request, None, form, lambda given: create_draft(source=given.data_source, actor=actor_of(request)))


def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """A study's draft in the editor; a frozen protocol to read, with what to do instead."""
    study = study_or_404(pk)
    draft = draft_of(study)
    if draft is None and request.method != "POST":
        newest = study.versions.order_by("-number").first()
        numbered = list(enumerate(newest.source.splitlines(), start=1)) if newest else []
        return show_study(request, study, "frozen.html", "Protocol", {"version": newest, "numbered": numbered})
    initial = {"source": draft.source, "seen": draft.hash} if draft else {}
    form = EditorForm(posted(request), initial=initial)

    def save(given: EditorForm) -> ProtocolVersion:
        seen = given.cleaned_data["seen"]
        return save_draft(study=study, source=given.data_source, seen=seen, actor=actor_of(request))

    return _edited(request, study, form, save)


def version(request: HttpRequest, pk: int) -> HttpResponse:
    """A further version of a study that is locked or live."""
    study = study_or_404(pk)
    if draft_of(study) is not None:
        messages.info(request, "This study has a draft already; edit that one.")
        return redirect(address("edit", pk))
    newest = study.versions.order_by("-number").first()
    form = AmendForm(posted(request), initial={"source": newest.source if newest else ""})

    def save(given: EditorForm) -> ProtocolVersion:
        reason = given.cleaned_data["reason"]
        return amend(study=study, source=given.data_source, reason=reason, actor=actor_of(request))

    return _edited(request, study, form, save, title="New version")


def clone(request: HttpRequest, pk: int) -> HttpResponse:
    """The same protocol under another name, in the editor."""
    study = study_or_404(pk)
    newest = study.versions.order_by("-number").first()
    form = CloneForm(posted(request), initial={"title": f"{study.title} (copy)"[:200], "slug": f"{study.slug}-2"})
    if request.method == "POST" and form.is_valid() and newest is not None:
        source = clone_source(newest.source, actor=actor_of(request), **form.cleaned_data)
        note = f"This is a copy of '{study.slug}', not saved yet."
        return _editor(request, None, EditorForm(initial={"source": source}), check_protocol(source), note=note)
    return show_study(request, study, "clone.html", "Clone the study", {"form": form}, 400 if form.errors else 200)


def _edited(
    request: HttpRequest, study: Study | None, form: EditorForm, save: Save, title: str = "Protocol"
) -> HttpResponse:
    """The editor: what was typed stays whatever is wrong with it."""
    if request.method != "POST":
        source = str(form.initial.get("source", ""))
        return _editor(request, study, form, check_protocol(source) if source else [], title=title)
    source = form.data_source
    if request.POST.get("act") == "check" or not form.is_valid():
        problems = check_protocol(source)
        note = "Checked; nothing is saved." if request.POST.get("act") == "check" else ""
        return _editor(request, study, form, problems, note=note, title=title, status=200 if note else 400)
    try:
        saved = save(form)
    except ProtocolInvalid as error:
        note = "Not saved. Mend what stands below; your text is kept here."
        return _editor(request, study, form, error.problems, refusal=note, title=title, status=400)
    except StudyError as error:
        return _editor(request, study, form, check_protocol(source), refusal=str(error), title=title, status=409)
    messages.success(request, f"Version {saved.number} is saved as a draft.")
    return redirect(address("change", saved.study_id))


def _editor(
    request: HttpRequest,
    study: Study | None,
    form: EditorForm,
    problems: Sequence[Problem],
    *,
    note: str = "",
    refusal: str = "",
    title: str = "Protocol",
    status: int = 200,
) -> HttpResponse:
    source = form.data_source
    lines = source.count("\n") + SPARE_LINES
    wrong = {problem.line: problem.level for problem in sorted(problems, key=lambda each: each.level, reverse=True)}
    form.fields["source"].widget.attrs["rows"] = lines
    context: dict[str, Any] = {
        "form": form,
        "problems": problems,
        "error_count": len(errors(problems)),
        "gutter": [(number, wrong.get(number, "")) for number in range(1, lines + 1)],
        "note": note,
        "refusal": refusal,
        "action": request.path if study else address("write"),
    }
    if study is None:
        return show(request, "editor.html", "New study", context, status)
    return show_study(request, study, "editor.html", title, context, status)
