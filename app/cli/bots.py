"""
Create, list, show, change, archive, restore and delete bots.

Keys are shown once, when the bot is created.
"""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Any, Literal

import click

from app.adapters.reader import Reader
from app.adapters.recount_tables import loss
from app.adapters.removing import kept_until
from app.cli._registry import (
    as_json,
    because,
    change,
    fields_of,
    here,
    new_key,
    now_ms,
    refused_or,
    say,
    settings_at,
    state_at,
    table,
    tell_history,
)
from app.config import Settings
from app.core.commands.bots import (
    archive_bot,
    bot_id,
    change_bot,
    create_bot,
    no_bot,
    parse_gap,
    reporting_of,
    restore_bot,
)
from app.core.commands.removal import remove_bot
from app.core.refusal import Refusal
from app.core.registry import Bot, State
from app.core.shown import bot_shown, removal_shown

__all__ = ["bot_in", "command"]


@click.group()
def command() -> None:
    """
    Create, list, show, change, archive, restore and delete bots.

    \b
    Examples:
      botpulse bots create --name "Pizza bot" --platform facebook --time-zone Europe/Rome
      botpulse bots set pizza-bot-x1y2 --name "Pasta bot" --why "we do pasta now"
      botpulse bots history pizza-bot-x1y2
    """


def bot_in(state: State, bot: str) -> Bot:
    """Return a bot, or refuse."""
    return refused_or(state.bots.get(bot) or no_bot(bot))


@command.command()
@click.option("--name", required=True, help="What people call it.")
@click.option("--platform", default="generic", show_default=True, help="Where it lives: facebook, slack, ...")
@click.option("--more-platform", multiple=True, help="Where it lives, too; may be repeated.")
@click.option(
    "--time-zone", "zone", default="UTC", show_default=True, help="IANA time zone in which days are cut."
)
@click.option(
    "--session-gap", "gap", default="15m", show_default=True, help="Longest silence inside a session."
)
@click.option("--week-start", type=click.Choice(["monday", "sunday"]), default="monday", show_default=True)
@click.option("--confidence-threshold", type=float, help="Below it an intent counts as not handled.")
@click.option("--id", "chosen_id", help="Its id; made of the name if left out.")
@because
@here
@as_json
def create(
    name: str,
    platform: str,
    more_platform: tuple[str, ...],
    zone: str,
    gap: str,
    week_start: Literal["monday", "sunday"],
    confidence_threshold: float | None,
    chosen_id: str | None,
    why: str,
    home: Path | None,
    is_json: bool,
) -> None:
    """Create a bot with an ingest key and a read key."""
    reporting = refused_or(reporting_of(zone, gap, week_start, confidence_threshold))
    identifier = chosen_id or bot_id(name, secrets.randbits(64))
    bot = Bot(identifier, name, platform, now_ms(), reporting, more_platforms=more_platform)
    ingest, ingest_text = new_key("ingest", identifier)
    read, read_text = new_key("read", identifier)
    change(home, lambda state: create_bot(state, bot, (ingest, read)), why)
    answer = {"bot": identifier, "ingest_key": ingest_text, "read_key": read_text}
    lines = [f"bot         {identifier}", f"ingest key  {ingest_text}", f"read key    {read_text}"]
    say(answer, is_json, [*lines, "The keys are shown only now."])


@command.command("list")
@here
@as_json
def list_(home: Path | None, is_json: bool) -> None:
    """List the bots."""
    state = state_at(home)
    bots = sorted(state.bots.values(), key=lambda bot: (bot.created_at, bot.id))
    lines = table([(bot.id, bot.name, bot.platform, "archived" if bot.archived_at else "") for bot in bots])
    nothing = ["no bots yet; `botpulse bots create --name ...` makes one"]
    say([bot_shown(bot, state) for bot in bots], is_json, lines or nothing)


@command.command()
@click.argument("bot")
@here
@as_json
def show(bot: str, home: Path | None, is_json: bool) -> None:
    """Show the settings of BOT."""
    state = state_at(home)
    shown = bot_shown(bot_in(state, bot), state)
    say(shown, is_json, fields_of(shown))


@command.command("set")
@click.argument("bot")
@click.option("--name", help="What people call it.")
@click.option("--platform", help="Where it lives: facebook, slack, ...")
@click.option("--more-platform", "more_platforms", multiple=True, help="Where it lives, too; names them all.")
@click.option("--confidence-threshold", type=float, help="Below it an intent counts as not handled.")
@click.option("--time-zone", "zone", help="IANA time zone in which days are cut.")
@click.option("--session-gap", "gap", help="Longest silence inside a session: 30m, 900s, 1h.")
@click.option("--week-start", type=click.Choice(["monday", "sunday"]))
@click.option(
    "--accept-loss",
    is_flag=True,
    help="Numbers may go whose events are no longer stored, where all are counted anew.",
)
@because
@here
@as_json
def set_(
    bot: str,
    gap: str | None,
    accept_loss: bool,
    why: str,
    home: Path | None,
    is_json: bool,
    **values: object,
) -> None:
    """
    Change settings of BOT.

    A new time zone, week start or session gap holds once all numbers were counted anew, which the running system does by
    itself; until then the old ones are shown, and `botpulse bots show` tells how far it is.
    """
    changes: dict[str, Any] = {name: value for name, value in values.items() if value not in (None, ())}
    if gap is not None:
        fault = Refusal("bad_gap", f"{gap!r} is no session gap: write 30m, 900s or 1h, at most 24h.")
        changes["session_gap_s"] = refused_or(parse_gap(gap) or fault)
    if not changes:
        raise click.UsageError("name something to change, such as --name")
    state = state_at(home)
    refused_or(change_bot(state, bot, changes))
    before = state.bots.get(bot)
    if before is not None and not accept_loss:
        refused_or(asyncio.run(_loss(settings_at(home), before, changes)))
    after = change(home, lambda state: change_bot(state, bot, changes), why)
    is_recounted = after.bots[bot].recounting is not None
    say(
        bot_shown(after.bots[bot], after),
        is_json,
        [
            f"{bot} changed; its numbers are counted anew, until then the old ones are shown"
            if is_recounted
            else f"{bot} changed"
        ],
    )


@command.command()
@click.argument("bot")
@because
@here
@as_json
def archive(bot: str, why: str, home: Path | None, is_json: bool) -> None:
    """Archive BOT: it takes no events any more; what was counted stays."""
    when = now_ms()
    after = change(home, lambda state: archive_bot(state, bot, when), why)
    say(
        bot_shown(after.bots[bot], after),
        is_json,
        [f"{bot} is archived: it takes no events any more, its data stay"],
    )


@command.command()
@click.argument("bot")
@click.option("--confirm", help="The bot's name or id once more; asked for if left out.")
@because
@here
@as_json
def delete(bot: str, confirm: str | None, why: str, home: Path | None, is_json: bool) -> None:
    """Delete BOT, which is archived, with all its data, for good."""
    if confirm is None:
        confirm = str(click.prompt(f"Everything of {bot} will be gone; type its name or id", err=True))
    settings, when = settings_at(home), now_ms()
    until = kept_until(settings, when)
    after = change(home, lambda state: remove_bot(state, bot, confirm, when, until), why)
    _say_removal(after, bot, is_json)


@command.command()
@click.argument("bot")
@here
@as_json
def removal(bot: str, home: Path | None, is_json: bool) -> None:
    """Tell how far the deletion of BOT is."""
    _say_removal(state_at(home), bot, is_json)


@command.command()
@click.argument("bot")
@because
@here
@as_json
def restore(bot: str, why: str, home: Path | None, is_json: bool) -> None:
    """Let BOT, which is archived, take events again."""
    after = change(home, lambda state: restore_bot(state, bot), why)
    say(bot_shown(after.bots[bot], after), is_json, [f"{bot} takes events again"])


@command.command()
@click.argument("bot")
@here
@as_json
def history(bot: str, home: Path | None, is_json: bool) -> None:
    """Tell who changed BOT, when and why."""
    tell_history(home, "bot", bot, is_json)


async def _loss(settings: Settings, bot: Bot, changes: dict[str, Any]) -> Refusal | None:
    reader = Reader(settings, threads=1)
    try:
        return await loss(reader, bot, changes)
    finally:
        reader.close()


def _say_removal(state: State, bot: str, is_json: bool) -> None:
    shown = refused_or(removal_shown(state, bot))
    lines = [
        f"{bot} is deleted; its data " + ("are gone" if shown.finished_at else "go while the system runs")
    ]
    lines += [f"  {count:>12} {name}" for name, count in shown.removed.items() if count]
    say(shown, is_json, [*lines, f"raw events leave the broker by {shown.raw_events_until}"])
