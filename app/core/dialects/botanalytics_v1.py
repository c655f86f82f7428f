"""
Botanalytics' first interface, `/v1/...`: which platform a body is of stands in the path (`route`).

    messages, incoming, outgoing, event, interactive   a message as the platform has it, in v1's wrappers or bare
    profile      what is known of a user
    initialize   Slack's answer to `rtm.start`: who the bot is, and with whom its direct channels are
    settings     where the live chat tells the bot to pause

`nlu_payload` beside any message is what understood it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from app.core.bodies import object_of
from app.core.dialects.botanalytics_v1_bodies import read_message
from app.core.dialects.botanalytics_v1_nlu import add_nlu
from app.core.dialects.botanalytics_v1_profile import read_profile, read_settings
from app.core.dialects.botanalytics_v1_routes import INITIALIZE, PROFILE, SETTINGS, route
from app.core.dialects.dialect import Dialect, check_by_reading
from app.core.outcome import Outcome, Rejection
from app.core.platforms.context import Context
from app.core.platforms.slack import read_connect

__all__ = ["BOTANALYTICS_V1", "route"]


def read(item: bytes, context: Context) -> Outcome:
    """Read a body of v1."""
    body = object_of(item)
    if isinstance(body, Rejection):
        return Outcome([], [body])
    other = _OTHERS.get(context.type)
    if other is not None:
        return other(body, context)
    nlu = body.pop("nlu_payload", None)
    outcome = read_message(body, context)
    if nlu is not None:
        add_nlu(outcome, nlu, context)

    return outcome


BOTANALYTICS_V1: Final = Dialect(
    check_by_reading(read, "botanalytics-v1"),
    read,
    (
        "token",
        "**.fb_token",
        "**.platform_token",
        "**.apiKey",
        "**.apiAccessToken",
        "**.auth_token",
        "**.authorization_code",
        "**.X-Viber-Auth-Token",
    ),
)

_OTHERS: Final[dict[str, Callable[[dict[str, Any], Context], Outcome]]] = {
    PROFILE: read_profile,
    INITIALIZE: read_connect,
    SETTINGS: read_settings,
}
