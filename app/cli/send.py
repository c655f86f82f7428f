"""
Send one message, to see it arrive.

With a key it goes the way every client goes, through the web process; without one it is written straight to
raw-events, which needs access to the broker.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import msgspec
import requests

from app.adapters.edge import BatchingEdge, Limits
from app.adapters.raw_log import RawLog
from app.cli._registry import as_json, here, now_ms, say, settings_at, state_at
from app.cli._settings import found
from app.config import Settings
from app.core.deliveries import Delivery
from app.core.outcome import Rejection
from app.core.redact import prepare
from app.core.registry import Bot
from app.errors import BotpulseError
from app.web.place import recorded_url

__all__ = ["command"]

_TIMEOUT_S = 15


@click.command()
@click.option("--bot", required=True, help="The bot's id.")
@click.option("--user", required=True, help="Who says it.")
@click.option("--text", required=True, help="What is said.")
@click.option("--direction", type=click.Choice(["in", "out"]), default="in", show_default=True)
@click.option(
    "--key", envvar="BOTPULSE_INGEST_KEY", help="Ingest key (BOTPULSE_INGEST_KEY); without it: the broker."
)
@here
@as_json
def command(
    bot: str, user: str, text: str, direction: str, key: str | None, home: Path | None, is_json: bool
) -> None:
    """
    Send one message, to see it arrive.

    \b
    Example:
      botpulse send --bot pizza-bot-x1y2 --user anna --text "two margheritas"
    """
    item = msgspec.json.encode({"user": user, "text": text, "direction": direction})
    if key:
        settings = found(home=home)
        url = recorded_url(settings) or f"http://{settings.host}:{settings.port}"
        say({"way": "web", "url": url, **_post(url, key, item)}, is_json, [f"sent through {url}"])
    else:
        _write(settings_at(home), _live(home, bot), item)
        say({"way": "raw-events", "accepted": 1}, is_json, ["no key given: written straight to raw-events"])


def _post(url: str, key: str, item: bytes) -> dict[str, object]:
    try:
        answer = requests.post(
            f"{url}/v1/events",
            data=item,
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            timeout=_TIMEOUT_S,
        )
    except requests.RequestException as error:
        msg = f"no web process answers at {url}; start it with `botpulse up`"
        raise BotpulseError(msg, "not_running") from error
    body: dict[str, object] = answer.json()
    if answer.status_code != requests.codes.ok:
        fault = msgspec.convert(body["error"], dict[str, str])
        raise BotpulseError(fault["message"], fault["code"])
    return body


def _live(home: Path | None, bot: str) -> Bot:
    found = state_at(home).bots.get(bot)
    if found is None or found.archived_at is not None:
        msg = f"There is no bot {bot!r} that takes events; `botpulse bots list` shows them."
        raise BotpulseError(msg, "unknown_bot")
    return found


def _write(settings: Settings, bot: Bot, item: bytes) -> None:
    prepared = prepare("native", bot.platform, item)
    if isinstance(prepared, Rejection):
        raise BotpulseError(prepared.message, prepared.reason)
    delivery = Delivery(
        bot=bot.id,
        way="native",
        received_at=now_ms(),
        items=[msgspec.Raw(prepared.item)],
        platform=bot.platform,
        sdk="botpulse send",
        reporting=bot.reporting,
    )
    asyncio.run(_deliver(settings, delivery))


async def _deliver(settings: Settings, delivery: Delivery) -> None:
    edge = BatchingEdge(RawLog(settings), Limits.of(settings))
    await edge.start()
    try:
        await edge.accept(delivery)
    finally:
        await edge.stop()
