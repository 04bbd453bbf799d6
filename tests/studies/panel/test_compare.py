"""Two versions side by side: what changed, from what to what."""

from __future__ import annotations

import pytest
from django.test import Client

from portal.accounts.models import User
from studies.services.design import new_version
from tests.studies.panel.conftest import address
from tests.studies.ward import Ward

pytestmark = pytest.mark.django_db


def test_settings_that_changed_stand_beside_each_other(panel: Client, ward: Ward, researcher: User) -> None:
    source = ward.study.versions.get().source.replace("planned: 6", "planned: 9")
    new_version(study=ward.study, source=source, reason="More readers", actor=researcher)
    page = panel.get(address(ward, "compare/"))
    (changed,) = page.context["changes"]
    assert (changed.path, changed.was, changed.now) == ("readers.planned", "6", "9")
    assert "<pre>6</pre>" in page.content.decode()
    turned = panel.get(address(ward, "compare/?old=2&new=1")).context["changes"]
    assert [(each.was, each.now) for each in turned] == [("9", "6")]
    assert "They say the same." in panel.get(address(ward, "compare/?old=1&new=1")).content.decode()
    assert "Compare versions" in panel.get(address(ward)).content.decode()


def test_one_version_has_nothing_beside_it(panel: Client, ward: Ward) -> None:
    assert "There is one version only." in panel.get(address(ward, "compare/")).content.decode()


@pytest.mark.parametrize("query", ["?old=7", "?new=x"])
def test_an_unknown_version_is_not_there(panel: Client, ward: Ward, researcher: User, query: str) -> None:
    source = ward.study.versions.get().source.replace("planned: 6", "planned: 9")
    new_version(study=ward.study, source=source, reason="Again", actor=researcher)
    assert panel.get(address(ward, f"compare/{query}")).status_code == 404
