"""
Create, list, show, change and archive bots.

Keys are shown once, when the bot is created.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, Literal

import click

from app.cli._registry import append, as_json, here, new_key, now_ms, refused_or, say, state_at, who
from app.core.bots import archive_bot, bot_id, change_bot, create_bot, create_key, reporting_of
from app.core.registry import Bot, Fact, State
from app.errors import BotpulseError

__all__ = ["command"]


@click.group()
def command() -> None:
    """
    Create, list, show, change and archive bots.

    \b
    Example:
      botpulse bots create --name "Pizza bot" --platform facebook --time-zone Europe/Rome
    """


@command.command()
@click.option("--name", required=True, help="What people call it.")
@click.option("--platform", default="generic", show_default=True, help="Where it lives: facebook, slack, ...")
@click.option(
    "--time-zone", "zone", default="UTC", show_default=True, help="IANA time zone in which days are cut."
)
@click.option(
    "--session-gap", "gap", default="15m", show_default=True, help="Longest silence inside a session."
)
@click.option("--week-start", type=click.Choice(["monday", "sunday"]), default="monday", show_default=True)
@click.option("--confidence-threshold", type=float, help="Below it an intent counts as not handled.")
@click.option("--id", "chosen_id", help="Its id; made of the name if left out.")
@here
@as_json
def create(
    name: str,
    platform: str,
    zone: str,
    gap: str,
    week_start: Literal["monday", "sunday"],
    confidence_threshold: float | None,
    chosen_id: str | None,
    home: Path | None,
    is_json: bool,
) -> None:
    """Create a bot with an ingest key and a read key."""
    reporting = refused_or(reporting_of(zone, gap, week_start, confidence_threshold))
    identifier = chosen_id or bot_id(name, secrets.randbits(64))
    bot = Bot(identifier, name, platform, now_ms(), reporting)
    ingest, ingest_text = new_key("ingest", identifier)
    read, read_text = new_key("read", identifier)

    def decide(state: State) -> list[Fact]:
        created = refused_or(create_bot(state, bot, who()))
        after = State(bots={identifier: bot})
        return [created, *(refused_or(create_key(after, key, who())) for key in (ingest, read))]

    append(home, decide)
    answer = {"bot": identifier, "ingest_key": ingest_text, "read_key": read_text}
    lines = [f"bot         {identifier}", f"ingest key  {ingest_text}", f"read key    {read_text}"]
    say(answer, is_json, [*lines, "The keys are shown only now."])


@command.command("list")
@here
@as_json
def list_(home: Path | None, is_json: bool) -> None:
    """List the bots."""
    bots = sorted(state_at(home).bots.values(), key=lambda bot: bot.created_at)
    lines = [f"{bot.id}  {bot.name}  {bot.platform}{'  archived' if bot.archived_at else ''}" for bot in bots]
    say(
        [_shown(bot) for bot in bots],
        is_json,
        lines or ["no bots yet; `botpulse bots create --name ...` makes one"],
    )


@command.command()
@click.argument("bot")
@here
@as_json
def show(bot: str, home: Path | None, is_json: bool) -> None:
    """Show the settings of BOT."""
    found = state_at(home).bots.get(bot)
    if found is None:
        msg = f"There is no bot {bot!r}; `botpulse bots list` shows them."
        raise BotpulseError(msg, "unknown_bot")
    shown = _shown(found)
    say(shown, is_json, [f"{name:22}{value}" for name, value in shown.items()])


@command.command("set")
@click.argument("bot")
@click.option("--name", help="What people call it.")
@click.option("--platform", help="Where it lives: facebook, slack, ...")
@click.option("--confidence-threshold", type=float, help="Below it an intent counts as not handled.")
@click.option("--time-zone", "zone", help="Cannot be changed: its numbers are cut by it.")
@click.option("--session-gap", "session_gap_s", help="Cannot be changed: its numbers are cut by it.")
@click.option("--week-start", help="Cannot be changed: its numbers are cut by it.")
@here
@as_json
def set_(bot: str, home: Path | None, is_json: bool, **values: object) -> None:
    """Change the name, platform or confidence threshold of BOT."""
    changes = {name: value for name, value in values.items() if value is not None}
    if not changes:
        raise click.UsageError("name something to change, such as --name")
    after = append(home, lambda state: [refused_or(change_bot(state, bot, changes, now_ms(), who()))])
    say(_shown(after.bots[bot]), is_json, [f"{bot} changed"])


@command.command()
@click.argument("bot")
@here
@as_json
def delete(bot: str, home: Path | None, is_json: bool) -> None:
    """Archive BOT: it takes no events any more; what was counted stays."""
    after = append(home, lambda state: [refused_or(archive_bot(state, bot, now_ms(), who()))])
    say(_shown(after.bots[bot]), is_json, [f"{bot} is archived: it takes no events any more, its data stay"])


def _shown(bot: Bot) -> dict[str, Any]:
    return {
        "bot": bot.id,
        "name": bot.name,
        "platform": bot.platform,
        "time_zone": bot.reporting.zone,
        "week_start": bot.reporting.week_start,
        "session_gap_s": bot.reporting.session_gap_s,
        "confidence_threshold": bot.reporting.confidence_threshold,
        "created_at": bot.created_at,
        "archived_at": bot.archived_at,
    }
