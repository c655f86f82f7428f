"""Names of bots, keys, dashboards and alerts: they stand in lists, mails and terminals, so a name is one line that can be seen."""

from __future__ import annotations

from typing import Final

from app.core.refusal import Refusal

__all__ = ["LONGEST_NAME", "fault_of_name"]

LONGEST_NAME: Final = 200
_JOINERS: Final = str.maketrans("", "", "\u200c\u200d")
"""They show nothing by themselves, but Persian words and many emoji are spelled with them."""


def fault_of_name(name: str, whose: str, least: int = 1) -> Refusal | None:
    """Return what is wrong with *name*; *whose* it is starts the sentence (`A bot's`)."""
    seen = name.translate(_JOINERS)
    if len(seen.strip()) >= least and len(name) <= LONGEST_NAME and seen.isprintable():
        return None
    message = f"{whose} name has {least} to {LONGEST_NAME} characters, all of them on one line."
    return Refusal("bad_name", message, "name")
