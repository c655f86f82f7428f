"""Create, list and revoke API keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.cli._registry import append, as_json, here, new_key, now_ms, refused_or, say, state_at, who
from app.core.bots import SCOPES, create_key, revoke_key
from app.core.channel_keys import CHANNELS
from app.core.registry import Key, Scope

__all__ = ["command"]


@click.group()
def command() -> None:
    """
    Create, list and revoke API keys.

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
@here
@as_json
def create(bot: str | None, scope: Scope, channel: str | None, home: Path | None, is_json: bool) -> None:
    """
    Create a key. It is shown once.

    \b
    Example:
      botpulse keys create --bot pizza-bot-x1y2 --scope botanalytics-v2 --channel universal
    """
    key, text = new_key(scope, bot, channel or "")
    append(home, lambda state: [refused_or(create_key(state, key, who()))])
    answer = {"id": key.id, "bot": bot, "scope": scope, "channel": key.channel, "key": text}
    say(answer, is_json, [f"id   {key.id}", f"key  {text}", "It is shown only now."])


@command.command("list")
@click.option("--bot", help="Only keys of this bot.")
@here
@as_json
def list_(bot: str | None, home: Path | None, is_json: bool) -> None:
    """List keys, not their texts: those are kept nowhere."""
    keys = [key for key in state_at(home).keys.values() if bot is None or key.bot == bot]
    keys.sort(key=lambda key: key.created_at)
    lines = [f"{k.id}  {k.scope:16}{k.bot or 'all bots'}{'  revoked' if k.revoked_at else ''}" for k in keys]
    say([_shown(key) for key in keys], is_json, lines or ["no keys"])


@command.command()
@click.argument("key")
@here
@as_json
def revoke(key: str, home: Path | None, is_json: bool) -> None:
    """Revoke the key with the id KEY, at once and for good."""
    after = append(home, lambda state: [refused_or(revoke_key(state, key, now_ms(), who()))])
    say(_shown(after.keys[key]), is_json, [f"{key} is revoked"])


def _shown(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "scope": key.scope,
        "bot": key.bot,
        "channel": key.channel,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }
