"""Event batches go with the answers of a reader who wants them erased."""

from django.db import migrations

from portal.audit.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("studies", "0008_stimuli_of_a_trial")]
    operations = [append_only("studies_eventbatch", erasable=True, again=True)]
