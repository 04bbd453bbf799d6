"""The forms of the reading room's pages that are not trials."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from studies.services.run import LONGEST_DEBRIEF


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


class DebriefForm(forms.Form):
    """What a reader may add at the end, in their own words."""

    text = forms.CharField(
        label=_("Is there anything we should know? (optional)"),
        max_length=LONGEST_DEBRIEF,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Please name no patients and no colleagues."),
    )
