"""The report as plain data: what was asked, found, left open, and how."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from evaluation.analyses.result import AnalysisResult
from evaluation.analyses.table import metric_columns
from studies.reporting import blocks
from studies.reporting.blocks import Block
from studies.reporting.comparisons import comparison_blocks, comparisons, doubts
from studies.reporting.coverage import coverage_blocks
from studies.reporting.figures import Figure
from studies.reporting.metric_blocks import MetricFacts, Names, metric_blocks

SIMULATED = "Simulated readers: the answers in this report were made by a program, not by clinicians."
PARTLY_SIMULATED = "This report counts simulated readers together with people."
MOST_SAID = {True: 10, False: 3}
EXPLORATORY = "Exploratory: questions for another study"
METRIC_ANALYSES = ("metric-table", "metric-agreement", "display-effect")

LIMITS = (
    "Plausibility is not trust: that readers rate a map highly says that it looks right to them, not that the network "
    "worked that way, nor that they would be right to rely on it.",
    "A faithfulness metric measures what the network does when pixels are taken away, by a baseline that the network "
    "never saw in training; different baselines can rank methods differently.",
    "Blinding hides a method's name, not its look: a reader who knows a method may recognise it.",
    "The cases were chosen for this study; rates of findings and of AI errors are not those of a clinic.",
    "Nothing here is for clinical use.",
)


@dataclass(frozen=True)
class Examined:
    """One analysis as it was run: on which part of the table, and whether it is the preregistered primary one."""

    result: AnalysisResult
    scope: str
    is_primary: bool
    assumptions: str
    reference: str
    caption: str = ""
    model: str = ""
    fragile: str = ""

    @property
    def key(self) -> str:
        """Unique within a report."""
        return f"{self.result.name}:{self.scope}" if self.scope else self.result.name


@dataclass(frozen=True)
class Material:
    """All that a report is made of."""

    title: str
    question: str
    run_kinds: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    flow: pd.DataFrame
    networks: tuple[tuple[str, pd.DataFrame], ...]
    network_notes: tuple[str, ...]
    examined: tuple[Examined, ...]
    figures: tuple[Figure, ...]
    pictures: tuple[Block, ...]
    departures: tuple[str, ...]
    phantoms: bool
    provenance: dict[str, Any] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    metrics: tuple[MetricFacts, ...] = ()
    tasks: tuple[str, ...] = ()
    blinding: tuple[Block, ...] = ()
    quality: tuple[Block, ...] = ()
    sample: tuple[str, ...] = ()
    profile: pd.DataFrame = field(default_factory=pd.DataFrame)


def document(material: Material) -> dict[str, Any]:
    """The report's document: title, banner, facts and sections of blocks, ready for HTML, PDF and JSON."""
    made = comparisons(material.examined)
    sections = [
        ("findings", "Findings and open questions", _findings(material, doubts(made))),
        ("limits", "What this report does not show", _limits(material)),
        ("readers", "Readers and cases", _who(material)),
        ("quality", "Quality of the answers", list(material.quality)),
        ("blinding", "Blinding: what was hidden, and how well", list(material.blinding)),
        ("networks", "The networks", _networks(material)),
        ("pictures", "The study in pictures", [blocks.figure(each) for each in material.figures]),
        *_analyses(material),
        ("coverage", "What was tested, and what was not", coverage_blocks(material.metrics, material.tasks)),
        ("cases", "Cases to look at", _cases(material)),
        ("comparisons", "All comparisons, and how many would be found by chance", comparison_blocks(made)),
        ("departures", "Departures from the protocol", _departures(material)),
        ("methods", "How this was done", _methods(material)),
    ]
    return {
        "title": material.title,
        "question": material.question,
        "banner": banner(material.run_kinds),
        "facts": [{"name": name, "value": value} for name, value in material.facts],
        "sections": [{"id": name, "title": title, "blocks": body} for name, title, body in sections if body],
        "analyses": {each.key: each.result.to_json() for each in material.examined},
        "provenance": material.provenance,
    }


def _who(material: Material) -> list[Block]:
    found = [blocks.table("Who took part, by kind of run", material.flow)]
    if len(material.profile):
        caption = "What readers say of themselves; values that few share are taken together"
        found.append(blocks.table(caption, material.profile, prose=True))
    return [*found, blocks.listing(material.sample)] if material.sample else found


def banner(run_kinds: Iterable[str]) -> str:
    """What every page of the report must say of its readers."""
    kinds = set(run_kinds)
    if kinds == {"bot"}:
        return SIMULATED
    return PARTLY_SIMULATED if "bot" in kinds else ""


def _findings(material: Material, doubted: dict[tuple[str, str], str]) -> list[Block]:
    found: list[Block] = [
        blocks.text(
            "A finding stands here only if its interval leaves out the value of no effect; all else is left open.",
            "quiet",
        )
    ]
    for is_primary, words in ((True, "Primary analysis, named before the first answer"), (False, EXPLORATORY)):
        chosen = [each for each in material.examined if each.is_primary == is_primary]
        findings = [sentence for each in chosen for sentence in _claims(each, doubted)]
        found.append(blocks.heading(words))
        if findings:
            found.append(blocks.listing(findings, "finding"))
        else:
            found.append(blocks.text("No interval carries a finding."))
    disagreements = [words for each in material.examined for words in _disagreements(each)]
    if disagreements:
        found += [blocks.heading("Where metrics disagree"), blocks.listing(disagreements, "warning")]
    questions = [sentence for each in material.examined for sentence in _questions(each)]
    found.append(blocks.heading("Open questions"))
    found.append(blocks.listing(questions, "open") if questions else blocks.text("None were left open."))
    return found


def _disagreements(each: Examined) -> list[str]:
    """What metrics say against each other, or of raw maps and maps as shown: the first few, and how many more."""
    if each.result.name not in METRIC_ANALYSES:
        return []
    return _said(each, list(each.result.warnings), "on which metrics disagree")


def _claims(each: Examined, doubted: dict[tuple[str, str], str]) -> list[str]:
    """An analysis's findings, the first few in words and the rest counted, with the doubts of their family."""
    doubts_of = [doubted.get((each.key, finding.measure), "") for finding in each.result.findings]
    pairs = zip(each.result.findings, doubts_of, strict=True)
    sentences = [f"{finding.statement} {doubt}".strip() for finding, doubt in pairs]
    return _said(each, sentences, "whose intervals carry a difference")


def _questions(each: Examined) -> list[str]:
    if each.result.name in METRIC_ANALYSES:
        return []  # they are of metrics, not of methods, and stand in their own sections
    return _said(each, list(each.result.open_questions), "that stay open")


def _said(each: Examined, sentences: list[str], what: str) -> list[str]:
    """The first sentences, more of the primary analysis than of the others, and how many stand in the tables."""
    most = MOST_SAID[each.is_primary]
    said = [f"{_scope(each)}{sentence}" for sentence in sentences[:most]]
    more = len(sentences) - len(said)
    rest = [f"{_scope(each)}{more} more comparisons {what} stand under “{each.result.title}”."] if more else []
    return said + rest


def _scope(each: Examined) -> str:
    return f"[{each.scope}] " if each.scope else ""


def _limits(material: Material) -> list[Block]:
    own = []
    if "bot" in material.run_kinds:
        own.append(
            "The readers were simulated with known effects: this report shows that the study and its analysis work, "
            "and nothing about clinicians."
        )
    if material.phantoms:
        own.append("The images are synthetic phantoms: no anatomy, no disease and no patient stands behind them.")
    return [blocks.listing([*own, *LIMITS])]


def _networks(material: Material) -> list[Block]:
    tables = [blocks.table(title, frame) for title, frame in material.networks]
    return [*tables, *(blocks.text(note) for note in material.network_notes)]


def _analyses(material: Material) -> list[tuple[str, str, list[Block]]]:
    metrics = any(each.result.name == "metric-table" for each in material.examined)
    return [
        (
            f"analysis-{number}",
            f"{each.result.title}{': ' + each.scope if each.scope else ''}",
            _analysis(each, material.names, metrics),
        )
        for number, each in enumerate(material.examined, start=1)
    ]


def _analysis(each: Examined, names: Names, metrics: bool) -> list[Block]:
    """What was found; metrics' means are left out where a metric table has them (report.json has all)."""
    result = each.result
    body = [blocks.text(result.question)]
    if each.is_primary:
        body.append(
            blocks.text("This is the primary analysis, named in the protocol before the first answer.", "quiet")
        )
    if result.reading:
        body.append(blocks.listing(result.reading))
    if result.warnings:
        body.append(blocks.listing(result.warnings, "warning"))
    laid_out = metric_blocks(result, names)
    if laid_out is None:
        tables = _without_metrics(result.tables) if metrics and result.name == "benchmark" else result.tables
        laid_out = [blocks.table(_caption(name), frame) for name, frame in tables.items() if len(frame)]
    body += laid_out
    if result.checks:
        body.append(blocks.text("Assumptions checked:", "quiet"))
        body.append(blocks.listing(str(each) for each in result.checks))
    if result.changes:
        body.append(blocks.text("What would change the conclusion:", "quiet"))
        body.append(blocks.listing(result.changes))
    facts = (("Model", each.model), ("Assumes", each.assumptions), ("Would change the conclusion", each.fragile))
    body += [blocks.text(f"{name}: {words}", "quiet") for name, words in facts if words]
    body.append(blocks.text(f"After: {each.reference}.", "quiet"))
    return body


def _without_metrics(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    kept = {name: frame for name, frame in tables.items() if name != "metrics"}
    return {name: frame.drop(columns=metric_columns(frame)) for name, frame in kept.items()}


def _caption(name: str) -> str:
    words = name.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def _cases(material: Material) -> list[Block]:
    if not material.pictures:
        return []
    words = "Maps that readers rated highly and that a faithfulness metric does not bear out, most striking first."
    return [blocks.text(words), *material.pictures]


def _departures(material: Material) -> list[Block]:
    if material.departures:
        return [blocks.listing(material.departures, "warning")]
    return [blocks.text("None: the protocol that was locked is the protocol that was run and analysed.")]


def _methods(material: Material) -> list[Block]:
    rows = pd.DataFrame({"what": list(material.provenance), "value": [str(v) for v in material.provenance.values()]})
    return [
        blocks.text(
            "Readers saw maps under random tokens, in one colour scale, without any method's name; their orders were "
            "drawn from the protocol's seed and hash and stored before their first trial. Answers are append-only. "
            "Intervals are 95 % unless a table says otherwise."
        ),
        blocks.table("What this report was made from", rows.set_index("what")),
    ]


def scopes_of(table: pd.DataFrame, task: str) -> Sequence[str]:
    """The networks whose maps were judged in a task, in the order of the table."""
    return list(dict.fromkeys(table.loc[table["task"] == task, "network"].dropna()))


def scored_networks(table: pd.DataFrame) -> Sequence[str]:
    """The networks of which any shown map was scored, in the order of the table."""
    scored = table[metric_columns(table)].notna().any(axis=1)
    return list(dict.fromkeys(table.loc[scored, "network"].dropna()))
