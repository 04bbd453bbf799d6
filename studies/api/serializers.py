"""How studies, responses and a reader's own trials are written as JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from studies.models import Response, Study, Trial


class StudySerializer(serializers.ModelSerializer[Study]):
    """A study and the version of its protocol that stands."""

    version = serializers.SerializerMethodField()
    readers = serializers.IntegerField(source="reader_count", read_only=True)
    responses = serializers.IntegerField(source="response_count", read_only=True)

    class Meta:
        model = Study
        fields = ("slug", "title", "state", "created_at", "launched_at", "closed_at", "version", "readers", "responses")

    def get_version(self, study: Study) -> dict[str, Any] | None:
        """Number, hash and lock of the newest version."""
        newest = max(study.versions.all(), key=lambda version: version.number, default=None)
        if newest is None:
            return None
        return {"number": newest.number, "hash": newest.hash, "locked_at": newest.locked_at}


class ResponseSerializer(serializers.ModelSerializer[Response]):
    """One stored answer; the arm is its blinded code, the method is told by the export alone."""

    study = serializers.CharField(source="trial.enrolment.version.study.slug")
    protocol_hash = serializers.CharField(source="trial.enrolment.version.hash")
    run_kind = serializers.CharField(source="trial.enrolment.run_kind")
    reader = serializers.CharField(source="trial.enrolment.reader.pseudonym")
    position = serializers.IntegerField(source="trial.position")
    task = serializers.CharField(source="trial.task")
    case = serializers.CharField(source="trial.case.slug")
    arm = serializers.CharField(source="trial.arm.code")
    is_practice = serializers.BooleanField(source="trial.is_practice")

    class Meta:
        model = Response
        fields = (
            "id",
            "study",
            "protocol_hash",
            "run_kind",
            "reader",
            "position",
            "task",
            "case",
            "arm",
            "is_practice",
            "step",
            "revision",
            "answers",
            "received_at",
        )


class TrialSerializer(serializers.ModelSerializer[Trial]):
    """What a reader may know of their own trial: nothing of its case, arm or method."""

    study = serializers.CharField(source="enrolment.version.study.slug")
    answered_steps = serializers.SerializerMethodField()

    class Meta:
        model = Trial
        fields = ("token", "study", "position", "task", "state", "is_practice", "answered_steps")

    def get_answered_steps(self, trial: Trial) -> list[str]:
        """The steps that are stored."""
        return sorted({response.step for response in trial.responses.all()})
