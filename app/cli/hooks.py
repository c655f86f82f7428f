"""Connect platforms' own webhooks: add, list and revoke their secrets, and say the address to give."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Any

import click

from app.adapters.seal import seal_of
from app.cli._registry import append, as_json, here, now_ms, refused_or, say, settings_at, state_at, who
from app.config import Settings
from app.core.hook_secrets import add_hook_secret, hooked, revoke_hook_secret
from app.core.platforms import canonical
from app.core.registry import HookSecret
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
@here
@as_json
def add(bot: str, platform: str, secret_file: Path | None, home: Path | None, is_json: bool) -> None:
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
        address = f"{_address(settings, name, bot)}/INGEST_KEY"
        lines = [
            f"address  {address}",
            f"{name} signs nothing: no secret is needed, the address ends in the ingest key",
        ]
        say({"id": None, "bot": bot, "platform": name, "url": address}, is_json, lines)
        return
    sealed = seal_of(settings).seal(_read(secret_file))
    secret = HookSecret(f"h{secrets.token_hex(6)}", bot, name, now_ms(), sealed)
    append(home, lambda state: [refused_or(add_hook_secret(state, secret, who()))])
    address = _address(settings, name, bot)
    lines = [f"id       {secret.id}", f"address  {address}", "Give the address to the platform."]
    say({"id": secret.id, "bot": bot, "platform": name, "url": address}, is_json, lines)


@command.command("list")
@click.option("--bot", help="Only of this bot.")
@here
@as_json
def list_(bot: str | None, home: Path | None, is_json: bool) -> None:
    """List the secrets there are, not what they say."""
    settings = settings_at(home)
    found = [one for one in state_at(home).hook_secrets.values() if bot is None or one.bot == bot]
    found.sort(key=lambda one: (one.created_at, one.id))
    shown = [_shown(one) | {"url": _address(settings, one.platform, one.bot)} for one in found]
    lines = [f"{one['id']}  {one['url']}{'  revoked' if one['revoked_at'] else ''}" for one in shown]
    say(shown, is_json, lines or ["no secrets; `botpulse hooks add --bot B --platform P` adds one"])


@command.command()
@click.argument("secret", metavar="ID")
@here
@as_json
def revoke(secret: str, home: Path | None, is_json: bool) -> None:
    """Revoke the secret ID, at once and for good."""
    after = append(home, lambda state: [refused_or(revoke_hook_secret(state, secret, now_ms(), who()))])
    say(_shown(after.hook_secrets[secret]), is_json, [f"{secret} is revoked"])


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


def _address(settings: Settings, platform: str, bot: str) -> str:
    url = settings.public_url or recorded_url(settings) or f"http://{settings.host}:{settings.port}"
    return f"{url.rstrip('/')}/hooks/{platform}/{bot}"


def _shown(secret: HookSecret) -> dict[str, Any]:
    return {
        "id": secret.id,
        "bot": secret.bot,
        "platform": secret.platform,
        "created_at": secret.created_at,
        "revoked_at": secret.revoked_at,
    }
