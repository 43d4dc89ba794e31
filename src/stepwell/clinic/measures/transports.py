"""The ways by which a message leaves: a folder, SMTP, a command of the clinic that sends text messages."""

from __future__ import annotations

import json
import os
import shlex
import smtplib
import subprocess

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from .models import Message

SECONDS = 30
_HOOK_VERSION = 1


class NotSent(Exception):  # noqa: N818
    """The message did not leave; `why` says so without the address and without the link."""

    def __init__(self, why: str):
        self.why = why
        super().__init__(why)


def is_set_up(channel: str) -> bool:
    """Whether clinic.toml says how messages of this channel leave."""
    here = settings.DIRECTORY
    return bool(here.message_folder or (here.smtp_host if channel == "email" else here.sms_command))


def send(channel: str, to: str, text: str, message: Message) -> None:
    """Sends the text. Raises NotSent."""
    if settings.DIRECTORY.message_folder:
        _to_folder(channel, to, text, message)
    elif not is_set_up(channel):
        raise NotSent(
            "e-mail is not set up in clinic.toml"
            if channel == "email"
            else "text messages are not set up in clinic.toml"
        )
    elif channel == "email":
        _by_smtp(to, text, message)
    else:
        _by_command(to, text, message)


def _to_folder(channel: str, to: str, text: str, message: Message) -> None:
    """One JSON file for each message, whole or not there."""
    folder = settings.DIRECTORY.path / settings.DIRECTORY.message_folder
    part = folder / f".{message.pk}.partial"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(_hook_input(channel, to, text, message), out, indent=2)
            out.flush()
            os.fsync(out.fileno())
        part.rename(folder / f"{message.pk}.json")
    except OSError as error:
        raise NotSent(f"the folder of messages cannot be written: {error.strerror}") from None


def _hook_input(channel: str, to: str, text: str, message: Message) -> dict:
    return {"version": _HOOK_VERSION, "id": str(message.pk), "channel": channel, "to": to, "text": text}


def _by_smtp(to: str, text: str, message: Message) -> None:
    here = settings.DIRECTORY
    connection = get_connection(
        "django.core.mail.backends.smtp.EmailBackend",
        host=here.smtp_host,
        port=here.smtp_port,
        username=here.smtp_user,
        password=here.smtp_password,
        use_tls=here.smtp_security == "starttls",
        use_ssl=here.smtp_security == "tls",
        timeout=SECONDS,
    )
    headers = {"Message-ID": f"<{message.pk}@{here.host}>", "Auto-Submitted": "auto-generated"}
    mail = EmailMessage(message.clinic.name, text, here.mail_from, [to], headers=headers, connection=connection)
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused:
        raise NotSent("the mail server refuses this address") from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(f"the mail server did not take it: {type(error).__name__}") from None


def _by_command(to: str, text: str, message: Message) -> None:
    """The clinic's command gets JSON on its standard input; exit code 0 says that the message was taken."""
    given = json.dumps(_hook_input("sms", to, text, message))
    try:
        done = subprocess.run(
            shlex.split(settings.DIRECTORY.sms_command), input=given, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        raise NotSent(f"the command for text messages took longer than {SECONDS} seconds") from None
    except (OSError, ValueError) as error:
        raise NotSent(f"the command for text messages cannot be run: {type(error).__name__}") from None
    if done.returncode:
        raise NotSent(f"the command for text messages ended with exit code {done.returncode}")
