"""The page behind an invitation's link; only its button uses the invitation up."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.accounts.models import User
from portal.accounts.services import AccountError, create_reader_account, open_account
from studies.errors import StudyError
from studies.forms import AcceptForm
from studies.models import Invitation, RunKind
from studies.services.invite import (
    SpentInvitation,
    UnknownInvitation,
    accept_invitation,
    check_open,
    find_invitation,
)

BACKEND = "django.contrib.auth.backends.ModelBackend"


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show what one is invited to, in the invitation's language where the browser has none yet; enrol on POST."""
    try:
        found = find_invitation(token)
        check_open(found)
    except UnknownInvitation as error:
        return _refusal(request, str(error), 404)
    except SpentInvitation as error:
        return _refusal(request, str(error), 410)
    if not found.language or settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return _shown(request, token, found)
    translation.activate(found.language)
    response = _shown(request, token, found)
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, found.language, samesite="Lax")
    return response


def _shown(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    form = AcceptForm(request.POST or None, initial={"email": found.email})
    if request.method == "POST":
        answer = _accept(request, token, found, form)
        if answer is not None:
            return answer
    return render(request, "studies/invitation.html", {"invitation": found, "study": found.study, "form": form})


def _accept(request: HttpRequest, token: str, found: Invitation, form: AcceptForm) -> HttpResponse | None:
    """Enrol the person and go on to consent; None where the form has to be shown again."""
    try:
        user = _person(request, found, form)
        if user is None:
            return None
        enrolment = accept_invitation(token=token, user=user)
    except AccountError as error:
        form.add_error("password", str(error))
        return None
    except SpentInvitation as error:
        return _refusal(request, str(error), 410)
    except StudyError as error:
        return _refusal(request, str(error), 409)
    if not (request.user.is_authenticated and request.user.pk == user.pk):
        login(request, user, backend=BACKEND)
    return redirect("studies:study", enrolment.pk)


def _person(request: HttpRequest, found: Invitation, form: AcceptForm) -> User | None:
    if isinstance(request.user, User) and "as_me" in request.POST:
        return request.user
    if found.run_kind == RunKind.BOT:
        # A simulated reader: it comes in by this session alone and has no password to guess.
        return create_reader_account(email=f"simulated-{found.pk}@readers.invalid", password=None)
    if not form.is_valid():
        return None
    if getattr(request, "axes_locked_out", False):
        raise PermissionDenied(_("Too many attempts."))
    return open_account(request=request, email=form.cleaned_data["email"], password=form.cleaned_data["password"])


def _refusal(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    return render(request, "studies/refusal.html", {"sentence": sentence}, status=status)
