"""What the report says of its study before any analysis: who took part, with which networks, under which plan."""

from __future__ import annotations

import platform as python_platform
from importlib.metadata import version as installed
from typing import Any

import pandas as pd
from django.utils import timezone

from portal.networks.models import Network
from studies.models import Enrolment, EnrolmentState, ProtocolVersion, RunKind

KINDS = {kind.value: str(kind.label) for kind in RunKind}
LIBRARIES = ("django", "numpy", "scipy", "pandas", "statsmodels", "matplotlib")


def facts(version: ProtocolVersion, table: pd.DataFrame, run_kinds: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The head of the report."""
    return (
        ("Protocol version", str(version.number)),
        ("Protocol hash", version.hash[:16]),
        ("Locked", f"{version.locked_at:%d %B %Y, %H:%M} UTC" if version.locked_at else "never"),
        ("Counted", ", ".join(KINDS[kind] for kind in run_kinds)),
        ("Readers", str(table["reader"].nunique())),
        ("Cases", str(table["case"].nunique())),
        ("Answers", f"{len(table):,}"),
        ("Made", f"{timezone.now():%d %B %Y, %H:%M} UTC"),
    )


def flow(version: ProtocolVersion) -> pd.DataFrame:
    """Enrolled, consented, completed and withdrawn readers, by kind of run."""
    rows = []
    for kind, title in KINDS.items():
        enrolments = Enrolment.objects.filter(version=version, run_kind=kind)
        if enrolments.exists():
            rows.append(
                {
                    "kind of run": title,
                    "enrolled": enrolments.count(),
                    "consented": enrolments.filter(consented_at__isnull=False).count(),
                    "completed": enrolments.filter(state=EnrolmentState.COMPLETED).count(),
                    "withdrawn": enrolments.filter(state=EnrolmentState.WITHDRAWN).count(),
                }
            )
    return pd.DataFrame(rows).set_index("kind of run")


def provenance(version: ProtocolVersion, table: pd.DataFrame, run_kinds: tuple[str, ...]) -> dict[str, Any]:
    """Hashes and versions that tell this report from every other."""
    return {
        "protocol": version.hash,
        "stimuli": version.stimuli_hash,
        "code of the locked study": version.code_version,
        "lock": version.lock_hash,
        "seed": version.document["seed"],
        "kinds of run": ", ".join(run_kinds),
        "presentation of maps": version.document["presentation"]["mode"],
        "sign shown": version.document["presentation"]["sign"],
        "maps rated": int(table["explanation"].nunique()),
        "Python": python_platform.python_version(),
        **{name: installed(name) for name in LIBRARIES},
    }


def network_tables(table: pd.DataFrame) -> tuple[tuple[str, pd.DataFrame], ...]:
    """Each network's measured performance with intervals, on cases it never saw."""
    found = []
    for network in Network.objects.filter(slug__in=table["network"].dropna().unique()):
        frame = performance_frame(network.performance)
        if len(frame):
            found.append((f"{network.title} ({network.slug}) on unseen cases", frame))
    return tuple(found)


def performance_frame(performance: dict[str, Any]) -> pd.DataFrame:
    """Rows `measure on n estimate low high` of what was stored with a network."""
    rows = performance.get("rows", [])
    return pd.DataFrame(rows).set_index("measure") if rows else pd.DataFrame()


def network_notes(table: pd.DataFrame) -> tuple[str, ...]:
    """What the measures say in words, for example a fall where a marker misleads."""
    networks = Network.objects.filter(slug__in=table["network"].dropna().unique())
    return tuple(
        f"{network.title} ({network.slug}): {note}"
        for network in networks
        for note in network.performance.get("notes", [])
    )
