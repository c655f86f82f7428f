"""Mails through a real SMTP server: what arrives, and what is said when it does not."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from app.adapters.mail import Mailer, MailFailed
from app.config import Settings
from app.errors import BotpulseError
from tests.waiting import eventually


class Box:
    """A server's mailbox; `answer` is what it says to a mail."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 queued as 7"
        self.to: list[str] = []

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _o: Any
    ) -> str:
        """Take recipients, but one."""
        if address.startswith("nobody"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail."""
        mail = message_from_bytes(envelope.content or b"", policy=policy.default)  # type: ignore[arg-type]
        self.mails.append(mail)
        self.to += envelope.rcpt_tos
        return self.answer


@pytest.fixture
def box() -> Box:
    """An empty mailbox."""
    return Box()


def _admits(_server: Any, _session: Any, _envelope: Any, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"ann", b"p@ss/word")
    return AuthResult(success=good, handled=False)


@pytest.fixture
async def port(box: Box) -> AsyncIterator[int]:
    """Where the server listens; it wants to know who one is."""
    talks: list[SMTP] = []

    def talk() -> SMTP:
        with warnings.catch_warnings(action="ignore"):  # it says that this is unsafe, which it is
            talks.append(SMTP(box, authenticator=_admits, auth_required=True, auth_require_tls=False))
        return talks[-1]

    server = await asyncio.get_running_loop().create_server(talk, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for one in talks:
        if one.transport is not None:
            one.transport.close()
    await eventually(lambda: all(one.transport is None for one in talks), what="all talks to end")


def mailer(port: int, password: str = "p%40ss%2Fword") -> Mailer:
    """Return a mailer that is set."""
    return Mailer(
        Settings(smtp=f"smtp://ann:{password}@127.0.0.1:{port}", mail_from="Botpulse <bot@example.org>")
    )  # type: ignore[arg-type]


async def test_a_mail_arrives(box: Box, port: int) -> None:
    """Text, subject and sender are as given, letters beyond ASCII too; what the server said is returned."""
    said = await mailer(port).send("bob@example.com", "Zu viele Grüße", "Grüß Gott\n", "a1-1-firing-x")
    [mail] = box.mails

    assert ("queued as 7", ["bob@example.com"]) == (said, box.to)
    assert ("Zu viele Grüße", "Botpulse <bot@example.org>", "<a1-1-firing-x@example.org>") == (
        mail["subject"], mail["from"], mail["message-id"],
    )  # fmt: skip
    assert "Grüß Gott" == mail.get_content().strip()


async def test_a_mail_that_is_not_taken_now_may_be_later(box: Box, port: int) -> None:
    """A temporary refusal is worth another try."""
    box.answer = "451 try later"
    with pytest.raises(MailFailed) as failed:
        await mailer(port).send("bob@example.com", "s", "t")

    assert (451, False) == (failed.value.status, failed.value.is_final)


async def test_nobody_of_that_name_is_final(port: int) -> None:
    """A recipient that does not exist will not exist in an hour."""
    with pytest.raises(MailFailed) as failed:
        await mailer(port).send("nobody@example.com", "s", "t")

    assert (550, True) == (failed.value.status, failed.value.is_final)


async def test_a_wrong_password_may_be_corrected(port: int) -> None:
    """It is not final, and the password is not in the words."""
    with pytest.raises(MailFailed) as failed:
        await mailer(port, "secret-word").send("bob@example.com", "s", "t")

    assert (535, False) == (failed.value.status, failed.value.is_final)
    assert "secret-word" not in failed.value.message


async def test_no_server_there() -> None:
    """A server that is away is waited for."""
    with pytest.raises(MailFailed) as failed:
        await mailer(1).send("bob@example.com", "s", "t")

    assert (0, False) == (failed.value.status, failed.value.is_final)


async def test_a_line_break_makes_no_header(box: Box, port: int) -> None:
    """What is no subject or address is not sent."""
    with pytest.raises(MailFailed) as failed:
        await mailer(port).send("bob@example.com", "s\nBcc: eve@example.com", "t")

    assert (True, []) == (failed.value.is_final, box.mails)


@pytest.mark.parametrize("to", ["a@[b", "\ud800@example.com"])
async def test_an_address_that_makes_no_mail_is_final(box: Box, port: int, to: str) -> None:
    """Whatever goes wrong in making it: another try would not change that."""
    with pytest.raises(MailFailed) as failed:
        await mailer(port).send(to, "s", "t")

    assert (True, []) == (failed.value.is_final, box.mails)


async def test_without_a_server_nothing_is_sent() -> None:
    """It says which setting is missing."""
    unset = Mailer(Settings())

    assert not unset.is_set
    with pytest.raises(MailFailed, match="BOTPULSE_SMTP"):
        await unset.send("bob@example.com", "s", "t")


@pytest.mark.parametrize(
    "address", ["mail.example.com", "http://ann:secret@host", "smtp://:587", "smtp://h:x"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """The words name the setting, not its value, which may hold a password."""
    with pytest.raises(BotpulseError, match="BOTPULSE_SMTP") as refused:
        Mailer(Settings(smtp=address))  # type: ignore[arg-type]

    assert "secret" not in refused.value.message


def test_the_password_is_not_shown() -> None:
    """Settings may be printed or logged."""
    assert "p%40ss" not in repr(Settings(smtp="smtp://ann:p%40ss@host"))  # type: ignore[arg-type]
