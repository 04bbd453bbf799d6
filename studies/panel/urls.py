"""Addresses of a study's pages within the panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from studies.panel.views import blinding, cases, compare, invitations, power, protocol, readers, reports, study

BOTH = ("GET", "POST")
POST = ("POST",)


@dataclass(frozen=True)
class Page:
    """One address: below the panel's address of studies, named `admin:studies_study_<name>`."""

    route: str
    view: Callable[..., Any]  # streamed files are answers, and no HttpResponse
    name: str
    methods: tuple[str, ...] = ("GET",)
    for_coordinators: bool = False
    """Whether it tells nothing of who is in which arm."""


PAGES = (
    Page("", study.studies, "changelist", for_coordinators=True),
    Page("add/", protocol.new, "add", BOTH),
    Page("write/", protocol.write, "write", BOTH),
    Page("<int:pk>/change/", study.study, "change"),
    Page("<int:pk>/protocol/", protocol.edit, "edit", BOTH),
    Page("<int:pk>/version/", protocol.version, "version", BOTH),
    Page("<int:pk>/compare/", compare.compare, "compare"),
    Page("<int:pk>/clone/", protocol.clone, "clone", BOTH),
    Page("<int:pk>/step/<slug:name>/", study.step, "step", BOTH),
    Page("<int:pk>/power/", power.simulate, "power", POST),
    Page("<int:pk>/preview/", study.preview, "preview", POST),
    Page("<int:pk>/readers/", readers.progress, "progress", for_coordinators=True),
    Page("<int:pk>/readers/<int:enrolment>/take-out/", readers.take_out, "take_out", BOTH),
    Page("<int:pk>/invitations/", invitations.invitations, "invitations", BOTH),
    Page("<int:pk>/invitations/<int:invitation>/revoke/", invitations.revoke, "revoke", POST),
    Page("<int:pk>/invitations/<int:invitation>/renew/", invitations.renew, "renew", POST),
    Page("<int:pk>/cases/", cases.cases, "cases"),
    Page("<int:pk>/cases/<int:case>/", cases.case, "case"),
    Page("<int:pk>/cases/<int:case>/image", cases.picture, "picture"),
    Page("<int:pk>/maps/<int:stimulus>", cases.overlay, "overlay"),
    Page("<int:pk>/unblinding/", blinding.unblinding, "unblinding", BOTH),
    Page("<int:pk>/unblinding/<int:request_pk>/<slug:verdict>/", blinding.settle, "settle", POST),
    Page("<int:pk>/reports/", reports.reports, "reports", BOTH),
    Page("<int:pk>/reports/<int:report>/", reports.open_report, "report"),
    Page("<int:pk>/reports/<int:report>/<str:name>", reports.download, "download"),
)
