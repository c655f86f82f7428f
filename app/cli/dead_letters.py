"""
List, show and replay dead letters: items that were accepted and then could not be read.

A letter is named by its place in raw-events, such as `0-1234-5`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from app.adapters.clickhouse import session
from app.adapters.dead_letters import Wanted, letters, send_again
from app.cli._registry import as_json, here, say, settings_at, state_at
from app.cli._settings import found
from app.cli.bots import bot_in
from app.core.deliveries import Delivery
from app.core.outcome import DeadLetter, Reason
from app.core.refusal import Refusal
from app.core.replaying import delivery_of, letter_id
from app.errors import BotpulseError

__all__ = ["command"]

_MOST = 1_000_000


@click.group()
def command() -> None:
    """
    List, show and replay dead letters.

    \b
    Examples:
      botpulse dead-letters list --bot pizza-bot-x1y2
      botpulse dead-letters show 0-1234-5
      botpulse dead-letters replay --reason reader_failed
    """


_of_bot = click.option("--bot", default="", help="Only those of this bot.")
_of_reason = click.option(
    "--reason",
    type=click.Choice([one.value for one in Reason]),
    default=None,
    help="Only those with this reason.",
)


@command.command("list")
@_of_bot
@_of_reason
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most letters shown.")
@here
@as_json
def list_(bot: str, reason: str | None, limit: int, home: Path | None, is_json: bool) -> None:
    """List dead letters, the newest first."""
    if bot:
        bot_in(state_at(home), bot)
    found_letters = _read(home, Wanted(bot, reason or ""), limit)
    lines = [
        f"{letter_id(one):14} {_when(one)}  {one.bot_id}  {one.reason}: {one.message}"
        for one in found_letters
    ]
    say([_shown(one) for one in found_letters], is_json, lines or ["no dead letters"])


@command.command()
@click.argument("letter")
@here
@as_json
def show(letter: str, home: Path | None, is_json: bool) -> None:
    """Show everything about the dead letter LETTER, the refused item included."""
    found_letters = _read(home, Wanted(ids=(letter,)), _MOST)
    if not found_letters:
        msg = f"There is no dead letter {letter!r}; `botpulse dead-letters list` shows them."
        raise BotpulseError(msg, "unknown_letter")
    shown = [_shown(one) for one in found_letters]
    say(shown, is_json, [f"{name:14} {value}" for one in shown for name, value in one.items() if value != ""])


@command.command()
@click.argument("letter", nargs=-1)
@_of_bot
@_of_reason
@click.option("--all", "is_all", is_flag=True, help="All there are.")
@here
@as_json
@click.pass_context
def replay(
    context: click.Context,
    /,
    letter: tuple[str, ...],
    bot: str,
    reason: str | None,
    is_all: bool,
    home: Path | None,
    is_json: bool,
) -> None:
    """
    Send the items of dead letters into raw-events again, after what refused them was mended.

    The letters themselves stay.  What is still refused becomes a new letter.  Doing it twice counts an event twice
    unless it has an id of its own (a platform's message id, `id` of /v1/events).
    """
    if not (letter or bot or reason or is_all):
        raise click.UsageError("name letters, or choose some with --bot or --reason, or say --all")
    state = state_at(home)
    if bot:
        bot_in(state, bot)
    deliveries: list[Delivery] = []
    skipped: list[Refusal] = []
    found_letters = _read(home, Wanted(bot, reason or "", letter), _MOST)
    unknown = sorted(set(letter) - {letter_id(one) for one in found_letters})
    if unknown:
        msg = f"There is no dead letter {', '.join(unknown)}; `botpulse dead-letters list` shows them."
        raise BotpulseError(msg, "unknown_letter")
    for one in found_letters:
        outcome = delivery_of(one, state.bots.get(one.bot_id))
        (skipped if isinstance(outcome, Refusal) else deliveries).append(outcome)  # type: ignore[arg-type]
    if deliveries:
        send_again(settings_at(home), deliveries)
    lines = [f"{len(deliveries)} items sent again"] + [f"left out: {one.message}" for one in skipped]
    say({"replayed": len(deliveries), "left_out": [one.message for one in skipped]}, is_json, lines)
    context.exit(1 if skipped else 0)


def _read(home: Path | None, wanted: Wanted, limit: int) -> list[DeadLetter]:
    with session(found(home=home)) as client:
        return letters(client, wanted, limit)


def _shown(letter: DeadLetter) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.structs.asdict(letter)
    return {"id": letter_id(letter)} | fields | {"received_at": _when(letter)}


def _when(letter: DeadLetter) -> str:
    return f"{datetime.fromtimestamp(letter.received_at / 1000, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
