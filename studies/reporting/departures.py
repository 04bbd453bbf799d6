"""What was done otherwise than the locked protocol says, found from the records alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from django.db.models import QuerySet

from portal.audit.models import Entry
from studies.models import Enrolment, EnrolmentState, Leaving, ProtocolVersion, Stimulus
from studies.protocol import diff
from studies.services.certify import code_version, lock_hash_of
from studies.versions import as_written

MOST_CHANGES = 12


def departures(version: ProtocolVersion, table: pd.DataFrame, analysed: Sequence[str] = ()) -> tuple[str, ...]:
    """Sentences for the report; `analysed` are the names of the analyses of readers' answers that were run."""
    return (
        *_readers(version, table),
        *_versions(version, table),
        *_exclusions(version, table),
        *_analyses(version, analysed),
        *_frozen(version),
    )


def _readers(version: ProtocolVersion, table: pd.DataFrame) -> Iterator[str]:
    planned = int(version.document["readers"]["planned"])
    read = table["reader"].nunique()
    if read != planned:
        yield f"{planned} readers were planned; answers of {read} are analysed."
    kinds = set(version.document["analysis"]["run_kinds"])
    counted = set(table["run_kind"])
    if counted != kinds:
        yield f"The plan counts {', '.join(sorted(kinds))}; this report counts {', '.join(sorted(counted))}."
    enrolled = Enrolment.objects.filter(version=version, run_kind__in=counted)
    yield from _left(enrolled.filter(state=EnrolmentState.WITHDRAWN))
    silent = enrolled.filter(released_at__isnull=False).count()
    if silent:
        yield f"{silent} readers fell silent and their places went to others; what they answered is counted."
    if version.study.state != "closed":
        yield "The study was still open when this report was made: its answers are not final."


def _left(gone: QuerySet[Enrolment]) -> Iterator[str]:
    """Who left, and what became of their answers."""
    erased, screened = (gone.filter(leaving=how).count() for how in (Leaving.ERASED, Leaving.SCREENED))
    if kept := gone.count() - erased - screened:
        yield f"{kept} readers withdrew; their answers up to then are counted, as they wished."
    if erased:
        yield f"{erased} readers withdrew and had their answers erased; nothing of them is counted."
    if screened:
        yield f"{screened} readers did not pass the comprehension check, and read no image."


def _versions(version: ProtocolVersion, table: pd.DataFrame) -> Iterator[str]:
    """Every other locked version: why, what it says otherwise, and how many readers took it."""
    kinds = set(table["run_kind"])
    for other in version.study.versions.exclude(pk=version.pk).filter(locked_at__isnull=False).order_by("number"):
        took = Enrolment.objects.filter(version=other, run_kind__in=kinds).count()
        yield (
            f"Version {other.number} was locked as well ({other.locked_at:%d %B %Y}): "
            f"{other.reason or 'no reason given'}. {took} readers took it, and are not in this report."
        )
        way = f"From version {other.number} to version {version.number}:"
        changes = [str(each) for each in diff(as_written(other), as_written(version))]
        for change in changes[:MOST_CHANGES]:
            yield f"{way} {change}"
        if len(changes) > MOST_CHANGES:
            yield f"{way} {len(changes) - MOST_CHANGES} more changes."


def _exclusions(version: ProtocolVersion, table: pd.DataFrame) -> Iterator[str]:
    """Rows and readers left out that no planned rule leaves out."""
    planned = set(version.document["analysis"].get("exclusions", ()))
    used = {rule for rules in table["excluded_by"].dropna() for rule in str(rules).split()} - planned
    for rule in sorted(used):
        count = int(table["excluded_by"].fillna("").str.split().map(lambda rules, rule=rule: rule in rules).sum())
        yield f"{count} answers are left out by '{rule}', which the plan does not name."
    subjects = [f"enrolment:{pk}" for pk in Enrolment.objects.filter(version=version).values_list("pk", flat=True)]
    for entry in Entry.objects.filter(action="reader.taken-out", subject__in=subjects):
        reason = entry.detail.get("reason", "no reason")
        yield f"A reader was taken out by a researcher on {entry.at:%d %B %Y}: {reason}."


def _analyses(version: ProtocolVersion, analysed: Sequence[str]) -> Iterator[str]:
    plan: dict[str, Any] = version.document["analysis"]
    named = [plan["primary"], *plan.get("secondary", ())]
    extra = [name for name in dict.fromkeys(analysed) if name not in named]
    missing = [name for name in named if analysed and name not in analysed]
    if extra:
        yield f"Analyses that the plan does not name, to be read as exploratory: {', '.join(extra)}."
    if missing:
        yield f"Analyses that the plan names and that were not run: {', '.join(missing)}."


def _frozen(version: ProtocolVersion) -> Iterator[str]:
    """What should not have changed since the lock."""
    if version.lock_hash and lock_hash_of(version) != version.lock_hash:
        yield "What was locked does not give the hash that it was locked under: it was changed outside the platform."
    if version.code_version and code_version() != version.code_version:
        yield "The code that shows, asks and analyses is not the version that the study was locked with."
    gone = Stimulus.objects.filter(version=version).exclude(case__approval="approved")
    for slug in sorted(set(gone.values_list("case__slug", flat=True))):
        yield f"The case {slug} has lost its approval since: nobody has been shown it from then on."
