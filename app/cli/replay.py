"""
Rebuild everything that is derived from raw-events: events, counters, dead letters, state.

For after a reader of a platform was corrected, or when anything derived is in doubt.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from app.adapters.replaying import STAGES, losses, rebuild, refuse_while_running, wait_until_idle
from app.cli._registry import as_json, here, now_ms, say, settings_at
from app.config import Settings
from app.core.times import ACCEPTED_TIMES, parse_at
from app.errors import BotpulseError
from app.local.pausing import paused

__all__ = ["command"]

_NO_END: Final = (
    "a replay always goes on to the end of raw-events: what came after --to is accepted already and would be missing "
    "from every number; leave --to out, and ask series or SQL for the time up to then"
)


@click.command()
@click.option(
    "--from",
    "start",
    metavar="TIME",
    help="Only what was received from then on; everything before is given up.",
)
@click.option(
    "--to", "end", metavar="TIME", help="Refused: a replay always goes on to the end of raw-events."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@here
@as_json
def command(start: str | None, end: str | None, yes: bool, home: Path | None, is_json: bool) -> None:
    """
    Rebuild everything that is derived from raw-events.

    Numbers are incomplete until all of it has been read again.  Events are accepted meanwhile.  Where `botpulse up`
    runs, its workers are stopped and started again; elsewhere they must be stopped before.

    \b
    Examples:
      botpulse replay
      botpulse replay --from 2024-05-27T12:00:00Z --yes
    """
    if end is not None:
        raise BotpulseError(_NO_END, "no_end")
    settings = settings_at(home)
    from_ms = _instant(start)
    if not yes:
        click.confirm(_question(settings, from_ms), abort=True, err=True)
    began = time.monotonic()
    with paused(settings, STAGES, _tell) as is_paused:
        if not is_paused:
            refuse_while_running(settings, now_ms)
        wait_until_idle(settings)
        records = rebuild(settings, from_ms, _tell)
    next_step = "the workers run again" if is_paused else "start the workers again"
    answer = {"records": records, "workers_started": is_paused, "seconds": round(time.monotonic() - began, 2)}
    say(answer, is_json, [f"{records} records of raw-events are to be read again; {next_step}"])


def _instant(text: str | None) -> int | None:
    at = parse_at(text) if text else None
    if text and at is None:
        msg = f"{text!r} is no time; write {ACCEPTED_TIMES}"
        raise click.UsageError(msg)

    return at


def _question(settings: Settings, from_ms: int | None) -> str:
    loss = losses(settings, from_ms)
    words = "All numbers, events and dead letters are removed and made again from raw-events."
    if loss.events:
        begin = f"{datetime.fromtimestamp(loss.begins_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
        words += f" {loss.events} events were received before {begin}, where that begins: they will be LOST."

    return f"{words} Go on?"


def _tell(words: str) -> None:
    click.echo(words, err=True)
