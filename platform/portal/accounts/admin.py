"""People in the panel, for administrators: accounts, roles, closing, a link to choose a password."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.accounts.models import Role, User
from portal.panel.admins import AdministratorsOnly, actor_of, attempt
from portal.panel.people import change_role, close_account, create_person, reopen_account, send_password_link


class PersonForm(forms.Form):
    """Address and role of a new account."""

    email = forms.EmailField(label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(
        choices=Role.choices,
        initial=Role.READER,
        help_text="Readers take studies, researchers run them, administrators also manage people.",
    )


class RoleForm(forms.Form):
    """Another role."""

    role = forms.ChoiceField(choices=Role.choices)


@admin.register(User)
class UserAdmin(AdministratorsOnly):
    """Accounts; never a password, nor its hash."""

    nav_group, nav_title, nav_order = "House", "People", 70
    intro = "Accounts of readers, researchers and administrators. What a reader answered is kept under a pseudonym."
    list_display = ("email", "role", "shown_state", "last_login", "date_joined")
    list_filter = ("role", "is_active")
    search_fields = ("email",)
    change_list_template = "portal/panel/person_list.html"

    def own_pages(self) -> list[URLPattern]:
        """The form of a new account, the page of a person, and its buttons."""
        return [
            self.page("new/", self.new, "new", methods=("GET", "POST")),
            self.page("<int:pk>/change/", self.person, "change"),
            self.page("<int:pk>/role/", self.role, "role", methods=("POST",)),
            self.page("<int:pk>/close/", self.close, "close", methods=("POST",)),
            self.page("<int:pk>/reopen/", self.reopen, "reopen", methods=("POST",)),
            self.page("<int:pk>/password-link/", self.password_link, "password_link", methods=("POST",)),
        ]

    def new(self, request: HttpRequest) -> HttpResponse:
        """Make an account and send its owner the link."""
        form = PersonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            made: list[User] = []

            def make() -> None:
                made.append(create_person(actor=actor_of(request), **form.cleaned_data))
                self._send(request, made[0])

            if attempt(request, make, "The account is made, and its owner has a link to choose a password."):
                return redirect(self.url("change", made[0].pk))
        return self.show(request, "portal/panel/person_new.html", "New account", form=form)

    def person(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One account."""
        person = self.found(pk)
        form = RoleForm(initial={"role": person.role})
        return self.show(request, "portal/panel/person.html", person.email, person=person, form=form)

    def role(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change the role."""
        person, form = self.found(pk), RoleForm(request.POST)
        if form.is_valid():
            chosen = form.cleaned_data["role"]
            said = f"{person.email} is now {Role(chosen).label.lower()}."
            attempt(request, lambda: change_role(user=person, role=chosen, actor=actor_of(request)), said)
        return redirect(self.url("change", pk))

    def close(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Shut a person out."""
        person = self.found(pk)
        attempt(request, lambda: close_account(user=person, actor=actor_of(request)), "The account is closed.")
        return redirect(self.url("change", pk))

    def reopen(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let a person in again."""
        person = self.found(pk)
        attempt(request, lambda: reopen_account(user=person, actor=actor_of(request)), "The account is open again.")
        return redirect(self.url("change", pk))

    def password_link(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send the link."""
        person = self.found(pk)
        attempt(request, lambda: self._send(request, person), f"A link is on its way to {person.email}.")
        return redirect(self.url("change", pk))

    def _send(self, request: HttpRequest, person: User) -> None:
        site, secure = request.get_host(), request.is_secure()
        send_password_link(user=person, actor=actor_of(request), site=site, secure=secure)

    @admin.display(description="account", ordering="is_active")
    def shown_state(self, person: User) -> SafeString:
        """Open or closed."""
        state, said = ("done", "Open") if person.is_active else ("cancelled", "Closed")
        return format_html('<span class="state {}">{}</span>', state, said)
