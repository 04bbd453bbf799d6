"""The forms of the reading room's pages that are not trials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from studies.questionnaires.items import LONGEST_TEXT

WITHDRAWAL_WORDS = {
    "keep": _("Keep them without my name: they go on counting in this study."),
    "delete": _("Erase them: nothing that I have answered is kept."),
}


class AcceptForm(forms.Form):
    """Come in by an invitation: with a new account, or with the one there is."""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text=_("New here? Choose one of at least 10 characters. If you have an account, use its password."),
    )


class ConsentForm(forms.Form):
    """A tick, and the hash of the text beside it."""

    agree = forms.BooleanField(
        label=_("I have read this and want to take part."),
        error_messages={"required": _("Tick the box to take part. Without it nothing is shown or stored.")},
    )
    text = forms.CharField(widget=forms.HiddenInput)


class RemarkForm(forms.Form):
    """What a reader may add at the end, in their own words."""

    text = forms.CharField(
        label=_("Is there anything we should know? (optional)"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Please name no patients and no colleagues."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)


class LeaveForm(forms.Form):
    """What is to become of the answers given so far."""

    answers = forms.ChoiceField(
        label=_("What shall become of the answers you have given?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose what shall become of your answers.")},
    )

    def __init__(self, *args: Any, choices: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.ChoiceField, self.fields["answers"])
        field.choices = [(choice, WITHDRAWAL_WORDS[choice]) for choice in choices]
