"""What analysts may know: codes of arms until an unblinding is confirmed, in every place alike.

The long table of a blinded study calls methods and networks by codes, and drops what would name them by a look-up: the
map's key, its content hash, the time it took, whether it is a control.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pandas as pd
from django.conf import settings

from studies.models import Arm, ArmKind, ProtocolVersion, Study, Unblinding
from studies.tasks import registry as tasks

TELLING = ("network_task", "seconds_to_explain")
"""Columns that tell methods or networks apart by what they hold."""
ALIASED = ("explanation", "displayed_map")
"""Columns of identities that a look-up would name: they become identities that only join rows of this table."""
ANSWERED = ("expected", "correct", "chance", "technique")
"""What says which answer is right: left out of tasks whose right answers name the arm."""
WITHOUT_MAPS = ("none", "unaided")
"""Whoever looks at a case sees that there is no map; these have no letter to hide behind."""


def unblinding_of(study: Study) -> Unblinding | None:
    """The confirmed act; None while analysts are blinded."""
    return study.unblindings.filter(confirmed_at__isnull=False).select_related("asked_by", "confirmed_by").first()


def open_request_of(study: Study) -> Unblinding | None:
    """The request that waits for a second person."""
    waiting = study.unblindings.filter(confirmed_at=None, declined_at=None)
    return waiting.select_related("asked_by").first()


def methods_named(study: Study) -> bool:
    """Whether analysts may see which method an arm is; that a study is closed tells nothing."""
    return unblinding_of(study) is not None


def coded(table: pd.DataFrame, version: ProtocolVersion) -> pd.DataFrame:
    """The long table of a blinded study: arms' codes for methods, numbers for networks, nothing to look them up by.

    Automatic metrics stay, so that a blinded report can join them; those of an odd control may give it away.
    """
    found = table.copy()
    networks = network_codes(version)
    codes = _codes(version)
    for column in ("method", "method_b", "method_c", "method_d"):
        found[column] = [_code(codes, of, label) for of, label in zip(table["network"], table[column], strict=True)]
    found["network"] = [networks.get(str(slug)) for slug in table["network"]]
    found["control"] = False
    # The right guess of a technique is the method itself.
    telling = found["task"].isin([task.name for task in tasks if task.tells_arm])
    found.loc[telling, list(ANSWERED)] = None
    for column in TELLING:
        found[column] = None
    for column in ALIASED:
        found[column] = [_alias(value, version) for value in table[column]]
    return found


def _code(codes: dict[tuple[str, str], str], network: Any, label: Any) -> str | None:
    if label is None or pd.isna(label):
        return None
    return str(label) if label in WITHOUT_MAPS else f"arm {codes[str(network), str(label)]}"


def _codes(version: ProtocolVersion) -> dict[tuple[str, str], str]:
    arms = Arm.objects.filter(version=version, kind=ArmKind.EXPLAINED).select_related("network")
    return {(arm.network.slug if arm.network else "", arm.label): arm.code for arm in arms}


def network_codes(version: ProtocolVersion) -> dict[str, str]:
    """By the first code among a network's arms, which were drawn by lot."""
    arms = Arm.objects.filter(version=version, network__isnull=False).order_by("code")
    slugs = dict.fromkeys(str(slug) for slug in arms.values_list("network__slug", flat=True))
    return {slug: f"network {number}" for number, slug in enumerate(slugs, start=1)}


def _alias(value: Any, version: ProtocolVersion) -> str | None:
    if value is None or pd.isna(value):
        return None
    key = settings.PSEUDONYM_KEY.encode()
    return hmac.new(key, f"alias/{version.hash}/{value}".encode(), hashlib.sha256).hexdigest()[:16]
