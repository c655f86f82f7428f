"""The part of the OpenAPI table on people: who they are, what they may do, and how they come to have a password."""

from __future__ import annotations

from typing import Final

from app.core.shown.people import PersonShown
from app.web.api import changing, links, me, people, roles, shapes
from app.web.api.routes import Parameter, Route
from app.web.auth.posting import HandedOver

__all__ = ["PEOPLE_ROUTES"]

_PEOPLE: Final = "/data/v1/people"
_PERSON: Final = "/data/v1/people/{id}"
_ME: Final = "/data/v1/me"
_OF_BOT: Final = "/data/v1/bots/{bot}/people"
_WHY: Final = (Parameter("why", f"The reason, for the history; at most {changing.LONGEST_WHY} characters."),)
_CHANGE: Final = (403, 409)

PEOPLE_ROUTES: Final = (
    Route(
        "POST", "/data/v1/reset", "sign in",
        "Ask for a link that sets a new password. The answer never tells whether the e-mail is known.",
        links.ResetAnswer, body=links.ResetWanted, statuses=(403, 429),
    ),
    Route(
        "POST", "/data/v1/set-password", "sign in", "Set the password by a link, which works once; the answer sets a cookie.",
        shapes.Success, body=links.PasswordWanted, statuses=(403, 429),
    ),
    Route("GET", _ME, "people", "Who has signed in.", PersonShown, "session", statuses=(403,)),
    Route("PATCH", _ME, "people", "Change the own name or time zone.", PersonShown, "session", body=me.MeChange, statuses=_CHANGE),
    Route(
        "POST", f"{_ME}/password", "people", "Change the own password; every other session ends.", shapes.Success,
        "session", body=me.PasswordChange, statuses=(*_CHANGE, 429),
    ),
    Route("POST", f"{_ME}/sign-out-everywhere", "people", "End every session, this one too.", shapes.Success, "session", statuses=(403,)),
    Route("GET", _PEOPLE, "people", "Everybody for administrators, people of their own bots for owners.", people.PersonList, "read", statuses=(403,)),
    Route(
        "POST", _PEOPLE, "people",
        "Invite somebody, or give roles to somebody known. Without a mail server the answer has the link to pass on.",
        people.Invited, "read", body=people.Invitation, statuses=_CHANGE, status=201,
    ),
    Route("GET", _PERSON, "people", "Somebody.", PersonShown, "read"),
    Route("PATCH", _PERSON, "people", "Change, disable or enable somebody; for administrators.", PersonShown, "read", body=people.PersonChange, statuses=_CHANGE),
    Route("DELETE", _PERSON, "people", "Remove somebody; for administrators.", PersonShown, "read", _WHY, statuses=(403, 409)),
    Route(
        "POST", f"{_PERSON}/link", "people",
        "Make a link that sets the password: mailed, or without a mail server told here. For administrators and owners.",
        HandedOver, "read", statuses=(403, 409),
    ),
    Route("GET", f"{_PERSON}/history", "people", "Who changed somebody, when and why, the newest first.", changing.History, "read", statuses=(403,)),
    Route("GET", _OF_BOT, "people", "People with a role in the bot; for its owners.", people.PersonList, "read", statuses=(403,)),
    Route("PUT", f"{_OF_BOT}/{{id}}", "people", "Give somebody a role in the bot; for its owners.", PersonShown, "read", body=roles.RoleWanted, statuses=_CHANGE),
    Route("DELETE", f"{_OF_BOT}/{{id}}", "people", "Take the role in the bot from somebody; for its owners.", PersonShown, "read", _WHY, statuses=(403, 409)),
)  # fmt: skip
