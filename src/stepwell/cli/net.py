"""Every way in which a command may end: one message and a documented exit code, never a traceback and never a patient's value."""

from __future__ import annotations

import errno
import os
import re
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.markup import escape

import stepwell
from stepwell.errors import InternalError, Problem, SourceError, StepwellError, UnfinishedError, without_passwords

STOPPED = 130
_PATIENCE = 15
"""Seconds after Ctrl-C in which a command ends by itself."""
_EVERY = 0.2
"""Seconds between two interrupts of the database: it forgets one that arrives just before a query begins."""
# Newer versions of Typer bring a copy of Click, older ones need the package.
_WRONG_USE = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
_SPOILT = re.compile(r"thrift|snappy|zstd|gzip|decompress|corrupt|TProtocol|page header|out of buffer", re.IGNORECASE)
_PACKAGE = Path(stepwell.__file__).parent
_stopped = threading.Event()
_sockets: list[socket.socket] = []


def listen_for_interrupts() -> None:
    """Notes that the user pressed Ctrl-C, and stops the database at once, which turns that into an error of its own."""
    _stopped.clear()
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    signal.signal(signal.SIGINT, _interrupted)
    # Python's own handler waits until the database gives the main thread back; this byte arrives at once.
    arrived, sent = socket.socketpair()
    sent.setblocking(False)
    signal.set_wakeup_fd(sent.fileno(), warn_on_full_buffer=False)
    _sockets[:] = [arrived, sent]
    threading.Thread(target=_watch, args=(arrived,), daemon=True).start()


def _watch(arrived: socket.socket) -> None:
    while number := arrived.recv(1):
        if number[0] == signal.SIGINT:
            _stopped.set()
            for _ in range(round(_PATIENCE / _EVERY)):
                if "stepwell.engines" in sys.modules:
                    sys.modules["stepwell.engines"].interrupt_queries()
                time.sleep(_EVERY)
            # A thread of the database may go on for hours all the same. What is left then is what a kill leaves: the same
            # command continues there.
            os.write(2, b"Stopped.\n")
            os._exit(STOPPED)


def was_stopped() -> bool:
    """Whether the user pressed Ctrl-C."""
    return _stopped.is_set()


def _interrupted(number, frame) -> None:
    _stopped.set()
    signal.default_int_handler(number, frame)


@contextmanager
def net(console) -> Iterator[None]:
    """Turns whatever ends a command into a message on `console` and an exit code."""
    try:
        yield
        sys.stdout.flush()
    except (_WRONG_USE, typer.Exit, typer.Abort, BrokenPipeError) as error:
        if was_stopped():
            raise typer.Exit(STOPPED) from None
        if isinstance(error, _WRONG_USE):
            error.message = without_passwords(error.message)
        raise
    except KeyboardInterrupt:
        _say_stopped(console, ())
    except StepwellError as error:
        if was_stopped():
            _say_stopped(console, error.problems if isinstance(error, UnfinishedError) else ())
        _say(console, error)
    except Exception as error:
        if was_stopped():
            _say_stopped(console, ())
        _say(console, _in_our_words(error))


def _say(console, error: StepwellError) -> None:
    console.print(f"[bold red]{escape(error.title)}[/bold red]")
    for problem in error.problems:
        console.print(f"- {problem}", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(error.exit_code) from None


def _say_stopped(console, kept: tuple[Problem, ...]) -> None:
    console.print("Stopped. Nothing half-written is left." if not kept else "Stopped.")
    for problem in kept:
        console.print(f"- {problem}", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(STOPPED) from None


def _in_our_words(error: Exception) -> StepwellError:
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        problem = Problem("writing", error.strerror or "no room", "room to write to", "make room, or write elsewhere")
        return UnfinishedError("The output could not be written.", [problem])
    if isinstance(error, MemoryError):
        problem = Problem("memory", "there was not enough of it", "more memory", "ask for less at a time")
        return UnfinishedError("The memory was not enough.", [problem])
    if _is_spoilt_file(error):
        found = f"a Parquet file holds what cannot be read ({type(error).__name__})"
        problem = Problem("reading", found, "whole files", "take a whole copy of the files, or run the records again")
        return SourceError("A table is damaged.", [problem])
    # The words of an unknown error may quote a record, so only its type and its place are told.
    kind = f"{type(error).__module__}.{type(error).__name__}".removeprefix("builtins.")
    remedy = "please report it with this line: it holds nothing of your records"
    problem = Problem(_place(error), kind, "no such error", remedy)
    return InternalError("stepwell itself is at fault.", [problem])


def _is_spoilt_file(error: Exception) -> bool:
    """Whether a page within a Parquet file cannot be read. The ends of files are looked at beforehand."""
    import duckdb
    import pyarrow as pa

    # DuckDB gives what its reader of pages says no type of its own.
    is_reading = isinstance(error, duckdb.IOException | duckdb.InvalidInputException | pa.ArrowException | OSError)
    return type(error) is duckdb.Error or (is_reading and _SPOILT.search(str(error)) is not None)


def _place(error: Exception) -> str:
    """The line of stepwell in which it happened."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(_PACKAGE):
            return f"{file.relative_to(_PACKAGE.parent)}, line {frame.lineno}"
    return "stepwell"
