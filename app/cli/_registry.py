"""What the commands on the registry share: find it, decide, append, and say what came of it."""

from __future__ import annotations

import getpass
import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from app.adapters.registry import load, transact
from app.cli._settings import found
from app.config import Settings
from app.core.bots import Refusal, hash_of, key_text
from app.core.channel_keys import channel_key_text
from app.core.registry import Fact, Key, Scope, State
from app.errors import BotpulseError

__all__ = [
    "append",
    "as_json",
    "here",
    "new_key",
    "now_ms",
    "refused_or",
    "say",
    "settings_at",
    "state_at",
    "who",
]

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def here(command: F) -> F:
    """Add the option that says which system is meant."""
    return click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of the running system (BOTPULSE_HOME).",
    )(command)


def as_json(command: F) -> F:
    """Add the option for machines."""
    return click.option("--json", "is_json", is_flag=True, help="Answer in JSON.")(command)


def settings_at(home: Path | None) -> Settings:
    """Return the settings of the system that runs in *home*, or is set from outside."""
    settings = found(home=home)
    if not settings.kafka:
        msg = (
            f"nothing is running in {settings.home}; start it with `botpulse up`, name its folder with --home, "
            "or set BOTPULSE_KAFKA"
        )
        raise BotpulseError(msg, "not_running")
    return settings


def state_at(home: Path | None) -> State:
    """Return what the registry says now."""
    return load(settings_at(home).kafka)


def append(home: Path | None, decide: Callable[[State], list[Fact]]) -> State:
    """Append what *decide* makes of the registry."""
    return transact(settings_at(home).kafka, decide)


def refused_or(outcome: T | Refusal) -> T:
    """Return *outcome*, or raise the refusal."""
    if isinstance(outcome, Refusal):
        raise BotpulseError(outcome.message, outcome.code)
    return outcome


def new_key(scope: Scope, bot: str | None, channel: str = "") -> tuple[Key, str]:
    """Return a key and its text, which is shown once and kept nowhere."""
    bits = secrets.randbits(256)
    text = channel_key_text(channel, bits) if channel else key_text(scope, bits)
    return Key(f"k{secrets.token_hex(6)}", scope, hash_of(text), now_ms(), bot, channel=channel), text


def say(answer: object, is_json: bool, lines: list[str]) -> None:
    """Print *answer* for a machine, or *lines* for a person."""
    click.echo(json.dumps(answer) if is_json else "\n".join(lines))


def now_ms() -> int:
    """Return the time in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def who() -> str:
    """Return who is asking, for the record."""
    return f"cli:{getpass.getuser()}"
