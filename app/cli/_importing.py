"""What the commands that import share: the broker and the registry for as long as it takes, and the wait after it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from app.adapters.catching_up import catch_up
from app.adapters.importing import Chunks, Importer, Sent
from app.adapters.raw_log import RawLog
from app.adapters.raw_reading import sent_after
from app.adapters.registry import KafkaRegistry
from app.cli._progress import progress
from app.cli._registry import now_ms
from app.config import Settings
from app.core.registry import Bot, State
from app.errors import BotpulseError

__all__ = ["live_bot", "send_import", "wait_until_counted"]


def send_import(
    settings: Settings,
    bot: str,
    import_id: str,
    chunks_of: Callable[[Bot], Chunks],
    tell: Callable[[int], None],
) -> Sent:
    """Import for *bot* what *chunks_of* makes for it."""
    return asyncio.run(_send(settings, bot, import_id, chunks_of, tell))


def wait_until_counted(settings: Settings) -> float:
    """Return how many seconds it took until everything sent so far was counted and stored."""
    began = time.monotonic()
    most: dict[str, int] = {}
    with progress("counting") as shown:

        def tell(group: str, records: int) -> None:
            whole = most[group] = max(most.get(group, 1), records)
            shown(f"{group}: {records} of {whole} records to go", 1 - records / whole)

        catch_up(settings, tell)

    return time.monotonic() - began


def live_bot(state: State, bot: str) -> Bot:
    """Return *bot*, which must take events."""
    found = state.bots.get(bot)
    if found is None or found.archived_at is not None:
        msg = f"There is no bot {bot!r} that takes events; `botpulse bots list` shows them."
        raise BotpulseError(msg, "unknown_bot")

    return found


async def _send(
    settings: Settings,
    bot: str,
    import_id: str,
    chunks_of: Callable[[Bot], Chunks],
    tell: Callable[[int], None],
) -> Sent:
    registry = KafkaRegistry(settings.kafka)
    await registry.start()
    log = RawLog(settings)
    try:
        found = live_bot(registry.state, bot)
        await log.start()
        importer = Importer(log, registry, sent_after(settings), now_ms)
        return await importer.run(found, import_id, chunks_of(found), tell)
    finally:
        await log.stop()
        await registry.stop()
