"""Handing the long table out: a CSV file with its code book and checksums."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import pandas as pd
from django.db import transaction

from portal.accounts.models import User
from portal.audit.services import record
from portal.parts.models import Part
from studies.models import ProtocolVersion
from studies.reporting.table import CODEBOOK, METRIC_COLUMN, long_table


def table_as_csv(table: pd.DataFrame) -> bytes:
    """UTF-8, a header, missing values empty; the same bytes for the same table."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def codebook_as_csv(metric_meanings: dict[str, str] | None = None) -> bytes:
    """What each column of the long table holds; metrics by name where their meanings are given."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["column", "kind", "meaning"])
    for column in CODEBOOK:
        writer.writerow([column.name, column.kind, column.meaning])
    for name, meaning in (metric_meanings or {}).items():
        writer.writerow([f"metric.{name}", METRIC_COLUMN.kind, meaning])
    if not metric_meanings:
        writer.writerow([METRIC_COLUMN.name, METRIC_COLUMN.kind, METRIC_COLUMN.meaning])
    return buffer.getvalue().encode()


@transaction.atomic
def export_study(*, version: ProtocolVersion, run_kinds: list[str], out: Path, actor: User | None) -> dict[str, str]:
    """Write `ratings.csv`, `codebook.csv` and `SHA256SUMS` into a folder; returns each file's checksum."""
    table = long_table(version, run_kinds)
    files = {"ratings.csv": table_as_csv(table), "codebook.csv": codebook_as_csv(metric_meanings(table))}
    out.mkdir(parents=True, exist_ok=True)
    sums = {}
    for name, content in files.items():
        (out / name).write_bytes(content)
        sums[name] = hashlib.sha256(content).hexdigest()
    (out / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()), encoding="utf-8")
    record(actor=actor, action="study.export", subject=version, run_kinds=run_kinds, rows=len(table), sha256=sums)
    return sums


@transaction.atomic
def export_bytes(*, version: ProtocolVersion, run_kinds: list[str], actor: User | None) -> bytes:
    """The long table as the bytes of a CSV file, with an entry in the audit trail."""
    table = long_table(version, run_kinds)
    body = table_as_csv(table)
    digest = hashlib.sha256(body).hexdigest()
    record(actor=actor, action="study.export", subject=version, run_kinds=run_kinds, rows=len(table), sha256=digest)
    return body


def metric_meanings(table: pd.DataFrame) -> dict[str, str]:
    """What the metrics in this table measure, from the part table."""
    names = [str(column).removeprefix("metric.") for column in table.columns if str(column).startswith("metric.")]
    known = {part.name: part for part in Part.objects.filter(family="evaluation.metrics", name__in=names)}
    return {
        name: f"{known[name].title}: {known[name].summary} {_direction(known[name])}" if name in known else name
        for name in names
    }


def _direction(part: Part) -> str:
    higher = part.facts.get("higher_is_better")
    return "" if higher is None else f"({'Higher' if higher else 'Lower'} is better.)"
