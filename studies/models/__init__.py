"""The records of a study, from its protocol to its report."""

from studies.models.analysis import Analysis, Report
from studies.models.event import EventBatch
from studies.models.questionnaire import QuestionnaireResponse
from studies.models.reader import (
    Enrolment,
    EnrolmentState,
    Invitation,
    Leaving,
    Reader,
    Reminder,
    ReminderKind,
    RunKind,
    Session,
)
from studies.models.response import Response
from studies.models.study import Arm, ArmKind, PowerEstimate, ProtocolVersion, Stimulus, Study, StudyState
from studies.models.trial import ANALYSED, FurtherStimulus, Purpose, Trial, TrialState
from studies.models.unblinding import Unblinding

__all__ = [
    "ANALYSED",
    "Analysis",
    "Arm",
    "ArmKind",
    "Enrolment",
    "EnrolmentState",
    "EventBatch",
    "FurtherStimulus",
    "Invitation",
    "Leaving",
    "PowerEstimate",
    "ProtocolVersion",
    "Purpose",
    "QuestionnaireResponse",
    "Reader",
    "Reminder",
    "ReminderKind",
    "Report",
    "Response",
    "RunKind",
    "Session",
    "Stimulus",
    "Study",
    "StudyState",
    "Trial",
    "TrialState",
    "Unblinding",
]
