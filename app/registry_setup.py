"""The first account: without an administrator nobody could sign in, so the first start makes one."""

from __future__ import annotations

import secrets
import time

from app.adapters.ids import new_id
from app.adapters.passwords import hash_password
from app.adapters.registry import transact
from app.config import Settings
from app.core.registry import Fact, Person, State

__all__ = ["ensure_admin"]


def ensure_admin(settings: Settings) -> str | None:
    """
    Make sure that there is an administrator.

    Returns the password when it was made up here: it is to be shown once, only its hash is kept.  None when there was
    an administrator, or when the operator chose the password.
    """
    chosen = settings.admin_password.get_secret_value() if settings.admin_password else ""
    password = chosen or secrets.token_urlsafe(12)
    made: list[Fact] = []

    def decide(state: State) -> list[Fact]:
        if any(person.admin for person in state.people.values()):
            made.clear()
        else:
            made[:] = [state.fact("person_created", _administrator(settings.admin_email, password))]
        return made

    transact(settings.kafka, decide, "setup")
    return password if made and not chosen else None


def _administrator(email: str, password: str) -> Person:
    now_ms = time.time_ns() // 1_000_000
    return Person(new_id("p"), email, hash_password(password), now_ms, admin=True)
