"""
The platforms' own shapes. To add one: a file here with a reader, and an entry below.

A reader takes a body and what is known besides, and returns every event that the body holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from app.core.outcome import Outcome
from app.core.platforms import facebook, generic, twitter
from app.core.platforms.context import Context

__all__ = ["PLATFORMS", "Reader"]

Reader = Callable[[dict[str, Any], Context], Outcome]

PLATFORMS: Final[dict[str, Reader]] = {
    "facebook": facebook.read,
    "twitter": twitter.read,
    # no shape of their own in Dashbot's SDKs: a text and a user
    "botcopy": generic.read,
    "generic": generic.read,
    "line": generic.read,
    "recast": generic.read,
    "skype": generic.read,
    "sms": generic.read,
    "universal": generic.read,
    "viber": generic.read,
    "webchat": generic.read,
    "wechat": generic.read,
}
