"""Handing the long table out: a CSV file with its code book and checksums."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from django.db import transaction

from portal.accounts.models import User
from portal.audit.services import record
from portal.parts.models import Part
from studies.blinding.analysts import coded, methods_named
from studies.models import ANALYSED, ProtocolVersion
from studies.reporting.columns import Column
from studies.reporting.events import event_log
from studies.reporting.questionnaires import (
    PROFILE_COLUMNS,
    REMARK_COLUMNS,
    SCALE_COLUMNS,
    profiles_table,
    remarks_table,
    scales_table,
)
from studies.reporting.table import CODEBOOK, EXPORTED, METRIC_COLUMN, SCORE_COLUMNS, long_table


def table_as_csv(table: pd.DataFrame) -> bytes:
    """UTF-8, a header, missing values empty; the same bytes for the same table."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def codebook_as_csv(table: pd.DataFrame | None = None) -> bytes:
    """What each column of a long table holds; without a table, what its columns may hold."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["column", "kind", "meaning"])
    for column in (*CODEBOOK, *(SCORE_COLUMNS if table is None else score_columns(table))):
        writer.writerow([column.name, column.kind, column.meaning])
    return buffer.getvalue().encode()


@transaction.atomic
def export_study(*, version: ProtocolVersion, run_kinds: list[str], out: Path, actor: User | None) -> dict[str, str]:
    """Write `ratings.csv`, `codebook.csv`, `events.csv` and `SHA256SUMS` into a folder; gives each file's checksum.

    What readers filled in beside the images comes along where there is any: see `questionnaire_files`.
    """
    table = analysts_table(version, run_kinds, EXPORTED)
    files = {"ratings.csv": table_as_csv(table), "codebook.csv": codebook_as_csv(table)}
    files["events.csv"] = table_as_csv(event_log(version, run_kinds))
    files |= questionnaire_files(version, run_kinds)
    out.mkdir(parents=True, exist_ok=True)
    sums = {}
    for name, content in files.items():
        (out / name).write_bytes(content)
        sums[name] = hashlib.sha256(content).hexdigest()
    (out / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()), encoding="utf-8")
    record(actor=actor, action="study.export", subject=version, run_kinds=run_kinds, rows=len(table), sha256=sums)
    return sums


def questionnaire_files(version: ProtocolVersion, run_kinds: Sequence[str]) -> dict[str, bytes]:
    """`scales.csv`, `profiles.csv`, `remarks.csv`, those that have rows, and a code book of their columns."""
    tables = {
        "scales": (scales_table(version, run_kinds), SCALE_COLUMNS),
        "profiles": (profiles_table(version, run_kinds), PROFILE_COLUMNS),
        "remarks": (remarks_table(version, run_kinds), REMARK_COLUMNS),
    }
    filled = {name: found for name, found in tables.items() if len(found[0])}
    if not filled:
        return {}
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["file", "column", "kind", "meaning"])
    for name, (_table, columns) in filled.items():
        writer.writerows([f"{name}.csv", column.name, column.kind, column.meaning] for column in columns)
    files = {f"{name}.csv": table_as_csv(table) for name, (table, _columns) in filled.items()}
    return files | {"questionnaires-codebook.csv": buffer.getvalue().encode()}


@transaction.atomic
def export_bytes(*, version: ProtocolVersion, run_kinds: list[str], actor: User | None) -> bytes:
    """The long table as the bytes of a CSV file, with an entry in the audit trail."""
    table = analysts_table(version, run_kinds, EXPORTED)
    body = table_as_csv(table)
    digest = hashlib.sha256(body).hexdigest()
    record(actor=actor, action="study.export", subject=version, run_kinds=run_kinds, rows=len(table), sha256=digest)
    return body


def analysts_table(
    version: ProtocolVersion, run_kinds: Sequence[str], purposes: Sequence[str] = ANALYSED
) -> pd.DataFrame:
    """The long table as it may be handed out now: under codes until an unblinding is confirmed."""
    table = long_table(version, run_kinds, purposes)
    return table if methods_named(version.study) else coded(table, version)


def score_columns(table: pd.DataFrame) -> list[Column]:
    """The columns of scores that this table has, metrics described as the part table does."""
    known = {part.name: part for part in Part.objects.filter(family="evaluation.metrics")}
    found = []
    for general in SCORE_COLUMNS:
        prefix = general.name.removesuffix("<name>")
        for name in (str(column).removeprefix(prefix) for column in table if str(column).startswith(prefix)):
            part = known.get(name)
            meaning = general.meaning.replace("<name>", name)
            if general is METRIC_COLUMN and part:
                meaning = f"{part.title}: {part.summary} {_direction(part)} {general.meaning}"
            found.append(Column(f"{prefix}{name}", general.kind, meaning))
    return found


def _direction(part: Part) -> str:
    higher = part.facts.get("higher_is_better")
    return "" if higher is None else f"({'Higher' if higher else 'Lower'} is better.)"
