"""What readers filled in, as tables: scales with their scores, profiles, and their own words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from evaluation.statistics import Instrument, instrument, scale_score, subscale_scores
from studies.due import occasion_of
from studies.models import ProtocolVersion, QuestionnaireResponse
from studies.questionnaires import Asked, Questionnaire, questionnaire_of
from studies.questionnaires.scales import tallies
from studies.reporting.anonymity import k_anonymous, without_rare_values
from studies.reporting.columns import Column
from studies.reporting.safe_cells import safe_cell
from studies.selectors import protocol_of

WHO = (
    Column("study", "text", "The study's short name."),
    Column("protocol_hash", "text", "SHA-256 of the protocol version."),
    Column("run_kind", "text", "live, pilot, preview, or bot (a simulated reader)."),
    Column("reader", "text", "The reader's pseudonym within the study."),
)
WHERE = (
    Column("place", "text", "start, after-block or end."),
    Column("block", "text", "The block it came after; empty elsewhere."),
    Column("questionnaire", "text", "What was filled in."),
    Column("version", "integer", "Of the questionnaire's wording and scoring that come with the code."),
    Column("wording", "text", "SHA-256 of the words that were shown."),
    Column("language", "text", "The page's language."),
)
SCALE_COLUMNS = (
    *WHO,
    *WHERE,
    Column("instrument", "text", "The scale; a questionnaire may hold one among other items."),
    Column("order", "text", "The items as they were shown, by their numbers in the published order."),
    Column("active_seconds", "number", "Seconds that the reader was active on the page."),
    Column("submitted_at", "time", "When the server stored it."),
    Column("score", "number", "The instrument's published score; empty where an item was left out."),
    Column("part.<name>", "number", "Mean answer to a part of the scale, nothing reversed."),
    Column("item_<number>", "number", "The answer to each item in the published order, as given."),
    Column("weight_<number>", "integer", "nasa-tlx: how often the item was chosen over another."),
)
PROFILE_COLUMNS = (
    *WHO,
    Column("<item>", "text", "The answer, empty where fewer readers than the protocol's smallest cell share it."),
    Column("colour_vision", "text", "clear, flag or not asked: a screening, not a diagnosis."),
    Column("comprehension", "text", "passed or failed the check, and in which attempt."),
)
REMARK_COLUMNS = (
    *WHO,
    *WHERE,
    Column("question", "text", "The item's name."),
    Column("text", "text", "The reader's own words on one line; a leading ' keeps spreadsheets from calculating."),
    Column("theme", "text", "Empty: for the themes that people find."),
)


def scales_table(version: ProtocolVersion, run_kinds: Sequence[str]) -> pd.DataFrame:
    """One row a reader, place and instrument: score, parts, items as given, and the order they were shown in."""
    rows = [
        _who(row) | _where(row) | _scored(row, rule, names)
        for row, asked in _filled(version, run_kinds)
        for rule, names in _scales(asked)
        if any(name in row.answers for name in names)
    ]
    fixed = [column.name for column in SCALE_COLUMNS if "<" not in column.name]
    more = {name for row in rows for name in row} - set(fixed)
    return pd.DataFrame(rows, columns=[*fixed, *sorted(more, key=_by_number)])


def scale_items(version: ProtocolVersion, run_kinds: Sequence[str]) -> pd.DataFrame:
    """One row an item, as `evaluation.analyses` reads questionnaires; `where` tells the places apart."""
    rows = [
        {
            "task": "questionnaire",
            "run_kind": row.enrolment.run_kind,
            "reader": row.enrolment.reader.pseudonym,
            "where": where_in_words(row.place, row.block),
            "instrument": rule.slug,
            "item": number,
            "score": row.answers.get(name),
            "weight": _weight(row, names, number),
        }
        for row, asked in _filled(version, run_kinds)
        for rule, names in _scales(asked)
        for number, name in enumerate(names, start=1)
    ]
    columns = ["task", "run_kind", "reader", "where", "instrument", "item", "score", "weight"]
    return pd.DataFrame(rows, columns=columns).dropna(subset=["score"]).reset_index(drop=True)


def _weight(row: QuestionnaireResponse, names: Sequence[str], number: int) -> int | None:
    weights = tallies(row.answers, len(names))
    return weights[number - 1] if weights else None


def profiles_table(version: ProtocolVersion, run_kinds: Sequence[str]) -> pd.DataFrame:
    """One row a reader; what identifies is shared by as many readers as the protocol asks, or left out."""
    frame, fields, identifying = profile_answers(version, run_kinds)
    k = protocol_of(version).questionnaires.smallest_cell
    shown = without_rare_values(frame, fields, k)
    return k_anonymous(shown, identifying, k) if identifying else shown


def profile_answers(version: ProtocolVersion, run_kinds: Sequence[str]) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Every reader's answers as given, the names of their columns, and of those that identify. Not to be handed out."""
    items = [item for item in questionnaire_of_own("reader-profile").items if item.kind == "choice"]
    fields = [item.name for item in items]
    found: dict[str, dict[str, Any]] = {}
    for row, _asked in _filled(version, run_kinds):
        reader = found.setdefault(row.enrolment.reader.pseudonym, _who(row))
        if row.questionnaire == "reader-profile":
            reader |= {name: row.answers.get(name) for name in fields}
        elif row.questionnaire == "colour-vision":
            reader["colour_vision"] = "flag" if row.outcome.get("flag") else "clear"
        elif row.questionnaire == "comprehension":
            reader["comprehension"] = f"{'passed' if row.outcome.get('passed') else 'failed'} {row.attempt}"
    columns = [*(column.name for column in WHO), *fields, "colour_vision", "comprehension"]
    frame = pd.DataFrame(list(found.values()), columns=columns).astype(object)
    frame = frame.where(frame.notna(), None)
    identifying = [*(item.name for item in items if item.identifying), "colour_vision"]
    return frame, [*fields, "colour_vision", "comprehension"], identifying


def remarks_table(version: ProtocolVersion, run_kinds: Sequence[str]) -> pd.DataFrame:
    """One row a text, under pseudonyms, ready to be sorted into themes."""
    rows = [
        _who(row) | _where(row) | {"question": item.name, "text": safe_cell(row.answers[item.name]), "theme": ""}
        for row, asked in _filled(version, run_kinds)
        for item in asked.items
        if item.kind == "text" and row.answers.get(item.name)
    ]
    return pd.DataFrame(rows, columns=[column.name for column in REMARK_COLUMNS])


def where_in_words(place: str, block: str) -> str:
    """A place as headings name it."""
    return {"start": "before the first image", "end": "after the last image"}.get(place, f"after the block {block}")


def questionnaire_of_own(name: str) -> Questionnaire:
    """One of our own questionnaires."""
    return questionnaire_of(Asked(name))


def _filled(
    version: ProtocolVersion, run_kinds: Sequence[str]
) -> Iterator[tuple[QuestionnaireResponse, Questionnaire]]:
    """Every row with what was asked, in a stable order."""
    protocol = protocol_of(version)
    rows = QuestionnaireResponse.objects.filter(enrolment__version=version, enrolment__run_kind__in=list(run_kinds))
    for row in rows.select_related("enrolment__reader", "enrolment__version__study").order_by(
        "enrolment__run_kind", "enrolment__slot", "enrolment_id", "id"
    ):
        occasion = occasion_of(protocol, row)
        if occasion is not None:
            yield row, occasion.questionnaire
        elif row.questionnaire == "remark":
            yield row, questionnaire_of_own("remark")


def _scales(asked: Questionnaire) -> Iterator[tuple[Instrument, tuple[str, ...]]]:
    for slug, names in asked.scales.items():
        yield instrument(slug), names


def _who(row: QuestionnaireResponse) -> dict[str, Any]:
    version = row.enrolment.version
    return {
        "study": version.study.slug,
        "protocol_hash": version.hash,
        "run_kind": row.enrolment.run_kind,
        "reader": row.enrolment.reader.pseudonym,
    }


def _where(row: QuestionnaireResponse) -> dict[str, Any]:
    return {
        "place": row.place,
        "block": row.block,
        "questionnaire": row.questionnaire,
        "version": row.version,
        "wording": row.wording,
        "language": row.language,
    }


def _scored(row: QuestionnaireResponse, rule: Instrument, names: tuple[str, ...]) -> dict[str, Any]:
    answers = pd.DataFrame([[row.answers.get(name) for name in names]], columns=list(names), dtype=float)
    weights = tallies(row.answers, len(names)) if rule.scoring.weighted else None
    tallied = pd.DataFrame([weights], columns=list(names)) if weights else None
    found: dict[str, Any] = {
        "instrument": rule.slug,
        "order": " ".join(str(names.index(name) + 1) for name in row.order if name in names),
        "active_seconds": row.client.get("active_seconds"),
        "submitted_at": row.received_at.isoformat(),
        "score": scale_score(rule.slug, answers, weights=tallied).iloc[0],
    }
    if len(names) == len(rule.items):
        found |= {f"part.{name}": values.iloc[0] for name, values in subscale_scores(rule.slug, answers).items()}
    found |= {f"item_{number}": row.answers.get(name) for number, name in enumerate(names, start=1)}
    return found | {f"weight_{number}": weight for number, weight in enumerate(weights or (), start=1)}


def _by_number(name: str) -> tuple[int, str, int]:
    """Parts first, then items by their numbers, then weights."""
    kind, _, number = name.rpartition("_")
    order = {"": 0, "item": 1, "weight": 2}.get(kind if number.isdigit() else "", 0)
    return order, name if order == 0 else "", int(number) if order else 0
