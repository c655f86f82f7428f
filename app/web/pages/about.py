"""What every number on the pages means, in the words a person reads when they ask."""

from __future__ import annotations

from typing import Final

__all__ = ["ABOUT"]

_GROWTH: Final = (
    "The first percentage compares today so far with yesterday as a whole; the second the last two days that are over. "
    "A rise from zero shows no percentage."
)

ABOUT: Final[dict[str, tuple[str, ...]]] = {
    "active_users": (
        "Distinct users active in the day, week or month. Exact.",
        "A user is active when at least one incoming message or one custom event of theirs has its event time in the "
        "period. Receipts, typing and outgoing messages never make a user active. The same person on two bots is two "
        "users.",
    ),
    "active_users_7d": (
        "Distinct users active on any of the 7 days that end with today. Exact, and not a sum of days.",
    ),
    "active_users_30d": (
        "Distinct users active on any of the 30 days that end with today. Exact, and not a sum of days.",
        "Stickiness is the active users of a day divided by those of the 30 days that end with it.",
    ),
    "rolling": (
        "For each day: distinct users active on any of the 7 and 30 days that end with it. Exact.",
        "The lines move when somebody comes for the first time in that span, and when somebody's last visit leaves it.",
    ),
    "new_users": (
        "Users whose first active day is today.",
        "An earlier event that arrives late moves its user to the earlier day: the later day loses one.",
    ),
    "messages_in": (
        "Messages of users: text, media, stickers, locations, contacts, links, postbacks, quick replies, commands and "
        "voice intents.",
        "Typing, receipts, edits, reactions, joins and custom events are not messages.",
    ),
    "messages_out": ("Messages of the bot or of a human agent.",),
    "minutes": (
        "Messages of the last 60 minutes by the minute in which they happened, in and out.",
        "Events that arrive more than 48 hours late are counted in hours and days, not in minutes.",
    ),
    "sessions": (
        "Sessions that started today. A session is a run of a user's messages in both directions with no silence "
        "longer than the bot's session gap; a silence of exactly the gap stays inside.",
    ),
    "not_handled": (
        "Turns that the bot did not understand, as a share of incoming messages.",
        "A turn is an incoming message and the answers up to the user's next message. It is not handled when either "
        "side carries the intent NotHandled, a fallback marker of the platform's own, or a confidence below the bot's "
        "threshold. Counted once per turn.",
    ),
    "dashboards": (
        "Events that match a rule, counted as they come; or a number of this page under a name of its own. Today's is live, "
        "the bars are the last seven days, each from midnight in the bot's time zone.",
        "A rule counts from when it was made or changed, unless it was applied to what came before. One event may count on "
        "several dashboards.",
    ),
    "alerts": (
        "A number that is watched over a sliding window. It is pending while the number is bad but not yet for long enough, "
        "fires once, and is ok again when the number has been good for the cool-down.",
        "The number shown is the one that was seen when it fired, or became pending.",
    ),
    "intents": (
        "Incoming messages by the name of their intent, over the chosen range.",
        "The share is of all incoming messages with an intent.",
    ),
    "retention": (
        "Users by the period of their first activity, and how many of them were active again n periods later. "
        "Percentages are of all users of the row; the mean is weighted by size.",
        "Periods that are not over yet are marked and left out of the mean.",
    ),
    "transcript": (
        "A sample of what is being said now: at most five lines a second, from the moment this page opened, and the "
        "last lines before that.",
    ),
    "pipeline": (
        "Events pass web, normalise and track to the live numbers, and store to history. Lag is what a stage still "
        "has to do: events, and the age of the oldest of them. What waits is kept in the log; nothing is lost.",
    ),
    "growth": (_GROWTH,),
}
"""Paragraphs by number."""
