"""One's own token for the REST interface: made, shown once, revoked."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from rest_framework.authtoken.models import Token

from portal.accounts.models import User
from portal.audit.services import record
from portal.panel.admins import actor_of

TEMPLATE = "portal/panel/token.html"


@transaction.atomic
def renew_token(*, user: User) -> str:
    """A new token in place of the old one, which stops working; its text is known only now."""
    Token.objects.filter(user=user).delete()
    made = Token.objects.create(user=user)
    record(actor=user, action="token.made", subject=user)
    return str(made.key)


@transaction.atomic
def revoke_token(*, user: User) -> bool:
    """Take the token away; False where there was none."""
    gone, _ = Token.objects.filter(user=user).delete()
    if gone:
        record(actor=user, action="token.revoked", subject=user)
    return bool(gone)


def token(request: HttpRequest) -> HttpResponse:
    """The page: whether there is a token, a new one shown once, the button that revokes it."""
    user = actor_of(request)
    if request.method not in {"GET", "HEAD", "POST"}:
        return HttpResponseNotAllowed(["GET", "POST"])
    fresh = ""
    if request.method == "POST" and request.POST.get("do") == "revoke":
        revoke_token(user=user)
        messages.success(request, "The token no longer works.")
        return redirect("admin:token")
    if request.method == "POST":
        fresh = renew_token(user=user)
    there = Token.objects.filter(user=user).first()
    context = admin.site.each_context(request) | {"title": "API token", "token": there, "fresh": fresh}
    return TemplateResponse(request, TEMPLATE, context)
