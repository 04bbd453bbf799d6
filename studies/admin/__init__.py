"""The studies' half of the panel, registered with the admin site."""

from studies.admin.records import EnrolmentAdmin, ResponseAdmin
from studies.admin.study import StudyAdmin

__all__ = ["EnrolmentAdmin", "ResponseAdmin", "StudyAdmin"]
