"""The form of a new run, made from the parts' own schemas."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from portal.catalog.models import Approval, Dataset
from portal.explanations.models import Presentation
from portal.explanations.regions import KINDS
from portal.networks.models import Network
from portal.parts.models import Part
from portal.parts.selectors import METHODS, METRICS, parts

FAMILIES = {"method": METHODS, "metric": METRICS}


@dataclass(frozen=True)
class Choice:
    """One method or metric as the form shows it: its tick, what it is, its parameters."""

    part: Part
    tick: BoundField
    parameters: list[BoundField]

    @property
    def is_open(self) -> bool:
        """A parameter of a ticked part is wrong."""
        return bool(self.tick.value()) and any(field.errors for field in self.parameters)


class ListField(forms.CharField):
    """Values with commas between them; numbers are read as numbers."""

    def prepare_value(self, value: Any) -> Any:
        """A list as it is typed."""
        return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value

    def clean(self, value: Any) -> Any:
        """What was typed as a list."""
        items = [item.strip() for item in str(super().clean(value)).split(",") if item.strip()]
        return [_number_or_text(item) for item in items]


class RunForm(forms.Form):
    """A model, a dataset, the methods and metrics with their parameters, and a seed."""

    network = forms.ModelChoiceField(Network.objects.all(), label="Model", empty_label="Choose a model")
    dataset = forms.ModelChoiceField(
        Dataset.objects.filter(cases__approval=Approval.APPROVED).distinct(),
        label="Dataset",
        empty_label="Choose a dataset",
        help_text="Only datasets with approved cases; the run takes all of those.",
    )
    displayed = forms.MultipleChoiceField(
        choices=[choice for choice in Presentation.choices if choice[0] != Presentation.RAW],
        required=False,
        initial=[Presentation.NATIVE_POSITIVE],
        widget=forms.CheckboxSelectMultiple,
        label="Score maps as readers see them, too",
        help_text="Take the mode and sign of your protocol. All metrics that need no model judge the shown maps, and "
        "one faithfulness metric.",
    )
    region = forms.ChoiceField(
        choices=[(kind, kind.replace("-", " ").capitalize()) for kind in KINDS],
        initial="predicted",
        required=False,
        label="Region of a segmenter",
        help_text="What the maps explain: all that is predicted, its largest component, a band of 2 pixels on either "
        "side of its outline, or where it errs. Classifiers have no regions.",
    )
    seed = forms.IntegerField(
        initial=0, min_value=0, max_value=2**31 - 1, help_text="The same seed gives the same maps, number by number."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered = {noun: _offered(family) for noun, family in FAMILIES.items()}
        for noun, offered in self.offered.items():
            for part in offered:
                self.fields[f"{noun}-{part.name}"] = forms.BooleanField(required=False, label=part.title)
                for schema in part.parameters:
                    self.fields[_parameter_name(noun, part, schema)] = field_of(schema)

    @property
    def methods(self) -> list[Choice]:
        """The methods on offer, those that explain before the controls."""
        return sorted(self._choices("method"), key=lambda choice: bool(choice.part.facts.get("control")))

    @property
    def metrics(self) -> list[Choice]:
        """The metrics on offer."""
        return self._choices("metric")

    def clean(self) -> dict[str, Any]:
        """At least one method; the parameters of parts that are not ticked do not matter."""
        cleaned = super().clean() or {}
        for noun, offered in self.offered.items():
            for part in offered:
                if not cleaned.get(f"{noun}-{part.name}"):
                    for schema in part.parameters:
                        self.errors.pop(_parameter_name(noun, part, schema), None)
        if not self.asked("method"):
            self.add_error(None, "Tick at least one method.")
        return cleaned

    def asked(self, noun: str) -> list[dict[str, Any]]:
        """The ticked parts as `start_run` takes them; only parameters that differ from their default are named."""
        region = {"region": self.cleaned_data.get("region") or "predicted"} if noun == "method" else {}
        return [
            {noun: part.name, "parameters": self._changed(noun, part), **region}
            for part in self.offered[noun]
            if self.cleaned_data.get(f"{noun}-{part.name}")
        ]

    def _changed(self, noun: str, part: Part) -> dict[str, Any]:
        changed = {}
        for schema in part.parameters:
            value = self.cleaned_data.get(_parameter_name(noun, part, schema))
            if value in ("", None, []) and (schema["optional"] or schema["default"] in ("", None, [])):
                value = schema["default"]
            if value != schema["default"]:
                changed[schema["name"]] = value
        return changed

    def _choices(self, noun: str) -> list[Choice]:
        return [
            Choice(
                part,
                self[f"{noun}-{part.name}"],
                [self[_parameter_name(noun, part, schema)] for schema in part.parameters],
            )
            for part in self.offered[noun]
        ]


def field_of(schema: dict[str, Any]) -> forms.Field:
    """The field of one parameter, from its schema (see `foundation.registry.Parameter`)."""
    common: dict[str, Any] = {
        "label": str(schema["name"]).replace("_", " ").capitalize(),
        "initial": schema["default"],
        "help_text": schema["help"],
        "required": not schema["optional"] and schema["default"] not in ("", None, []),
    }
    match schema["kind"]:
        case "flag":
            return forms.BooleanField(**(common | {"required": False}))
        case "integer":
            return forms.IntegerField(**common)
        case "number":
            return forms.FloatField(**common)
        case "choice":
            choices = [(choice, str(choice)) for choice in schema["choices"]]
            return forms.ChoiceField(choices=[("", "default"), *choices] if schema["optional"] else choices, **common)
        case "list":
            return ListField(**common)
        case _:
            return forms.CharField(**common)


def _offered(family: str) -> list[Part]:
    return list(parts(family))


def _parameter_name(noun: str, part: Part, schema: dict[str, Any]) -> str:
    return f"{noun}-{part.name}-{schema['name']}"


def _number_or_text(item: str) -> Any:
    try:
        value = json.loads(item)
    except ValueError:
        return item
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else item
