"""Answers are only ever added."""

from django.db import migrations

from portal.audit.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("studies", "0001_initial")]
    operations = [append_only("studies_response")]
