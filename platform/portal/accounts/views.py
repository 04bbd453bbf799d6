"""Signing in and out, and forgotten passwords: Django's own views with our forms and templates."""

from __future__ import annotations

from django.contrib.auth import views
from django.urls import reverse_lazy

from portal.accounts.forms import PasswordResetForm, SetPasswordForm, SignInForm


class SignIn(views.LoginView):
    """Address and password, then home or to the page that asked."""

    template_name = "portal/accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


class SignOut(views.LogoutView):
    """By POST alone, so that no link can sign a person out."""


class PasswordReset(views.PasswordResetView):
    """Asks for the address and sends a link."""

    template_name = "portal/accounts/password_reset.html"
    email_template_name = "portal/accounts/password_reset_email.txt"
    subject_template_name = "portal/accounts/password_reset_subject.txt"
    form_class = PasswordResetForm
    success_url = reverse_lazy("accounts:password_reset_sent")


class PasswordResetSent(views.PasswordResetDoneView):
    """Says that a link is on its way, if there is such an account."""

    template_name = "portal/accounts/password_reset_sent.html"


class NewPassword(views.PasswordResetConfirmView):
    """The page behind the link: a new password."""

    template_name = "portal/accounts/new_password.html"
    form_class = SetPasswordForm
    success_url = reverse_lazy("accounts:password_changed")


class PasswordChanged(views.PasswordResetCompleteView):
    """Says that the new password holds."""

    template_name = "portal/accounts/password_changed.html"
