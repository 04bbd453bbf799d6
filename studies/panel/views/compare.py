"""Two versions of a protocol side by side, by meaning: which settings changed, from what to what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml
from django.http import Http404, HttpRequest, HttpResponse

from studies.models import ProtocolVersion
from studies.panel.overview import versions_of
from studies.panel.pages import show_study, study_or_404
from studies.protocol import diff
from studies.versions import as_written


@dataclass(frozen=True)
class Changed:
    """One setting: its place in the protocol, and what stood there and stands there now; empty where nothing does."""

    path: str
    was: str
    now: str


def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """The version `?old=` beside the version `?new=`; the newest beside the one before where nothing is asked for."""
    study = study_or_404(pk)
    versions = versions_of(study)
    if len(versions) < 2:
        return show_study(request, study, "compare.html", "Compare versions", {"versions": versions})
    known = {version.number: version for version in versions}
    old = _asked(request, "old", known, versions[1].number)
    new = _asked(request, "new", known, versions[0].number)
    changes = changes_between(old, new)
    context = {"versions": versions, "old": old, "new": new, "changes": changes}
    return show_study(request, study, "compare.html", "Compare versions", context)


def changes_between(old: ProtocolVersion, new: ProtocolVersion) -> list[Changed]:
    """As they were written: before cases were drawn."""
    found = diff(as_written(old), as_written(new))
    return [Changed(each.path, _text(each.old), _text(each.new)) for each in found]


def _text(value: Any) -> str:
    """As it stands in a protocol."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=None, width=60)
    return text.removesuffix("\n").removesuffix("\n...")


def _asked(request: HttpRequest, name: str, known: dict[int, ProtocolVersion], otherwise: int) -> ProtocolVersion:
    asked = request.GET.get(name, str(otherwise))
    if not asked.isdecimal() or int(asked) not in known:
        raise Http404
    return known[int(asked)]
