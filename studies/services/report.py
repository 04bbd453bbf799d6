"""Building a study's trust report: the long table, its analyses, its figures, and the files made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from evaluation.analyses import registry as analyses
from evaluation.analyses.base import AnalysisContext
from foundation.registry import parameters_of
from foundation.seeds import derive
from portal.accounts.models import User
from portal.audit.services import record
from portal.parts.models import Part
from studies.errors import StudyError
from studies.models import Analysis, ProtocolVersion, Report
from studies.reporting.document import Examined, Material, document, scopes_of
from studies.reporting.drawings import drawings
from studies.reporting.facts import departures, facts, flow, network_notes, network_tables, provenance
from studies.reporting.pictures import striking_cases
from studies.reporting.render import as_html, as_json, as_pdf
from studies.reporting.table import long_table
from studies.services.ask_report import check_kinds
from studies.services.export import codebook_as_csv, metric_meanings, table_as_csv

USEFULNESS = ("usefulness-model", "agreement", "benchmark", "association", "quadrant")
WHOLE_TABLE = ("reliance", "preference")


class NothingToReport(StudyError):
    """No reader of these kinds has answered yet."""


def build_report(
    *,
    version: ProtocolVersion,
    run_kinds: list[str],
    actor: User | None = None,
    progress: Callable[[int, int, str], None] = lambda done, total, message: None,
) -> Report:
    """Analyse the answers of readers of these kinds and keep the report with its files."""
    check_kinds(run_kinds)
    table = long_table(version, run_kinds)
    if table.empty:
        raise NothingToReport(f"No reader of kind {', '.join(run_kinds)} has answered in {version} yet.")
    examined = _examine(version, table, progress)
    made = document(_material(version, table, tuple(run_kinds), examined))
    progress(9, 10, "Writing the pages")
    report = _keep(version, table, run_kinds, examined, made, actor)
    progress(10, 10, "")
    return report


def write_report(report: Report, out: Path) -> list[Path]:
    """Copy a report's files into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, stored in report.files.items():
        path = out / name
        with default_storage.open(stored) as file:
            path.write_bytes(file.read())
        written.append(path)
    return written


def _examine(
    version: ProtocolVersion, table: pd.DataFrame, progress: Callable[[int, int, str], None]
) -> list[Examined]:
    """The primary analysis first, then the others; usefulness is analysed for each network apart."""
    plan = version.document["analysis"]
    context = _context()
    scopes = scopes_of(table, "usefulness")
    jobs = [(name, scope) for scope in scopes for name in USEFULNESS] + [
        (name, "") for name in WHOLE_TABLE if (table["task"] == _task_of(name)).any()
    ]
    jobs = [(name, scope) for name, scope in jobs if name in analyses]
    primary = next((job for job in jobs if job[0] == plan["primary"]), None)
    ordered = sorted(jobs, key=lambda job: job != primary)
    examined = []
    for done, (name, scope) in enumerate(ordered):
        progress(8 * done // len(ordered), 10, f"{analyses[name].title} {scope}".strip())
        rows = table[table["network"] == scope] if scope else _with_named_arms(table)
        examined.append(_examine_one(version, name, scope, rows, context, (name, scope) == primary))
    return examined


def _with_named_arms(table: pd.DataFrame) -> pd.DataFrame:
    """Arms called by what they show, so that analyses over all networks read without the list of codes."""
    return table.assign(arm=table["network"].astype(str) + ", " + table["method"].astype(str))


def _examine_one(
    version: ProtocolVersion, name: str, scope: str, rows: pd.DataFrame, context: AnalysisContext, is_primary: bool
) -> Examined:
    kind = analyses[name]
    outcome = version.document["analysis"].get("outcome")
    takes_outcome = any(parameter.name == "outcome" for parameter in parameters_of(kind))
    analysis = analyses.build(name, {"outcome": outcome} if takes_outcome and outcome else {})
    seed = derive(version.document["seed"], "analysis", name, scope) % 2**32
    result = analysis.analyse(rows, seed=seed, context=context)
    return Examined(result, scope, is_primary, kind.assumptions, kind.reference)


def _task_of(name: str) -> str:
    return {"reliance": "diagnosis", "preference": "preference"}[name]


def _context() -> AnalysisContext:
    parts = list(Part.objects.filter(family__in=["explainers.methods", "evaluation.metrics"]))
    directions = {part.name: bool(part.facts["higher_is_better"]) for part in parts if "higher_is_better" in part.facts}
    return AnalysisContext(directions=directions, titles={part.name: part.title for part in parts})


def _material(
    version: ProtocolVersion, table: pd.DataFrame, run_kinds: tuple[str, ...], examined: list[Examined]
) -> Material:
    return Material(
        title=version.study.title,
        question=str(version.document.get("question", "")),
        run_kinds=run_kinds,
        facts=facts(version, table, run_kinds),
        flow=flow(version),
        networks=network_tables(table),
        network_notes=network_notes(table),
        examined=tuple(examined),
        figures=drawings(table, examined, _context()),
        pictures=striking_cases(version, table),
        departures=departures(version, table),
        phantoms=bool(table["is_phantom"].any()),
        provenance=provenance(version, table, run_kinds),
    )


@transaction.atomic
def _keep(
    version: ProtocolVersion,
    table: pd.DataFrame,
    run_kinds: list[str],
    examined: list[Examined],
    made: dict[str, Any],
    actor: User | None,
) -> Report:
    ratings = table_as_csv(table)
    contents = {
        "report.html": as_html(made).encode(),
        "report.pdf": as_pdf(made),
        "report.json": as_json(made).encode(),
        "ratings.csv": ratings,
        "codebook.csv": codebook_as_csv(metric_meanings(table)),
    }
    digest = hashlib.sha256(ratings).hexdigest()
    folder = f"reports/{version.study.slug}/{timezone.now():%Y%m%dT%H%M%S%f}"
    files = {name: default_storage.save(f"{folder}/{name}", ContentFile(body)) for name, body in contents.items()}
    report = Report.objects.create(
        version=version,
        run_kinds=sorted(run_kinds),
        table_sha256=digest,
        ratings=len(table),
        seed=version.document["seed"],
        files=files,
        created_by=actor,
    )
    Analysis.objects.bulk_create(
        Analysis(report=report, name=each.key[:64], is_primary=each.is_primary, result=each.result.to_json())
        for each in examined
    )
    record(actor=actor, action="study.report", subject=report, run_kinds=sorted(run_kinds), table=digest)
    return report
