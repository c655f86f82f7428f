"""The first administrator: made once, told once."""

from __future__ import annotations

from dataclasses import dataclass

from app.config import Settings
from app.registry_setup import ensure_admin

__all__ = ["Account", "first_account"]


@dataclass(frozen=True)
class Account:
    """A sign-in that was just made; its password is kept nowhere in clear."""

    email: str
    password: str

    def welcome(self, url: str) -> tuple[list[str], dict[str, object]]:
        """Give the words for people and the facts for machines that make use of it."""
        words = [
            f"sign in   {url}",
            f"e-mail    {self.email}",
            f"password  {self.password}   (shown this once)",
            "an event  botpulse bots create --name mine --platform generic   # prints an ingest key, then:",
            f'          curl {url}/v1/events -H \'Authorization: Bearer KEY\' -d \'{{"user": "ada", "text": "hello"}}\'',
        ]
        return words, {"email": self.email, "password": self.password}


def first_account(settings: Settings) -> Account | None:
    """Make the administrator unless there is one; return it only when it was made now."""
    password = ensure_admin(settings)
    return Account(settings.admin_email, password) if password else None
