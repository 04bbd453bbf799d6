"""What can go wrong in a study, each with one clear sentence."""

from __future__ import annotations

from collections.abc import Sequence

from studies.protocol.problems import Problem


class StudyError(ValueError):
    """Something about a study cannot be done; the message says what and why."""


class NotAllowed(StudyError):
    """Only researchers and administrators may do this."""

    def __init__(self, message: str = "Only researchers and administrators may do this.") -> None:
        super().__init__(message)


class ProtocolInvalid(StudyError):
    """The protocol has mistakes; `problems` are all of them, with their lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class StudyNotReady(ProtocolInvalid):
    """The study cannot be locked or launched yet; `problems` say why."""


class WrongState(StudyError):
    """The study's state does not allow this."""


class UnknownStudy(StudyError):
    """There is no study of this name."""
