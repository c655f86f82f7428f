"""
Generations of a bot's numbers: what it is called that is counted, where a bot is counted in more ways than one.

When the settings that cut a bot's numbers change, they are counted anew as the next generation, and that one takes the place
of the one before once it is whole (app/core/recounting.py).  In state and in `counters` the bot's id then says which it is:

    pizza      generation 0, as the bot was made
    pizza~2    generation 2
"""

from __future__ import annotations

from typing import Final

__all__ = ["MARK", "bot_in", "counted_as", "generation_of"]

MARK: Final = "~"
"""No bot's id has it."""


def counted_as(bot: str, generation: int) -> str:
    """Return the name under which a generation of *bot* is counted."""
    return f"{bot}{MARK}{generation}" if generation else bot


def bot_in(name: str) -> str:
    """Return the bot that is counted as *name*."""
    return name.partition(MARK)[0]


def generation_of(name: str) -> int:
    """Return which generation is counted as *name*; ValueError if it is nobody's name."""
    _, mark, number = name.partition(MARK)

    return int(number) if mark else 0
