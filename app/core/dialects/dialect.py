"""What a way in has to offer: a check for the web process and a reader for normalise."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import NamedTuple

from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.context import Context, context_for

__all__ = ["Dialect", "check_by_reading"]


class Dialect(NamedTuple):
    """
    One way in.

    `check(item, platform, type)` is for the sender's ears, before anything is kept: it refuses an item of which
    `read(item, context)` would make nothing but rejections.  Where it read the item to know, it returns what it read,
    for the links in it; None says no more than that the item is fit.
    `secrets` are the paths of credentials that clients of this way send along (see redact.py).
    """

    check: Callable[[bytes, str, str], Outcome | Rejection | None]
    read: Callable[[bytes, Context], Outcome]
    secrets: tuple[str, ...] = ()


def check_by_reading(
    read: Callable[[bytes, Context], Outcome], dialect: str, unfit: Container[Reason] = frozenset(Reason)
) -> Callable[[bytes, str, str], Outcome | Rejection | None]:
    """
    Return a check that reads: a body of which some part can be read is taken.

    Of the others those are refused whose first reason is in *unfit*; the rest become dead letters.  So does a body on
    which the reader fails: a bug of ours costs no event, it is read again when it is mended.
    """

    def check(item: bytes, platform: str = "", type: str = "") -> Outcome | Rejection | None:
        try:
            outcome = read(item, context_for(dialect, platform, type))
        except Exception:  # noqa: BLE001  see above
            return None
        if not outcome.events and outcome.rejections and outcome.rejections[0].reason in unfit:
            return outcome.rejections[0]

        return outcome

    return check
