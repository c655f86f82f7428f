"""The demo's bot and its ingest key: made the first time, found again afterwards."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from app.adapters.ids import new_id
from app.adapters.registry import transact
from app.config import Settings
from app.core.api_keys import hash_of, key_text
from app.core.commands.bots import create_bot
from app.core.commands.keys import create_key
from app.core.events import Reporting
from app.core.refusal import Refusal
from app.core.registry import Bot, Fact, Key, State
from app.errors import BotpulseError
from app.ports import Clock

__all__ = ["BOT", "demo_account"]

BOT: Final = "demo"
_WHO: Final = "demo"


def demo_account(settings: Settings, clock: Clock) -> tuple[Bot, str]:
    """Return the demo bot and its ingest key, which is kept in HOME/secrets/demo.key."""
    path = settings.home / "secrets" / "demo.key"
    kept = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    made: list[str] = []

    def decide(state: State) -> list[Fact] | Refusal:
        known = state.key_by_hash.get(hash_of(kept))
        if BOT in state.bots and known is not None and known.is_valid(clock()):
            return []
        if f"bot:{BOT}" in state.removed:
            return Refusal(
                "bot_deleted", "the demo bot was deleted; start without it: `botpulse up --no-demo`"
            )
        made[:] = [key_text("ingest", secrets.randbits(256))]
        key = Key(new_id("k"), "ingest", hash_of(made[0]), clock(), BOT)
        if BOT in state.bots:
            return create_key(state, key)
        return create_bot(
            state, Bot(BOT, "Demo bot", "generic", clock(), Reporting(session_gap_s=300)), (key,)
        )

    bot = transact(settings.kafka, decide, _WHO).bots[BOT]
    if bot.archived_at is not None:
        msg = "the demo bot is archived; start without it: `botpulse up --no-demo`"
        raise BotpulseError(msg, "bot_archived")
    if made:
        _keep(path, made[0])

    return bot, made[0] if made else kept


def _keep(path: Path, key: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = path.with_suffix(".new")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key)
    scratch.replace(path)
