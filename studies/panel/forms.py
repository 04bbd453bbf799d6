"""The panel's forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator
from django.db.models import Count

from portal.catalog.models import Approval, Dataset, ReferenceStandard
from portal.explanations.models import Explanation
from portal.networks.models import Network
from studies.models import ProtocolVersion, Response, RunKind, Study
from studies.panel.invitees import LONGEST_NOTE, Invitee, WrongList, read_file, read_lines
from studies.panel.pages import COUNTED
from studies.panel.writing import Methods, methods_of
from studies.protocol.schema import SLUG
from studies.services.invite import MOST_DAYS
from studies.services.oversee import LONGEST_REASON
from studies.world import known_methods

MOST_INVITATIONS = 200
LARGEST_LIST = 256 * 1024
LANGUAGES = {"en": "English", "de": "German"}
TASKS = ("diagnosis", "usefulness", "preference")
slug_rule = RegexValidator(rf"^{SLUG}$", "Use small letters, digits and single hyphens, for example chest-maps.")


class Source(forms.CharField):
    """YAML, kept to the letter."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            label="Protocol",
            strip=False,
            max_length=256 * 1024,
            widget=forms.Textarea(
                attrs={
                    "data-part": "source",
                    "spellcheck": "false",
                    "wrap": "off",
                    "autocapitalize": "off",
                    "autocomplete": "off",
                }
            ),
            error_messages={"required": "This protocol is empty."},
            **options,
        )

    def clean(self, value: Any) -> Any:
        """Browsers send line ends as CR LF; lines are counted by LF."""
        return super().clean(value.replace("\r\n", "\n") if isinstance(value, str) else value)


class EditorForm(forms.Form):
    """The text of a protocol, and the hash of the draft that it was taken from."""

    source = Source()
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    @property
    def data_source(self) -> str:
        """The text as it was typed, or as the editor opened with it."""
        typed = self.data.get("source") if self.is_bound else self.initial.get("source", "")
        return str(typed or "").replace("\r\n", "\n")


class AmendForm(EditorForm):
    """The text of a further version, and why there is one."""

    reason = forms.CharField(
        label="Why is there a new version?",
        max_length=300,
        help_text="Stands in the report as an amendment.",
        widget=forms.TextInput,
    )


class CloneForm(forms.Form):
    """A new name for the same protocol."""

    title = forms.CharField(max_length=200)
    slug = forms.CharField(label="Short name", max_length=64, validators=[slug_rule])

    def clean_slug(self) -> str:
        """Each study has a name of its own."""
        return free_slug(self.cleaned_data["slug"])


class NewProtocolForm(forms.Form):
    """A protocol without writing YAML."""

    title = forms.CharField(max_length=200, help_text="Readers see it.")
    slug = forms.CharField(
        label="Short name", max_length=64, validators=[slug_rule], help_text="For files and commands: chest-maps."
    )
    question = forms.CharField(
        label="What does the study ask?", max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    dataset = forms.ChoiceField()
    network = forms.ChoiceField(label="Model")
    finding = forms.ChoiceField(help_text="What readers look for; its reference standard judges their answers.")
    methods = forms.MultipleChoiceField(
        label="Explanations",
        widget=forms.CheckboxSelectMultiple,
        help_text="Take at least one control: without it nobody can see whether readers tell a map from nonsense.",
        error_messages={"required": "Choose at least one explanation."},
    )
    diagnosis = forms.BooleanField(
        label="Diagnosis in two steps",
        required=False,
        help_text="Each image is read alone first, then with the AI's call and its map. Controls are left out, the AI "
        "without a map is put in.",
    )
    diagnosis_cases = forms.IntegerField(label="Cases", min_value=1, max_value=1000, initial=12, required=False)
    usefulness = forms.BooleanField(
        label="Usefulness rating",
        required=False,
        initial=True,
        help_text="How much a map covers of what matters, and how much of it lies elsewhere. Cases with the finding.",
    )
    usefulness_cases = forms.IntegerField(label="Cases", min_value=1, max_value=1000, initial=10, required=False)
    preference = forms.BooleanField(
        label="Pairwise preference", required=False, help_text="Two maps side by side, ties allowed."
    )
    preference_cases = forms.IntegerField(label="Cases", min_value=1, max_value=1000, initial=6, required=False)
    practice = forms.BooleanField(
        label="Begin each block with a practice case and feedback", required=False, initial=True
    )
    consent_version = forms.CharField(label="Version of the consent", max_length=32, initial="1")
    contact = forms.CharField(max_length=200, help_text="Whom a reader may ask: name and e-mail address.")
    ethics = forms.CharField(label="Ethics", max_length=200, help_text="The committee's number, or why none is needed.")
    consent_text = forms.CharField(
        label="What readers agree to", max_length=10_000, widget=forms.Textarea(attrs={"rows": 5})
    )
    consent_text_de = forms.CharField(
        label="The same in German (optional)",
        max_length=10_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="With it, readers may choose German.",
    )
    planned = forms.IntegerField(label="Planned readers", min_value=1, max_value=10_000, initial=12)
    session_minutes = forms.IntegerField(label="Minutes until a break", min_value=1, max_value=480, initial=40)
    mode = forms.ChoiceField(
        label="How maps are shown",
        choices=[
            ("native", "Native: each map as it is, on one colour scale"),
            ("harmonised", "Harmonised: smoothed and ranked, so that looks tell less of the method"),
        ],
        widget=forms.RadioSelect,
        initial="native",
    )
    sign = forms.ChoiceField(
        label="Signed maps",
        choices=[
            ("positive", "Show what speaks for the finding"),
            ("absolute", "Show strength, whatever the direction"),
            ("signed", "Show both directions in two colours"),
        ],
        initial="positive",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known: Methods = known_methods()
        self.fields["dataset"].choices = _datasets()  # type: ignore[attr-defined]
        networks = list(Network.objects.values_list("slug", "title"))
        self.fields["network"].choices = networks  # type: ignore[attr-defined]
        findings = sorted(set(ReferenceStandard.objects.order_by().values_list("name", flat=True).distinct()))
        self.fields["finding"].choices = [(name, name) for name in findings] or [("finding", "finding")]  # type: ignore[attr-defined]
        self.fields["methods"].choices = _method_choices(self.known)  # type: ignore[attr-defined]

    def clean_slug(self) -> str:
        """Each study has a name of its own."""
        return free_slug(self.cleaned_data["slug"])

    def clean(self) -> dict[str, Any]:
        """At least one block, each with cases and enough methods."""
        given = super().clean() or {}
        # Browsers send line ends as CR LF; a protocol has LF.
        given = {
            name: value.replace("\r\n", "\n") if isinstance(value, str) else value for name, value in given.items()
        }
        tasks = [task for task in TASKS if given.get(task)]
        if not tasks:
            self.add_error(None, "Choose at least one task for the readers.")
        for task in tasks:
            if not given.get(f"{task}_cases") and f"{task}_cases" not in self.errors:
                self.add_error(f"{task}_cases", "How many cases?")
        chosen = given.get("methods", [])
        if "preference" in tasks and len(chosen) == 1:
            self.add_error("methods", "A comparison needs two explanations.")
        if "diagnosis" in tasks and chosen and len(methods_of("diagnosis", chosen, self.known)) == 1:
            self.add_error("methods", "A diagnosis needs an explanation that is not a control.")
        return given


class InviteForm(forms.Form):
    """One invitation or many: by name, from a file, or without a name."""

    emails = forms.CharField(
        label="E-mail addresses, one a line",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="Leave it empty for links without a name.",
    )
    people = forms.FileField(
        label="Or a CSV file",
        required=False,
        max_length=200,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text="Its first line names the columns: email, and where you like note and language. "
        "Nothing is made or sent unless every line is right.",
    )
    count = forms.IntegerField(
        label="Links without a name", min_value=1, max_value=MOST_INVITATIONS, initial=1, required=False
    )
    run_kind = forms.ChoiceField(
        label="These readers count as",
        choices=[(RunKind.LIVE, "Live: they count"), (RunKind.PILOT, "Pilot: they try it out and do not count")],
        initial=RunKind.LIVE,
    )
    days = forms.IntegerField(label="Days until the link expires", min_value=1, max_value=MOST_DAYS, initial=14)
    language = forms.ChoiceField(
        required=False, help_text="Of the e-mail and of the first page; a language in the file goes before it."
    )
    note = forms.CharField(
        max_length=LONGEST_NOTE,
        required=False,
        help_text="For you, for example the department. Readers do not see it.",
    )
    send = forms.BooleanField(label="Send the links by e-mail", required=False)

    def __init__(self, languages: Sequence[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.languages = list(languages)
        choices = [("", "The reader's browser decides"), *((code, LANGUAGES.get(code, code)) for code in languages)]
        self.fields["language"].choices = choices  # type: ignore[attr-defined]

    def clean_emails(self) -> list[Invitee]:
        """People in the order of their lines."""
        return _listed(lambda: read_lines(self.cleaned_data["emails"]))

    def clean_people(self) -> list[Invitee]:
        """People in the order of the file's lines."""
        file: UploadedFile | None = self.cleaned_data["people"]
        if file is None:
            return []
        if (file.size or 0) > LARGEST_LIST:
            raise ValidationError(f"This file is larger than {LARGEST_LIST // 1024} kB; it is no list of readers.")
        return _listed(lambda: read_file(file.read(), self.languages))

    def clean(self) -> dict[str, Any]:
        """Somebody to invite, by one way, and addresses where something is to be sent."""
        given = super().clean() or {}
        if {"emails", "people", "count"} & set(self.errors):
            return given
        if given.get("emails") and given.get("people"):
            self.add_error("people", "Give the addresses in the field or in the file, not in both.")
        named = given.get("emails") or given.get("people")
        if not named and not given.get("count"):
            self.add_error("count", "How many links?")
        if given.get("send") and not named:
            self.add_error("send", "There is no address to send to.")
        return given

    @property
    def invitees(self) -> list[Invitee]:
        """Whom to invite, each with the note and the language that hold for them."""
        given = self.cleaned_data
        named = given["emails"] or given["people"] or [Invitee()] * given["count"]
        return [Invitee(each.email, each.note or given["note"], each.language or given["language"]) for each in named]


def _listed(read: Callable[[], list[Invitee]]) -> list[Invitee]:
    try:
        return read()
    except WrongList as error:
        raise ValidationError(error.problems) from None


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(max_length=LONGEST_REASON, widget=forms.TextInput, help_text="Goes on record.")


class ReportForm(forms.Form):
    """Which readers a report counts."""

    kinds = forms.MultipleChoiceField(
        label="Count these readers",
        choices=[(kind.value, kind.label) for kind in COUNTED],
        widget=forms.CheckboxSelectMultiple,
        initial=[RunKind.LIVE],
        error_messages={"required": "Choose at least one kind of readers."},
    )

    def __init__(self, version: ProtocolVersion, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.version = version

    def clean_kinds(self) -> list[str]:
        """Somebody must have answered."""
        kinds: list[str] = self.cleaned_data["kinds"]
        answered = Response.objects.filter(
            trial__enrolment__version=self.version, trial__enrolment__run_kind__in=kinds, trial__is_practice=False
        )
        if not answered.exists():
            raise ValidationError("No reader of this kind has answered yet: there is nothing to report.")
        return kinds


def free_slug(slug: str) -> str:
    """A name that no study has."""
    if Study.objects.filter(slug=slug).exists():
        raise ValidationError(f"There is a study called '{slug}' already.")
    return slug


def _datasets() -> list[tuple[str, str]]:
    counted = Dataset.objects.filter(cases__approval=Approval.APPROVED).annotate(approved=Count("cases"))
    return [(each.slug, f"{each.title} ({each.approved} approved cases)") for each in counted]


def _method_choices(known: Methods) -> list[tuple[str, str]]:
    """Those that have maps first, controls after explanations, each with how many maps there are."""
    counts = dict(
        Explanation.objects.order_by().values("label").annotate(maps=Count("pk")).values_list("label", "maps")
    )
    order = sorted(known, key=lambda label: (known[label].is_control, label not in counts, label))
    return [(label, _described(label, known, counts.get(label, 0))) for label in order]


def _described(label: str, known: Methods, maps: int) -> str:
    facts = known[label]
    words = facts.title or label
    kind = ", control made of the truth" if facts.truth_derived else ", control" if facts.is_control else ""
    return f"{words}{kind} · {f'{maps} maps' if maps else 'no maps yet'}"
