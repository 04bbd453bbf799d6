"""Who may open what in the panel: a table over every address that the resolver knows.

An address without a line in the table fails, so that no page is added without saying who may see it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from portal.accounts.models import User
from tests.portal.panel.conftest import World

pytestmark = pytest.mark.django_db

#: Name of the address -> (what its argument is, status for a researcher, status for an administrator).
READ = {
    "index": ("", 200, 200),
    "token": ("", 200, 200),
    "login": ("", 302, 302),
    "logout": ("", 405, 405),
    "password_change": ("", 302, 302),
    "password_change_done": ("", 302, 302),
    "jsi18n": ("", 200, 200),
    "autocomplete": ("", 403, 403),
    "view_on_site": ("user", 404, 404),
    "app_list": ("app", 302, 302),
    "catalog_case_changelist": ("", 200, 200),
    "catalog_case_change": ("case", 200, 200),
    "catalog_case_history": ("case", 302, 302),
    "catalog_case_quarantine": ("", 200, 200),
    "catalog_case_together": ("", 302, 302),
    "catalog_case_importing": ("", 200, 200),
    "catalog_case_thumbnail": ("image", 200, 200),
    "catalog_case_truth": ("image", 200, 200),
    "catalog_case_approve": ("case", 405, 405),
    "catalog_case_reject": ("case", 405, 405),
    "catalog_dataset_changelist": ("", 200, 200),
    "catalog_dataset_change": ("dataset", 200, 200),
    "catalog_dataset_history": ("dataset", 302, 302),
    "networks_network_changelist": ("", 200, 200),
    "networks_network_change": ("network", 200, 200),
    "networks_network_history": ("network", 302, 302),
    "networks_network_registering": ("", 200, 200),
    "explanations_run_changelist": ("", 200, 200),
    "explanations_run_change": ("run", 200, 200),
    "explanations_run_history": ("run", 302, 302),
    "explanations_run_new": ("", 200, 200),
    "explanations_run_line": ("run", 200, 200),
    "explanations_run_again": ("run", 405, 405),
    "explanations_run_cancel": ("run", 405, 405),
    "explanations_explanation_changelist": ("", 200, 200),
    "explanations_explanation_change": ("explanation", 200, 200),
    "explanations_explanation_history": ("explanation", 302, 302),
    "explanations_explanation_overlay": ("explanation", 200, 200),
    "jobs_job_changelist": ("", 200, 200),
    "jobs_job_change": ("job", 200, 200),
    "jobs_job_history": ("job", 302, 302),
    "jobs_job_line": ("job", 200, 200),
    "jobs_job_retry": ("job", 405, 405),
    "jobs_job_cancel": ("job", 405, 405),
    "audit_entry_changelist": ("", 200, 200),
    "audit_entry_change": ("entry", 200, 200),
    "audit_entry_history": ("entry", 302, 302),
    "audit_entry_check": ("", 405, 405),
    "parts_part_changelist": ("", 200, 200),
    "parts_part_change": ("part", 200, 200),
    "parts_part_history": ("part", 302, 302),
    "accounts_user_changelist": ("", 403, 200),
    "accounts_user_change": ("user", 403, 200),
    "accounts_user_history": ("user", 403, 302),
    "accounts_user_new": ("", 403, 200),
    "accounts_user_role": ("user", 403, 405),
    "accounts_user_close": ("user", 403, 405),
    "accounts_user_reopen": ("user", 403, 405),
    "accounts_user_password_link": ("user", 403, 405),
}


def portal_names() -> set[str]:
    """Every name under the panel that is not the studies'."""

    def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            elif pattern.name:
                yield pattern.name

    panel = next(each for each in get_resolver().url_patterns if getattr(each, "namespace", "") == "admin")
    return {name for name in walk(panel.url_patterns) if not name.startswith("studies_")}  # type: ignore[union-attr]


def address(name: str, kind: str, world: World, reader: User) -> str:
    if kind == "":
        return reverse(f"admin:{name}")
    if kind == "app":
        return reverse(f"admin:{name}", args=["catalog"])
    if name == "view_on_site":
        return reverse(f"admin:{name}", args=[999999, reader.pk])
    record = reader if kind == "user" else getattr(world, kind)
    return reverse(f"admin:{name}", args=[record.pk])


@pytest.fixture
def addresses(world: World, reader_user: User) -> dict[str, str]:
    """Where each line of the table lies."""
    return {name: address(name, line[0], world, reader_user) for name, line in READ.items()}


def statuses(client: Client, addresses: dict[str, str], method: str = "get") -> dict[str, int]:
    return {name: getattr(client, method)(where).status_code for name, where in addresses.items()}


def enter(client: Client, user: User) -> Client:
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_table_names_every_address() -> None:
    assert portal_names() == set(READ)


def test_the_libraries_own_pages_are_left_out() -> None:
    with pytest.raises(NoReverseMatch):
        reverse("admin:auth_group_changelist")
    with pytest.raises(NoReverseMatch):
        reverse("admin:authtoken_tokenproxy_changelist")


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_is_led_to_the_sign_in(client: Client, addresses: dict[str, str], method: str) -> None:
    open_to_all = {"login", "logout"}  # the first leads to the sign-in as well, the second has nobody to sign out
    for name, where in addresses.items():
        answer = getattr(client, method)(where)
        if name not in open_to_all:
            assert answer.status_code == 302, name
            assert answer["Location"].startswith(reverse("accounts:sign_in")), name


@pytest.mark.parametrize("method", ["get", "post"])
def test_for_a_reader_there_is_no_panel(
    client: Client, addresses: dict[str, str], reader_user: User, method: str
) -> None:
    enter(client, reader_user)
    addresses = {name: where for name, where in addresses.items() if name not in {"login", "logout"}}
    assert set(statuses(client, addresses, method).values()) == {404}


def test_a_researcher_reads_everything_but_people(client: Client, addresses: dict[str, str], researcher: User) -> None:
    enter(client, researcher)
    assert statuses(client, addresses) == {name: line[1] for name, line in READ.items()}


def test_an_administrator_reads_everything(client: Client, addresses: dict[str, str], administrator: User) -> None:
    enter(client, administrator)
    assert statuses(client, addresses) == {name: line[2] for name, line in READ.items()}


def test_a_researcher_whose_account_is_closed_is_nobody(client: Client, researcher: User) -> None:
    enter(client, researcher)
    User.objects.update(is_active=False)
    assert client.get(reverse("admin:index")).status_code == 302


def test_rows_are_not_added_changed_or_deleted_by_stock_forms(
    client: Client, world: World, administrator: User
) -> None:
    enter(client, administrator)
    for page in (f"/admin/catalog/case/{world.case.pk}/delete/", "/admin/catalog/case/add/"):
        assert client.post(page, {"post": "yes"}).status_code == 404 or client.get(page).status_code in {302, 404}
    assert (
        client.post(reverse("admin:catalog_dataset_change", args=[world.dataset.pk]), {"title": "x"}).status_code == 403
    )
    world.dataset.refresh_from_db()
    assert world.dataset.title != "x"
