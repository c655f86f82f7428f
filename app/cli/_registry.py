"""What the commands on the registry share: find it, decide, append, and say what came of it."""

from __future__ import annotations

import asyncio
import getpass
import json
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from app.adapters.ids import new_id
from app.adapters.registry import load, records, transact
from app.cli._settings import found
from app.config import Settings
from app.core.api_keys import made_key
from app.core.refusal import Refusal
from app.core.registry import Key, Scope, State, fold_all, history
from app.core.shown import PastShown, past_shown
from app.errors import BotpulseError
from app.ports import Decide

__all__ = [
    "as_json",
    "because",
    "change",
    "fields_of",
    "here",
    "new_key",
    "now_ms",
    "refused_or",
    "say",
    "settings_at",
    "state_at",
    "table",
    "tell_history",
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


def because(command: F) -> F:
    """Add the option that says why, for the history."""
    return click.option("--why", default="", help="Why; it is kept in the history.")(command)


def state_at(home: Path | None) -> State:
    """Return what the registry says now."""
    return load(settings_at(home).kafka)


def change(home: Path | None, decide: Decide, why: str = "") -> State:
    """Carry out a command in the name of whoever runs this."""
    return transact(settings_at(home).kafka, decide, who(), why)


def refused_or(outcome: T | Refusal) -> T:
    """Return *outcome*, or raise the refusal."""
    if isinstance(outcome, Refusal):
        raise BotpulseError(outcome.message, outcome.code)
    return outcome


def new_key(scope: Scope, bot: str | None, channel: str = "") -> tuple[Key, str]:
    """Return a key and its text, which is shown once and kept nowhere."""
    return made_key(new_id("k"), scope, secrets.randbits(256), now_ms(), bot, channel)


def tell_history(home: Path | None, kind: str, id: str, is_json: bool) -> None:
    """Print who changed a subject, when and why, the newest first."""
    found = asyncio.run(records(settings_at(home).kafka))
    past = past_shown(fold_all(State(), found).state, history(found, kind, id))
    if not past:
        raise BotpulseError(f"There is no {kind.replace('_', ' ')} {id[:60]!r}.", f"unknown_{kind}")
    lines = [line for one in past for line in _past_lines(one)]
    say(past, is_json, lines)


def say(answer: object, is_json: bool, lines: list[str]) -> None:
    """Print *answer* for a machine, or *lines* for a person."""
    click.echo(json.dumps(msgspec.to_builtins(answer)) if is_json else "\n".join(lines))


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return *rows* as lines whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def fields_of(shown: msgspec.Struct) -> list[str]:
    """Return what *shown* says, a field a line."""
    return [f"{name:22}{_word(value)}" for name, value in msgspec.to_builtins(shown).items()]


def now_ms() -> int:
    """Return the time in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def who() -> str:
    """Return who is asking, for the record."""
    return f"cli:{getpass.getuser()}"


def _past_lines(one: PastShown) -> Iterator[str]:
    reason = f": {one.why}" if one.why else ""
    yield f"{one.at}  {one.what}  {one.name or one.who}{reason}"
    for name, (before, after) in one.changed.items():
        yield f"    {name}: {_word(before)} -> {_word(after)}"


def _word(value: object) -> str:
    if value is None or value == "":
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
