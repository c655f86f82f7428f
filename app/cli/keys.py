"""Create, list, rotate and revoke API keys, and tell their history."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from app.cli._registry import (
    as_json,
    because,
    change,
    here,
    new_key,
    now_ms,
    refused_or,
    say,
    state_at,
    table,
    tell_history,
)
from app.cli.bots import bot_in
from app.core.api_keys import SCOPES
from app.core.channel_keys import CHANNELS
from app.core.commands.keys import create_key, no_key, revoke_key, rotate_key
from app.core.registry import Key, Scope, State
from app.core.shown import key_shown

__all__ = ["command"]


@click.group()
def command() -> None:
    """
    Create, list, rotate and revoke API keys, and tell their history.

    \b
    Example:
      botpulse keys create --bot pizza-bot-x1y2 --scope read
    """


@command.command()
@click.option("--bot", help="For this bot only; left out, a read or admin key is for all of them.")
@click.option("--scope", type=click.Choice(SCOPES), required=True)
@click.option(
    "--channel", type=click.Choice(list(CHANNELS)), help="Of a botanalytics-v2 key: what its SDK sends."
)
@click.option("--name", default="", help="What it is for.")
@click.option("--expires", type=click.DateTime(), help="When it ends to open anything, UTC.")
@because
@here
@as_json
def create(
    bot: str | None,
    scope: Scope,
    channel: str | None,
    name: str,
    expires: datetime | None,
    why: str,
    home: Path | None,
    is_json: bool,
) -> None:
    """
    Create a key. It is shown once.

    \b
    Example:
      botpulse keys create --bot pizza-bot-x1y2 --scope botanalytics-v2 --channel universal
    """
    key, text = new_key(scope, bot, channel or "")
    ends_at = int(expires.replace(tzinfo=UTC).timestamp() * 1000) if expires else None
    key = msgspec.structs.replace(key, name=name, expires_at=ends_at)
    after = change(home, lambda state: create_key(state, key), why)
    _say_once(after, key.id, text, is_json)


@command.command("list")
@click.option("--bot", help="Only keys of this bot.")
@here
@as_json
def list_(bot: str | None, home: Path | None, is_json: bool) -> None:
    """List keys, not their texts: those are kept nowhere."""
    state, now = state_at(home), now_ms()
    only = bot and bot_in(state, bot).id
    keys = [key for key in state.keys.values() if only is None or key.bot == only]
    keys.sort(key=lambda key: key.created_at)
    shown = [key_shown(state, key) for key in keys]
    rows = [
        (
            one.id,
            one.scope,
            one.bot or "all bots",
            one.name,
            one.last_used_at or "never used",
            _standing(key, now),
        )
        for key, one in zip(keys, shown, strict=True)
    ]
    say(shown, is_json, table(rows) or ["no keys"])


@command.command()
@click.argument("key")
@click.option("--grace-s", type=int, default=0, show_default=True, help="So long the old one goes on.")
@because
@here
@as_json
def rotate(key: str, grace_s: int, why: str, home: Path | None, is_json: bool) -> None:
    """Put a new key in the place of KEY, with the same scope, bot and name. It is shown once."""
    state, when = state_at(home), now_ms()
    old = refused_or(state.keys.get(key) or no_key(key))
    new, text = new_key(old.scope, old.bot, old.channel)
    after = change(home, lambda state: rotate_key(state, key, new, when, grace_s), why)
    _say_once(after, new.id, text, is_json)


@command.command()
@click.argument("key")
@because
@here
@as_json
def revoke(key: str, why: str, home: Path | None, is_json: bool) -> None:
    """Revoke the key with the id KEY, at once and for good."""
    when = now_ms()
    after = change(home, lambda state: revoke_key(state, key, when), why)
    say(key_shown(after, after.keys[key]), is_json, [f"{key} is revoked"])


@command.command()
@click.argument("key")
@here
@as_json
def history(key: str, home: Path | None, is_json: bool) -> None:
    """Tell who changed the key with the id KEY, when and why."""
    tell_history(home, "key", key, is_json)


def _say_once(state: State, key: str, text: str, is_json: bool) -> None:
    shown = msgspec.to_builtins(key_shown(state, state.keys[key])) | {"key": text}
    say(shown, is_json, [f"id   {key}", f"key  {text}", "It is shown only now."])


def _standing(key: Key, now: int) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "" if key.is_valid(now) else "expired"
