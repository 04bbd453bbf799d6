"""Building a study's trust report: the long table, its analyses, its figures, and the files made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from evaluation.analyses import registry as analyses
from evaluation.analyses.base import AnalysisContext
from evaluation.analyses.result import AnalysisResult
from evaluation.analyses.table import METRIC_PREFIX, metric_columns
from foundation.registry import parameters_of
from foundation.seeds import derive
from portal.accounts.models import User
from portal.audit.services import record
from portal.explanations.models import Score
from portal.parts.models import Part
from studies.blinding.analysts import methods_named
from studies.blinding.leak import NAME as LEAK
from studies.blinding.leak import Leak, as_result
from studies.errors import StudyError
from studies.models import Analysis, ProtocolVersion, Report
from studies.reporting.blinding import blinding_blocks, leak_blocks, leaks_of
from studies.reporting.departures import departures
from studies.reporting.document import METRIC_ANALYSES, Examined, Material, document, scopes_of, scored_networks
from studies.reporting.drawings import drawings
from studies.reporting.facts import facts, flow, network_notes, network_tables, provenance
from studies.reporting.metric_blocks import MetricFacts, Names
from studies.reporting.pictures import striking_cases
from studies.reporting.quality import quality_blocks
from studies.reporting.render import as_html, as_json, as_pdf
from studies.services.ask_report import check_kinds
from studies.services.certify import sample_sentences
from studies.services.export import analysts_table, codebook_as_csv, table_as_csv
from studies.services.report_questionnaires import examined_questionnaires, profile_counts

USEFULNESS = ("usefulness-model", "agreement", "benchmark", "association", "quadrant")
WHOLE_TABLE = (
    "reliance",
    "faithful-reliance",
    "reader-study",
    "preference",
    "questionnaires",
    "blinding-check",
    "annotation",
    "action-model",
    "reason-codes",
    "shortcut",
    "segmentation-review",
)


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
    table = analysts_table(version, run_kinds)
    if table.empty:
        raise NothingToReport(f"No reader of kind {', '.join(run_kinds)} has answered in {version} yet.")
    examined = _examine(version, table, progress)
    examined += examined_questionnaires(version, run_kinds)
    leaks = leaks_of(version)
    made = document(_material(version, table, tuple(run_kinds), examined, leaks))
    looks = {f"{LEAK}:{name}": as_result(found, name) for name, found in leaks.items()}
    made["analyses"] |= {name: result.to_json() for name, result in looks.items()}
    progress(9, 10, "Writing the pages")
    report = _keep(version, table, run_kinds, examined, looks, made, actor)
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
    """The primary analysis first, then the others; usefulness and metrics are analysed for each network apart."""
    plan = version.document["analysis"]
    context = _context()
    scopes = scopes_of(table, "usefulness")
    jobs = [(name, scope) for scope in scopes for name in USEFULNESS]
    jobs += [(name, scope) for scope in _first(scopes, scored_networks(table)) for name in METRIC_ANALYSES]
    jobs += [(name, "") for name in WHOLE_TABLE if (table["task"] == analyses[name].task).any()]
    # Whether readers guessed rightly would tell analysts what they are blinded to.
    hidden = () if methods_named(version.study) else ("blinding-check",)
    jobs = [(name, scope) for name, scope in jobs if name in analyses and name not in hidden]
    primary = next((job for job in jobs if job[0] == plan["primary"]), None)
    ordered = sorted(jobs, key=lambda job: job != primary)
    examined = []
    for done, (name, scope) in enumerate(ordered):
        progress(8 * done // len(ordered), 10, f"{analyses[name].title} {scope}".strip())
        rows = _rows(table, name, scope) if scope else _with_named_arms(table)
        examined.append(_examine_one(version, name, scope, rows, context, (name, scope) == primary))
    return examined


def _first(networks: Sequence[str], others: Sequence[str]) -> list[str]:
    """Those of the rated maps first, then those whose maps were shown otherwise."""
    return [*(each for each in networks if each in others), *(each for each in others if each not in networks)]


def _rows(table: pd.DataFrame, name: str, network: str) -> pd.DataFrame:
    """The rows of a network; for metrics those of its rated maps alone, so that methods meet on the same cases."""
    rows = table[table["network"] == network]
    rated = rows[rows["task"] == "usefulness"]
    return rated if name in METRIC_ANALYSES and len(rated) else rows


def _with_named_arms(table: pd.DataFrame) -> pd.DataFrame:
    """Arms called by what they show, so that analyses over all networks read without the list of codes."""
    return table.assign(arm=table["network"].astype(str) + ", " + table["method"].astype(str))


def _examine_one(
    version: ProtocolVersion, name: str, scope: str, rows: pd.DataFrame, context: AnalysisContext, is_primary: bool
) -> Examined:
    kind = analyses[name]
    outcome = version.document["analysis"].get("outcome")
    takes_outcome = any(parameter.name == "outcome" for parameter in parameters_of(kind))
    given: dict[str, Any] = {"outcome": outcome} if takes_outcome and outcome else {}
    if name == "faithful-reliance":
        given = _faithfulness(rows)
    analysis = analyses.build(name, given)
    seed = derive(version.document["seed"], "analysis", name, scope) % 2**32
    result = analysis.analyse(rows, seed=seed, context=context)
    return Examined(result, scope, is_primary, kind.assumptions, kind.reference, model=kind.model, fragile=kind.fragile)


def _again(version: ProtocolVersion, table: pd.DataFrame) -> Callable[[Examined, pd.Series[str]], AnalysisResult]:
    """Runs an analysis once more under other exclusions."""

    def run(each: Examined, excluded_by: pd.Series[str]) -> AnalysisResult:
        changed = table.assign(excluded_by=excluded_by)
        rows = _rows(changed, each.result.name, each.scope) if each.scope else _with_named_arms(changed)
        return _examine_one(version, each.result.name, each.scope, rows, _context(), each.is_primary).result

    return run


def _faithfulness(rows: pd.DataFrame) -> dict[str, Any]:
    """The metric that parts maps into faithful and unfaithful: srg, else the first of its family that was scored."""
    scored = [str(column).removeprefix(METRIC_PREFIX) for column in metric_columns(rows)]
    names = _names()
    chosen = [name for name in scored if names.metric(name).family == "faithfulness"]
    return {"metric": next((name for name in chosen if name == "srg"), chosen[0])} if chosen else {}


def _context() -> AnalysisContext:
    names = _names()
    return AnalysisContext(
        directions={label: facts.higher_is_better for label, facts in names.metrics.items()},
        titles={**names.methods, **{label: facts.title for label, facts in names.metrics.items()}},
    )


def _names() -> Names:
    """Methods and metrics as the part table describes them, metrics under the labels that runs gave to them too."""
    metrics = {part.name: _metric_facts(part) for part in Part.objects.filter(family="evaluation.metrics")}
    labels = Score.objects.order_by().values_list("label", "metric").distinct()
    named = {
        label: replace(metrics[metric], title=f"{metrics[metric].title} ({label})")
        for label, metric in labels
        if label not in metrics and metric in metrics
    }
    methods = dict(Part.objects.filter(family="explainers.methods").values_list("name", "title"))
    return Names({**metrics, **named}, methods)


def _metric_facts(part: Part) -> MetricFacts:
    facts = part.facts
    family, higher = str(facts.get("family", "")), bool(facts.get("higher_is_better", True))
    return MetricFacts(part.title, family, higher, tuple(facts.get("co12", ())))


def _material(
    version: ProtocolVersion,
    table: pd.DataFrame,
    run_kinds: tuple[str, ...],
    examined: list[Examined],
    leaks: Mapping[str, Leak],
) -> Material:
    names = _names()
    scored = [str(column).removeprefix(METRIC_PREFIX) for column in metric_columns(table)]
    return Material(
        title=version.study.title,
        question=str(version.document.get("question", "")),
        run_kinds=run_kinds,
        facts=facts(version, table, run_kinds),
        flow=flow(version),
        profile=profile_counts(version, run_kinds),
        networks=network_tables(table),
        network_notes=network_notes(table),
        examined=tuple(examined),
        figures=drawings(table, examined, _context()),
        pictures=striking_cases(version, table),
        departures=departures(version, table, _of_readers(examined)),
        sample=tuple(sample_sentences(version.certificate)),
        phantoms=bool(table["is_phantom"].any()),
        provenance=provenance(version, table, run_kinds),
        names=names,
        metrics=tuple(names.metric(name) for name in scored),
        tasks=tuple(table["task"].unique()),
        blinding=(*blinding_blocks(version), *leak_blocks(leaks, version.document["presentation"]["mode"])),
        quality=tuple(quality_blocks(version, run_kinds, table, examined, _again(version, table))),
    )


def _of_readers(examined: list[Examined]) -> list[str]:
    """The analyses of answers; those of metrics alone need no plan."""
    return [each.result.name for each in examined if each.result.name not in METRIC_ANALYSES]


@transaction.atomic
def _keep(
    version: ProtocolVersion,
    table: pd.DataFrame,
    run_kinds: list[str],
    examined: list[Examined],
    looks: Mapping[str, AnalysisResult],
    made: dict[str, Any],
    actor: User | None,
) -> Report:
    ratings = table_as_csv(table)
    contents = {
        "report.html": as_html(made).encode(),
        "report.pdf": as_pdf(made),
        "report.json": as_json(made).encode(),
        "ratings.csv": ratings,
        "codebook.csv": codebook_as_csv(table),
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
    Analysis.objects.bulk_create(
        Analysis(report=report, name=name[:64], result=result.to_json()) for name, result in looks.items()
    )
    record(actor=actor, action="study.report", subject=report, run_kinds=sorted(run_kinds), table=digest)
    return report
