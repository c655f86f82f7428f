"""Connect platforms' own webhooks: add, list and revoke their secrets, say the address to give, tell what happened."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from app.adapters.ids import new_id
from app.adapters.seal import present_seal
from app.cli._registry import (
    as_json,
    because,
    change,
    here,
    now_ms,
    refused_or,
    say,
    settings_at,
    state_at,
    tell_history,
)
from app.cli.bots import bot_in
from app.config import Settings
from app.core.commands.hook_secrets import add_hook_secret, hooked, revoke_hook_secret
from app.core.platforms import canonical
from app.core.registry import HookSecret
from app.core.shown import hook_shown
from app.errors import BotpulseError
from app.web.place import recorded_url

__all__ = ["command"]

_LONGEST = 4096


@click.group()
def command() -> None:
    """
    Connect platforms' own webhooks.

    \b
    Examples:
      botpulse hooks add --bot pizza-bot-x1y2 --platform slack --secret-file signing-secret
      botpulse hooks list
    """


@command.command()
@click.option("--bot", required=True, help="The bot's id.")
@click.option("--platform", required=True, help="The platform that sends: facebook, slack, telegram, ...")
@click.option(
    "--secret-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help="File that holds the secret; left out, it is asked for, or read from stdin.",
)
@because
@here
@as_json
def add(
    bot: str, platform: str, secret_file: Path | None, why: str, home: Path | None, is_json: bool
) -> None:
    """
    Add a secret by which requests of PLATFORM for BOT are known to be genuine.

    It is kept sealed and shown by nothing.  Several may be active, so that one can replace another.  A platform that
    signs nothing needs no secret: its address ends in the bot's ingest key, and this only says it.
    """
    name = canonical(platform)
    hook = refused_or(hooked(name)).hook
    assert hook is not None
    settings = settings_at(home)
    if hook.verify is None:
        shown = hook_shown(HookSecret("", bot, name, 0), _base_url(settings))
        shown = msgspec.structs.replace(shown, id=None, url=f"{shown.url}/INGEST_KEY", created_at=None)
        lines = [
            f"address  {shown.url}",
            f"{name} signs nothing: no secret is needed, the address ends in the ingest key",
        ]
        say(shown, is_json, lines)
        return
    secret = HookSecret(new_id("h"), bot, name, now_ms(), present_seal(settings).seal(_read(secret_file)))
    change(home, lambda state: add_hook_secret(state, secret), why)
    shown = hook_shown(secret, _base_url(settings))
    lines = [f"id       {shown.id}", f"address  {shown.url}", "Give the address to the platform."]
    say(shown, is_json, lines)


@command.command("list")
@click.option("--bot", help="Only of this bot.")
@here
@as_json
def list_(bot: str | None, home: Path | None, is_json: bool) -> None:
    """List the secrets there are, not what they say."""
    settings = settings_at(home)
    state = state_at(home)
    only = bot and bot_in(state, bot).id
    found = [one for one in state.hook_secrets.values() if only is None or one.bot == only]
    found.sort(key=lambda one: (one.created_at, one.id))
    shown = [hook_shown(one, _base_url(settings)) for one in found]
    lines = [f"{one.id}  {one.url}{'  revoked' if one.revoked_at else ''}" for one in shown]
    say(shown, is_json, lines or ["no secrets; `botpulse hooks add --bot B --platform P` adds one"])


@command.command()
@click.argument("secret", metavar="ID")
@because
@here
@as_json
def revoke(secret: str, why: str, home: Path | None, is_json: bool) -> None:
    """Revoke the secret ID, at once and for good."""
    when = now_ms()
    after = change(home, lambda state: revoke_hook_secret(state, secret, when), why)
    shown = hook_shown(after.hook_secrets[secret], _base_url(settings_at(home)))
    say(shown, is_json, [f"{secret} is revoked"])


@command.command()
@click.argument("secret", metavar="ID")
@here
@as_json
def history(secret: str, home: Path | None, is_json: bool) -> None:
    """Tell who changed the secret ID, when and why."""
    tell_history(home, "hook_secret", secret, is_json)


def _read(path: Path | None) -> str:
    """Return the secret from a file, a person, or a pipe; a person's is not shown."""
    if path is not None and str(path) != "-":
        content = path.read_bytes()
    elif path is None and sys.stdin.isatty():
        content = str(click.prompt("secret", hide_input=True)).encode()
    else:
        content = sys.stdin.buffer.read(_LONGEST + 1)
    try:
        secret = content.decode().strip()
    except UnicodeDecodeError as error:
        raise BotpulseError(
            "the secret is not text; write it as the platform shows it", "bad_secret"
        ) from error
    if not secret or len(content) > _LONGEST or "\n" in secret:
        raise BotpulseError(f"the secret is one line of 1 to {_LONGEST} bytes", "bad_secret")
    return secret


def _base_url(settings: Settings) -> str:
    return settings.public_url or recorded_url(settings) or f"http://{settings.host}:{settings.port}"
