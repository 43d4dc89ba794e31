"""Commands for a live FHIR server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import app, err_console, out_console, progress

fhir_app = typer.Typer(
    help="A live FHIR server: fetch its records into a folder, print the public key that its administrator needs.",
    no_args_is_help=True,
)
app.add_typer(fhir_app, name="fhir")
_KEY_HELP = "The client's private key: PEM or JWK, P-384 or RSA."


@fhir_app.command("fetch")
def fetch(
    base: Annotated[
        str,
        typer.Argument(metavar="BASE_URL", help="The server's FHIR base URL, https://host/path.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="A new folder. The same command continues an unfinished one.")],
    client: Annotated[
        str | None, typer.Option(help="The client's id, as the administrator registered it.", show_default=False)
    ] = None,
    key: Annotated[Path | None, typer.Option(help=_KEY_HELP, show_default=False)] = None,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Do not sign in: for an open test server.")] = False,
    types: Annotated[
        str | None,
        typer.Option(
            help="The types of resources, with commas: Patient,Condition.",
            show_default="every type that stepwell reads",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only what changed since then: 2026-01-31T00:00:00Z.", show_default="everything"),
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="The id of a Group: only its patients.", show_default="all patients")
    ] = None,
    patients: Annotated[
        Path | None,
        typer.Option(help="A text file with one patient id per line: only these, one by one.", show_default=False),
    ] = None,
    one_by_one: Annotated[
        bool, typer.Option("--one-by-one", help="Search patient by patient, without trying the bulk export.")
    ] = False,
    scope: Annotated[
        str | None,
        typer.Option(
            help="The scope to ask for.", show_default="system/*.rs, or system/*.read where only that is known"
        ),
    ] = None,
) -> None:
    """Fetches the records of a live FHIR server into a folder of NDJSON files: bulk export, else patient by patient."""
    from stepwell.errors import Problem, QuestionError
    from stepwell.fetch import Request
    from stepwell.fetch import fetch as fetch_records
    from stepwell.fetch.job import TYPES

    if no_auth == (client is not None or key is not None):
        found = (
            "both a client and --no-auth were given"
            if no_auth
            else "neither a client with its key nor --no-auth was given"
        )
        problem = Problem("--client and --key, or --no-auth", found, "one of the two")
        raise QuestionError("Nothing was fetched.", [problem])
    asked = tuple(dict.fromkeys(filter(None, map(str.strip, types.split(","))))) if types is not None else TYPES
    request = Request(base, client, key, asked, since, group, patients, one_by_one, scope)
    with progress() as report_progress:
        done = fetch_records(request, out, progress=report_progress)
    if done.was_there:
        _say(f"{done.folder} is there already: the same command fetched it. Name another folder to fetch anew.")
    _say(f"Fetched by {done.how}:" if done.how == "bulk export" else "Fetched patient by patient:")
    for kind, n in done.counts.items():
        _say(f"  {kind}: {n:,}")
    for note in done.notes:
        err_console.print(f"- {note}", markup=False, highlight=False, soft_wrap=True)
    _say(f"What can be answered from them: stepwell check {out}")


@fhir_app.command("jwks")
def jwks(key: Annotated[Path, typer.Option(help=_KEY_HELP, show_default=False)]) -> None:
    """Prints the public key set (JWK set) of a private key, to publish or to send to the server's administrator."""
    from stepwell.fetch import public_key_set
    from stepwell.text import json_text

    print(json_text(public_key_set(key)))


def _say(text: str) -> None:
    out_console.print(text, markup=False, highlight=False, soft_wrap=True)
