"""
Sends mails through the server of `BOTPULSE_SMTP`: alerts, invitations, links to reset a password.

    smtp://user:password@host:587    encrypted if the server offers it       smtps://...:465    encrypted from the start
"""

from __future__ import annotations

import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib

from app.config import Settings
from app.errors import BotpulseError

__all__ = ["MailFailed", "Mailer"]

_PORTS: Final = {"smtp": 587, "smtps": 465}
_TIMEOUT_S: Final = 20.0


class MailFailed(BotpulseError):  # noqa: N818 an answer of the server
    """The server did not take it. `is_final`: another try would not change that; `status` is SMTP's, 0 without an answer."""

    def __init__(self, message: str, status: int = 0, *, is_final: bool = False) -> None:
        super().__init__(message, "mail")
        self.status = status
        self.is_final = is_final


class Mailer:
    """One mail, one connection: there are few."""

    def __init__(self, settings: Settings) -> None:
        self._server = _server_of(settings.smtp.get_secret_value()) if settings.smtp else None
        self._sender = settings.mail_from

    @property
    def is_set(self) -> bool:
        """Tell whether there is a server to send through."""
        return self._server is not None

    async def send(self, to: str, subject: str, text: str, message_id: str = "") -> str:
        """Return what the server said when it took the mail; raise MailFailed when it did not. The same id, the same mail."""
        server = self._server
        if server is None:
            raise MailFailed("no mail server is set; set BOTPULSE_SMTP", is_final=True)
        mail = self._built(to, subject, text, message_id)
        try:
            _, said = await aiosmtplib.send(
                mail,
                hostname=server.hostname,
                port=server.port or _PORTS[server.scheme],
                username=unquote(server.username) if server.username else None,
                password=unquote(server.password) if server.password else None,
                use_tls=server.scheme == "smtps",
                timeout=_TIMEOUT_S,
            )
        except aiosmtplib.SMTPException as error:
            raise _failure(error) from error
        except (OSError, ssl.SSLError, ValueError) as error:
            is_ours = isinstance(error, ValueError)
            raise MailFailed(f"the mail cannot be sent: {error}", is_final=is_ours) from error
        return said

    def _built(self, to: str, subject: str, text: str, message_id: str) -> EmailMessage:
        """Return the mail, or say that there can be none: on odd addresses `email` fails in many ways."""
        try:
            mail = self._mail(to, subject, text, message_id)
            mail.as_bytes()
        except Exception as error:
            raise MailFailed(f"no mail can be made for this address: {error}", is_final=True) from error
        return mail

    def _mail(self, to: str, subject: str, text: str, message_id: str) -> EmailMessage:
        mail = EmailMessage()
        domain = self._sender.rpartition("@")[2].rstrip(">") or "botpulse"
        mail["From"] = self._sender
        mail["To"] = to
        mail["Subject"] = subject
        mail["Date"] = formatdate()
        mail["Message-ID"] = f"<{message_id}@{domain}>" if message_id else make_msgid(domain=domain)
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        return mail


def _server_of(address: str) -> SplitResult:
    try:
        server = urlsplit(address.strip())
        is_fit = (
            server.scheme in _PORTS and bool(server.hostname) and (server.port is None or server.port > 0)
        )
    except ValueError:
        is_fit = False
    if not is_fit:  # the address holds a password, so it is not repeated here
        msg = "BOTPULSE_SMTP is no address of a mail server; write smtp://user:password@host:587 or smtps://host:465"
        raise BotpulseError(msg, "settings")
    return server


def _failure(error: aiosmtplib.SMTPException) -> MailFailed:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        refused = error.recipients[0]
        return _answered(refused.code, refused.message)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _answered(error.code, error.message)
    return MailFailed(f"the mail server cannot be reached: {error}")


def _answered(code: int, words: str) -> MailFailed:
    """Take 5xx for the last word, but not about who we are: an operator may correct that."""
    is_final = 500 <= code < 600 and code not in (530, 534, 535, 538)
    return MailFailed(f"the mail server refused it: {code} {words}", code, is_final=is_final)
