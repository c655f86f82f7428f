"""
Run a demo bot: a history of 45 days the first time, then live traffic until it is stopped.

Everything is made up, from a seed: people, their habits, what they say.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import click
import orjson

from app.cli._importing import send_import
from app.cli._registry import as_json, here, now_ms, say, settings_at
from app.config import Settings
from app.core.calendar import DAY_MS
from app.core.importing import Chunk, chunked
from app.demo.account import BOT, demo_account
from app.demo.sender import Sender
from app.demo.traffic import HISTORY_DAYS, Live, history, recent
from app.web.place import recorded_url

__all__ = ["command"]

_TICK_S = 0.2


@click.command()
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    default=2,
    show_default=True,
    help="Messages a second.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Other seeds, other people.")
@click.option("--once", type=click.IntRange(1), metavar="N", help="Send N messages and stop.")
@here
@as_json
def command(rate: float, seed: int, once: int | None, home: Path | None, is_json: bool) -> None:
    """
    Run a demo bot with made-up traffic.

    The first time it creates the bot `demo` and imports 45 days of history.

    \b
    Examples:
      botpulse demo
      botpulse demo --rate 100
      botpulse demo --once 500
    """
    settings = settings_at(home)
    bot, key = demo_account(settings, now_ms)
    imported = _import_history(settings, seed, bot.created_at)
    sender = Sender(
        recorded_url(settings) or f"http://{settings.host}:{settings.port}", key, 60 if once else None
    )
    if once:
        sender.send(recent(seed, now_ms(), once))
        say({"bot": BOT, "history": imported, "sent": once}, is_json, [f"{once} messages of {BOT} sent"])
        return
    live = Live(seed, rate, bot.created_at // DAY_MS - HISTORY_DAYS, now_ms())
    while True:
        sender.send(live.due(now_ms()))
        time.sleep(_TICK_S)


def _import_history(settings: Settings, seed: int, end_ms: int) -> int:
    """Import what was before the bot was made, unless that was done; return how many messages."""

    def chunks(rows_done: int) -> Iterator[Chunk]:
        rows = enumerate(map(orjson.dumps, history(seed, end_ms)), 1)
        return chunked(itertools.islice(rows, rows_done, None))

    return send_import(settings, BOT, "demo-history", lambda _bot: chunks, lambda _rows: None).events
