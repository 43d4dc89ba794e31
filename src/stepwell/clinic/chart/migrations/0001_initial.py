from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

from stepwell.clinic.events.triggers import append_only


class Migration(migrations.Migration):
    initial = True

    dependencies = [("people", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Shown",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("actor", models.CharField(max_length=80)),
                ("digest", models.CharField(max_length=64)),
                ("content", models.JSONField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="shown", to="people.person"
                    ),
                ),
            ],
            options={"ordering": ("-at", "-pk")},
        ),
        append_only("chart_shown"),
    ]
