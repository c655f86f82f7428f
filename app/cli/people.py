"""
Invite people, give them roles, and let them choose passwords.

Whoever runs this may do everything; people are named by e-mail or id.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
import msgspec

from app.adapters.emails import email_address
from app.adapters.ids import new_id
from app.cli._registry import (
    as_json,
    because,
    change,
    fields_of,
    here,
    now_ms,
    refused_or,
    say,
    settings_at,
    state_at,
    table,
    tell_history,
)
from app.cli.bots import bot_in
from app.config import Settings
from app.core.commands.people import (
    Authority,
    change_person,
    invite_person,
    person_by_email,
    person_of,
    remove_person,
    set_role,
)
from app.core.registry import Person, Role, State
from app.core.shown.people import person_shown
from app.core.times import iso
from app.errors import BotpulseError
from app.web.api.people import Invited
from app.web.auth.links import link_path, new_link
from app.web.auth.posting import HandedOver
from app.web.auth.sessions import present_session_key
from app.web.place import public_base

__all__ = ["command"]

_ALL: Final = Authority(is_admin=True)
_ROLE: Final = click.Choice(["viewer", "editor", "owner"])


@click.group()
def command() -> None:
    """
    Invite people, give them roles, and let them choose passwords.

    \b
    Example:
      botpulse people invite ada@example.org --bot pizza-bot-x1y2 --role editor
    """


@command.command("list")
@click.option("--bot", help="Only people with a role in this bot.")
@here
@as_json
def list_(bot: str | None, home: Path | None, is_json: bool) -> None:
    """List people and what they may do."""
    state = state_at(home)
    only = bot and bot_in(state, bot).id
    people = [one for one in state.people.values() if only is None or only in one.roles]
    shown = [person_shown(one) for one in sorted(people, key=lambda one: (one.created_at, one.id))]
    rows = [(one.id, one.email, one.state, _powers(one.admin, one.roles)) for one in shown]
    say(shown, is_json, table(rows) if rows else ["nobody"])


@command.command()
@click.argument("email")
@click.option("--name", default="", help="What people call them.")
@click.option("--time-zone", "zone", default="UTC", show_default=True, help="Their IANA time zone.")
@click.option("--bot", help="Where they are to have the role.")
@click.option("--role", type=_ROLE, default="viewer", show_default=True, help="What they may do there.")
@click.option("--admin", is_flag=True, help="They may do everything.")
@because
@here
@as_json
def invite(
    email: str,
    name: str,
    zone: str,
    bot: str | None,
    role: Role,
    admin: bool,
    why: str,
    home: Path | None,
    is_json: bool,
) -> None:
    """
    Invite EMAIL, or give somebody known a role.

    The answer has a link, valid once and for 7 days, by which they choose a password: pass it on.
    """
    settings, address = settings_at(home), refused_or(email_address(email))
    present_session_key(settings)
    wanted = Person(new_id("p"), address, "", now_ms(), admin, name, zone, {bot: role} if bot else {})
    after = change(home, lambda state: invite_person(state, wanted, _ALL), why)
    person = _found(after, address)
    made = HandedOver(False, None, None) if person.password else _link(settings, person)
    answer = Invited(**msgspec.structs.asdict(made), person=person_shown(person))
    words = "is invited" if made.link else "has the role" if bot or admin else "is known and active already"
    say(answer, is_json, [f"{person.email} {words}", *_lines(made)])


@command.command()
@click.argument("person")
@here
@as_json
def show(person: str, home: Path | None, is_json: bool) -> None:
    """Show PERSON and their roles."""
    shown = person_shown(_found(state_at(home), person))
    say(shown, is_json, fields_of(shown))


@command.command("set")
@click.argument("person")
@click.option("--name", help="What people call them.")
@click.option("--time-zone", "zone", help="Their IANA time zone.")
@click.option("--email", help="What they sign in with; ends their sessions and links.")
@click.option("--admin/--no-admin", default=None, help="Whether they may do everything.")
@because
@here
@as_json
def set_(person: str, why: str, home: Path | None, is_json: bool, **values: object) -> None:
    """Change name, time zone, e-mail or administration of PERSON."""
    changes = {name: value for name, value in values.items() if value is not None}
    if not changes:
        raise click.UsageError("name something to change, such as --name")
    if isinstance(changes.get("email"), str):
        changes["email"] = refused_or(email_address(str(changes["email"])))
    _change(home, person, changes, why, is_json)


@command.command()
@click.argument("person")
@click.argument("bot")
@click.argument("role", type=click.Choice(["viewer", "editor", "owner", "none"]))
@because
@here
@as_json
def role(person: str, bot: str, role: str, why: str, home: Path | None, is_json: bool) -> None:
    """
    Give PERSON the ROLE in BOT, or take it with none.

    \b
    Example:
      botpulse people role ada@example.org pizza-bot-x1y2 owner
    """
    wanted = None if role == "none" else msgspec.convert(role, Role)
    id_ = _found(state_at(home), person).id
    after = change(home, lambda state: set_role(state, bot, id_, wanted, _ALL), why)
    shown = person_shown(after.people[id_])
    say(shown, is_json, [f"{shown.email}: {_powers(shown.admin, shown.roles)}"])


@command.command()
@click.argument("person")
@here
@as_json
def link(person: str, home: Path | None, is_json: bool) -> None:
    """Make a link, valid once, by which PERSON chooses a password: pass it on."""
    found = _found(state_at(home), person)
    if found.disabled_at is not None:
        raise BotpulseError(f"{found.email} is disabled; `botpulse people enable` first", "disabled")
    made = _link(settings_at(home), found)
    say(made, is_json, _lines(made))


@command.command()
@click.argument("person")
@because
@here
@as_json
def disable(person: str, why: str, home: Path | None, is_json: bool) -> None:
    """Let PERSON sign in no more, and end their sessions."""
    _change(home, person, {"disabled": True}, why, is_json)


@command.command()
@click.argument("person")
@because
@here
@as_json
def enable(person: str, why: str, home: Path | None, is_json: bool) -> None:
    """Let PERSON sign in again."""
    _change(home, person, {"disabled": False}, why, is_json)


@command.command()
@click.argument("person")
@because
@here
@as_json
def remove(person: str, why: str, home: Path | None, is_json: bool) -> None:
    """Remove PERSON for good."""
    found = _found(state_at(home), person)
    change(home, lambda state: remove_person(state, found.id, now_ms()), why)
    say(person_shown(found), is_json, [f"{found.email} is removed"])


@command.command()
@click.argument("person")
@here
@as_json
def history(person: str, home: Path | None, is_json: bool) -> None:
    """Tell who changed PERSON, when and why, the newest first."""
    known = person_by_email(state_at(home), person)
    tell_history(home, "person", known.id if known else person, is_json)


def _found(state: State, person: str) -> Person:
    """Return somebody by e-mail or id."""
    return person_by_email(state, person) or refused_or(person_of(state, person))


def _change(home: Path | None, person: str, changes: dict[str, object], why: str, is_json: bool) -> None:
    id_ = _found(state_at(home), person).id
    after = change(home, lambda state: change_person(state, id_, changes, now_ms()), why)
    shown = person_shown(after.people[id_])
    say(shown, is_json, fields_of(shown))


def _link(settings: Settings, person: Person) -> HandedOver:
    made = new_link(present_session_key(settings), person, now_ms())
    return HandedOver(False, public_base(settings) + link_path(made), iso(made.expires_at))


def _lines(made: HandedOver) -> list[str]:
    if made.link is None:
        return []
    return [made.link, f"It works once, until {made.expires_at}; whoever has it can choose the password."]


def _powers(is_admin: bool, roles: dict[str, Role]) -> str:
    if is_admin:
        return "administrator"
    return ", ".join(f"{role} of {bot}" for bot, role in sorted(roles.items())) or "no role"
