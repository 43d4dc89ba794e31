"""Commands of the clinic app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .app import app, out_console, progress

clinic_app = typer.Typer(
    help="The clinic in a browser: make one, run it, back it up, take everything out, or try the demo.",
    no_args_is_help=True,
)
app.add_typer(clinic_app, name="clinic")
_PACKAGES = ("django", "allauth", "axes", "csp", "fido2", "qrcode", "waitress", "whitenoise", "typst", "pikepdf")
_ADDRESS = "http://127.0.0.1:8000"
DirectoryArg = Annotated[Path, typer.Argument(metavar="DIR", help="The clinic's directory.", show_default=False)]
HostOption = Annotated[str, typer.Option(help="The address of this machine to listen at.")]
PortOption = Annotated[int, typer.Option(help="The port to listen at.", min=0, max=65535)]


def _commands():
    """The functions behind the commands, or one sentence that says what to install."""
    from importlib.util import find_spec

    from stepwell.errors import Problem, QuestionError

    if missing := [name for name in _PACKAGES if find_spec(name) is None]:
        problem = Problem(
            "stepwell clinic", f"not installed: {', '.join(missing)}", "", "pip install 'stepwell[clinic]'"
        )
        raise QuestionError("The clinic needs more packages.", [problem])
    from stepwell.clinic import commands

    return commands


@clinic_app.command("init")
def init(
    directory: DirectoryArg,
    name: Annotated[str, typer.Option(prompt="The clinic's name", help="The clinic's name.")],
    time_zone: Annotated[
        str, typer.Option(prompt="Its time zone", help="The clinic's time zone, such as America/Chicago.")
    ] = "America/New_York",
    administrator: Annotated[
        str, typer.Option(prompt="A name for the first administrator to sign in with", help="The administrator's name.")
    ] = "administrator",
    database: Annotated[
        str, typer.Option(help="sqlite, or postgresql://user:password@host/database.", show_default=True)
    ] = "sqlite",
    address: Annotated[str, typer.Option(help="The address at which browsers reach the clinic.")] = _ADDRESS,
) -> None:
    """Makes a clinic in a new directory: keys, tables and the first administrator."""
    commands = _commands()
    password = typer.prompt(
        "The administrator's password, 12 characters or more", hide_input=True, confirmation_prompt=True
    )
    commands.init(
        directory,
        clinic=name,
        time_zone=time_zone,
        username=administrator,
        password=password,
        database=database,
        address=address,
    )
    _say(f"The clinic is in {directory}. Start it: stepwell clinic run {directory}")
    _say("At the first sign-in the administrator sets up an authenticator app or a passkey.")


@clinic_app.command("run")
def run(
    directory: DirectoryArg,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    messages: Annotated[
        bool, typer.Option(help="Whether this process also asks questionnaires and sends messages, every minute.")
    ] = True,
) -> None:
    """Serves the clinic until Ctrl-C."""
    _serve(directory, host, port, messages)


@clinic_app.command("send")
def send(
    directory: DirectoryArg,
    once: Annotated[bool, typer.Option("--once", help="End after one round, for a timer of the system.")] = False,
) -> None:
    """Asks the questionnaires that are due and sends what waits, every minute, until Ctrl-C."""

    def told(counts: dict[str, int]) -> None:
        if once or any(counts.values()):
            _say(", ".join(f"{n} {what}" for what, n in counts.items()))

    _commands().send(directory, once=once, told=told)


@clinic_app.command("backup")
def backup(
    directory: DirectoryArg,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.", show_default=False)],
) -> None:
    """Backs the clinic up into one file, while it runs. Not encrypted: keep it where records may be kept."""
    counts = _commands().backup(directory, file)
    _say(f"{sum(counts.values()):,} rows of {len(counts)} tables are in {file}. Keep it on another machine.")


@clinic_app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `backup` wrote.", show_default=False)],
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.", show_default=False)],
    database: Annotated[str, typer.Option(help="sqlite, or an empty PostgreSQL database.")] = "sqlite",
    address: Annotated[str, typer.Option(help="The address at which browsers reach the clinic.")] = _ADDRESS,
) -> None:
    """Makes a clinic from a backup, and verifies its event log."""
    counts = _commands().restore(file, directory, database=database, address=address)
    _say(f"{sum(counts.values()):,} rows of {len(counts)} tables were restored; the event log is whole.")
    _say(f"Start it: stepwell clinic run {directory}")


@clinic_app.command("export")
def export(
    directory: DirectoryArg,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder.", show_default=False)],
    therapy_notes: Annotated[
        bool, typer.Option("--therapy-notes", help="With therapists' notes, which are left out otherwise.")
    ] = False,
) -> None:
    """Takes everything out: a CSV folder and FHIR that `stepwell run` reads, every version of every line, every table."""
    told = _commands().export(directory, out, therapy_notes=therapy_notes)
    if not therapy_notes:
        _say("Therapists' notes are left out; add --therapy-notes where the patients agreed.")
    _say(f"{told['people']:,} people and {told['lines']:,} versions of lines are in {out}.")
    _say(
        f"{told['differ']:,} of {told['verdicts']:,} verdicts differ when the folder is run; {out}/README.txt says why."
    )
    _say(f"Run it: stepwell run {out}/csv --out RESULT")


@clinic_app.command("demo")
def demo(
    directory: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where the demo is made, or was made before.")
    ] = Path("clinic-demo"),
    port: PortOption = 8000,
) -> None:
    """A simulated clinic on this machine: 60 people and staff of each role. Never for real patients."""
    commands = _commands()
    with progress() as show:
        staff = commands.demo(directory, progress=show)
    _say("A simulated clinic. Nobody in it exists. Sign-in asks for no second factor here: never enter a real patient.")
    for name, password in staff.items():
        _say(f"  {name:14} password {password}")
    _serve(directory, "127.0.0.1", port, sends=True)


@clinic_app.command("verify")
def verify(directory: DirectoryArg) -> None:
    """Verifies that no event of the log was changed or removed."""
    n = _commands().verify(directory)
    _say(f"{n:,} events: every one is as it was written, and none is missing.")


def _serve(directory: Path, host: str, port: int, sends: bool) -> None:
    _commands().run(
        directory,
        host=host,
        port=port,
        sends=sends,
        first=lambda: _say("Loading the rules; after an installation this takes about a minute."),
        then=lambda at: _say(f"The clinic is open at {at}. Ctrl-C ends it."),
    )


def _say(text: str) -> None:
    out_console.print(text, markup=False, highlight=False, soft_wrap=True)
