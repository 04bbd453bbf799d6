"""Erasing rows of append-only tables, on record: the one way that their triggers leave open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models, transaction

from portal.audit.models import Entry, Erasure


@transaction.atomic
def erase_rows(querysets: Iterable[models.QuerySet[Any]], *, entry: Entry) -> int:
    """Delete these rows and note which they were, but not what they said; how many there were.

    `entry` says who asked for it and why; a queryset's rows must not be pointed at by those of a later one.
    """
    total = 0
    for rows in querysets:
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        table = rows.model._meta.db_table
        Erasure.objects.bulk_create(Erasure(relation=table, row=key, entry=entry) for key in keys)
        rows.model._default_manager.filter(pk__in=keys).delete()
        total += len(keys)
    return total
