"""What the commands of `stepwell clinic` do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from stepwell.errors import Problem, QuestionError, SourceError

from . import directory


def init(
    path: Path, *, clinic: str, time_zone: str, username: str, password: str, database: str = "sqlite", address: str
) -> None:
    """Makes a clinic: its directory, keys and tables, and the first administrator."""
    from zoneinfo import available_timezones

    if time_zone not in available_timezones():
        problem = Problem("--time-zone", f"{time_zone!r} is no time zone", "a name such as America/Chicago")
        raise QuestionError("The clinic was not made.", [problem])
    directory.create(path, address=address, database=database)
    directory.use(path)
    migrate()
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError
    from django.db import transaction

    from stepwell.clinic import events
    from stepwell.clinic.access.actors import actor_of_user
    from stepwell.clinic.access.models import Clinic, User
    from stepwell.clinic.access.policy import Role

    with transaction.atomic():
        made = Clinic.objects.create(name=clinic, time_zone=time_zone)
        user = User(username=username, clinic=made, role=Role.ADMINISTRATOR)
        try:
            user.username = User._meta.get_field("username").clean(username, user)
            validate_password(password, user)
        except ValidationError as error:
            problems = [Problem("the administrator", text, "", "run the command again") for text in error.messages]
            raise QuestionError("The clinic has no administrator yet.", problems) from None
        user.set_password(password)
        user.save()
        events.record(actor_of_user(user), "clinic made")


def backup(path: Path, file: Path) -> dict[str, int]:
    """Backs the clinic up into one file, while it runs or not. Returns the number of rows of each table."""
    opened(path)
    from .exchange.backup import backup as write

    return write(file)


def restore(file: Path, path: Path, *, database: str = "sqlite", address: str) -> dict[str, int]:
    """Makes a clinic in a new directory from a backup. Returns the number of rows of each table."""
    was_there = path.exists()
    directory.create(path, address=address, database=database)
    try:
        directory.use(path)
        migrate()
        from .exchange.backup import check
        from .exchange.backup import restore as read

        return read(file, check(file))
    except BaseException:
        from django.db import connections

        connections.close_all()
        for made in path.iterdir():
            made.unlink()
        if not was_there:
            path.rmdir()
        raise


def export(path: Path, out: Path, *, therapy_notes: bool = False) -> dict[str, int]:
    """Takes everything out into a new folder. Returns how many people, lines and verdicts there are, and how many differ."""
    opened(path)
    from .exchange.export import export as write

    return write(out, therapy_notes=therapy_notes)


def demo(path: Path, *, progress: Callable[[str, int, int], None]) -> dict[str, str]:
    """Makes the demo clinic, unless it is there. Returns the names and passwords of its staff."""
    from stepwell.clinic.directory import SETTINGS_FILE

    is_new = not (path / SETTINGS_FILE).exists()
    if is_new:
        directory.create(path, address="http://127.0.0.1:8000", demo=True)
    used = opened(path)
    if not used.demo:
        problem = Problem(str(path), "a real clinic", "a new folder, or an earlier demo", "name another folder")
        raise QuestionError("This is not the demo.", [problem])
    from .exchange import demo as simulated

    if is_new:
        simulated.fill(path, progress)
    elif not (path / simulated.STAFF_FILE).exists():
        problem = Problem(str(path), "a demo that was not finished", "", "delete the folder, or name another one")
        raise QuestionError("The demo cannot be shown.", [problem])
    return simulated.passwords(path)


def verify(path: Path) -> int:
    """Verifies the event log. Returns how many events it has; raises where one is not as it was written."""
    opened(path)
    from stepwell.clinic import events
    from stepwell.clinic.events.models import Event
    from stepwell.clinic.events.triggers import unprotected

    problems = [Problem("event log", text, "", "restore a backup from before") for text in events.verify_chain()]
    problems += [Problem(table, "its triggers are missing", "an append-only table") for table in unprotected()]
    if problems:
        raise SourceError("The event log is not as it was written.", problems)
    return Event.objects.count()


def opened(path: Path) -> directory.Directory:
    """The clinic of a directory, with the tables of this version; for commands beside the server."""
    used = directory.use(path)
    migrate()
    return used


def migrate() -> None:
    """Brings the tables to what this version needs."""
    from django.core.management import call_command
    from django.db import OperationalError, connection

    try:
        call_command("migrate", interactive=False, verbosity=0)
    except OperationalError:
        remedy = "start the database, or correct `database` in clinic.toml"
        raise QuestionError("The database cannot be reached.", [Problem("database", "no answer", "", remedy)]) from None
    if connection.vendor == "sqlite":
        Path(connection.settings_dict["NAME"]).chmod(0o600)


def run(
    path: Path,
    *,
    host: str,
    port: int,
    sends: bool = True,
    first: Callable[[], None] = lambda: None,
    then: Callable[[str], None] = lambda address: None,
) -> None:
    """Serves the clinic until it is stopped. Refuses to start where a page has no policy or the event log is not protected.

    `sends`: whether a thread beside the pages asks questionnaires and sends messages. A clinic that forgets a second program
    would ask nobody; where `send` runs too, no message is sent twice.
    `first` is called before the rules are loaded, which takes about a minute after an installation; `then` with the address
    when browsers can come."""
    used = directory.use(path)
    from django.core.checks import run_checks

    wrong = [Problem(str(check.id), check.msg) for check in run_checks() if check.level >= 40]
    if wrong:
        raise QuestionError("The clinic does not start.", wrong)
    migrate()
    from stepwell.clinic.events.triggers import unprotected

    if tables := unprotected():
        problems = [Problem(table, "its triggers are missing", "an append-only table") for table in tables]
        raise QuestionError("The clinic does not start: history could be changed.", problems)
    from .chart.judging import warm_up
    from .measures import library

    library.questionnaires()  # a wrong file of the clinic's is told now
    first()
    warm_up()
    with _sending() if sends else nullcontext():
        serve(used, host, port, then)


@contextmanager
def _sending() -> Iterator[None]:
    """The worker of messages in a thread, until the end of the block."""
    import threading

    from .measures.worker import run_until

    stop = threading.Event()
    worker = threading.Thread(target=run_until, args=(stop,), name="messages", daemon=True)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(5)


def send(path: Path, *, once: bool, told: Callable[[dict[str, int]], None]) -> None:
    """Asks the questionnaires that are due and sends what waits: once, or every minute until it is stopped."""
    import threading

    opened(path)
    from .measures import library, worker

    library.questionnaires()
    if once:
        told(worker.tick())
    else:
        worker.run_until(threading.Event(), told)


def serve(used: directory.Directory, host: str, port: int, then: Callable[[str], None]) -> None:
    """Waitress serves: plain Python on every system, one process with threads, which is what one SQLite file wants."""
    import waitress
    from django.core.wsgi import get_wsgi_application

    proxy = {}
    if used.trusted_proxy:
        headers = {"x-forwarded-proto", "x-forwarded-for", "x-forwarded-host"}
        proxy = {"trusted_proxy": used.trusted_proxy, "trusted_proxy_headers": headers}
        proxy["clear_untrusted_proxy_headers"] = True
    server = waitress.create_server(
        get_wsgi_application(), host=host, port=port, threads=8, ident="", max_request_body_size=128 * 2**20, **proxy
    )
    then(used.address if used.trusted_proxy else f"http://{host}:{server.effective_port}")
    server.run()
