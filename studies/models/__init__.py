"""The records of a study, from its protocol to its report."""

from studies.models.analysis import Analysis, Report
from studies.models.reader import Enrolment, EnrolmentState, Invitation, Reader, RunKind, Session
from studies.models.response import Response
from studies.models.study import Arm, ArmKind, ProtocolVersion, Stimulus, Study, StudyState
from studies.models.trial import Trial, TrialState

__all__ = [
    "Analysis",
    "Arm",
    "ArmKind",
    "Enrolment",
    "EnrolmentState",
    "Invitation",
    "ProtocolVersion",
    "Reader",
    "Report",
    "Response",
    "RunKind",
    "Session",
    "Stimulus",
    "Study",
    "StudyState",
    "Trial",
    "TrialState",
]
