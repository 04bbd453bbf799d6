"""What the panel's templates read of studies where a portal page includes them."""

from __future__ import annotations

from django import template

from portal.catalog.models import Case
from studies.blinding.analysts import methods_named
from studies.models import Study
from studies.panel.overview import StudyRow, studies_by_state
from studies.panel.pages import COUNTED
from studies.panel.review import CaseReview, case_review
from studies.services.design import version_in_force

register = template.Library()


@register.simple_tag
def grouped_studies() -> list[tuple[str, list[StudyRow]]]:
    """All studies by state."""
    return studies_by_state()


@register.simple_tag
def ratings_of(case: Case) -> list[tuple[Study, CaseReview, bool]]:
    """Each study that shows this case, its review over all kinds of readers but previews, whether methods are told."""
    found = []
    for study in Study.objects.filter(versions__stimuli__case=case).distinct():
        version = version_in_force(study)
        if version is not None:
            named = methods_named(study)
            found.append((study, case_review(version, case, [str(kind) for kind in COUNTED], named), named))
    return found


@register.filter
def share(count: int, total: int) -> int:
    """Percent of a total."""
    return round(100 * count / total) if total else 0
