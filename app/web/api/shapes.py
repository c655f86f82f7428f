"""What answers look like, for the OpenAPI document; tests hold every real answer against these."""

from __future__ import annotations

from typing import Any

import msgspec

from app.core.retention import Cohort, Overall

__all__ = [
    "BotmetricsRefused",
    "Conversation",
    "EventPage",
    "EventShown",
    "Installed",
    "Instance",
    "InstanceState",
    "LiveCell",
    "LiveCells",
    "Login",
    "Problem",
    "Ready",
    "Rejected",
    "Retention",
    "Series",
    "ShortLinkMade",
    "ShortLinkWanted",
    "Success",
    "Table",
    "Taken",
    "Token",
    "TrackRefused",
    "Tracked",
    "UserPage",
    "UserShown",
    "UserWithEvents",
    "V1Refused",
    "V1Taken",
    "V2Refused",
]


class Fault(msgspec.Struct, omit_defaults=True):
    """`code` for machines, `message`: what is wrong and what to do, `field`: where, `request_id`: as in the log."""

    code: str
    message: str
    request_id: str
    field: str = ""


class Problem(msgspec.Struct):
    """Why there is no answer."""

    error: Fault


class Rejected(msgspec.Struct):
    """An item that was not taken: its place in the request, the reason and what to do."""

    index: int
    reason: str
    message: str


class Taken(msgspec.Struct, omit_defaults=True):
    """Events the broker has acknowledged, and those that were refused."""

    success: bool
    request_id: str
    accepted: int = 0
    rejected: list[Rejected] = []


class TrackRefused(msgspec.Struct):
    """As Dashbot's clients read it."""

    success: bool
    errors: list[dict[str, str]]
    request_id: str


class V1Taken(msgspec.Struct, omit_defaults=True):
    """Messages the broker has acknowledged; `warnings` says of those that were refused why."""

    success: bool
    request_id: str
    warnings: list[str] = []


class V1Refused(msgspec.Struct):
    """As Botanalytics' clients read it: the first sentence, and all of them."""

    success: bool
    error_message: str
    errors: list[str]
    warnings: list[str]
    request_id: str


class V2Refused(msgspec.Struct):
    """As the clients of Botanalytics v2 read it."""

    success: bool
    errors: list[str]
    warnings: list[str]
    request_id: str


class Tracked(msgspec.Struct):
    """What Botmetrics' clients track: `event` is the platform's body as JSON text."""

    event: str
    format: str = "json"


class Token(msgspec.Struct, omit_defaults=True):
    """The token of an installation, the bot's name there, and since when it is there, in seconds."""

    token: str
    uid: str = ""
    created_at: int = 0


class Installed(msgspec.Struct):
    """An installation of a bot."""

    instance: Token


class Instance(msgspec.Struct):
    """The number of an installation, always the same for its token."""

    id: int


class InstanceState(msgspec.Struct):
    """`enabled` as soon as it is registered, until somebody says otherwise."""

    state: str


class InstanceChanged(msgspec.Struct):
    """The installation with its new token."""

    id: int
    state: str


class DashboardNumbers(msgspec.Struct):
    """
    Numbers by the start of their period, or one for all time; `count` is that of the present period.

    `growth` is that of the last two complete periods: -1 is a fall to zero, null a rise from it.
    """

    growth: float | None
    count: int
    data: dict[str, int] | int


class ShortLinkWanted(msgspec.Struct):
    """Where a link leads, and whom."""

    url: str
    user_id: str


class ShortLinkMade(msgspec.Struct):
    """The link to give to the user."""

    url: str


class BotmetricsRefused(msgspec.Struct):
    """As Botmetrics' clients read it: each call looks for another name."""

    error: str
    errors: list[str]
    message: str
    request_id: str


class Login(msgspec.Struct):
    """Who signs in."""

    email: str
    password: str


class Success(msgspec.Struct):
    """Done."""

    success: bool


class Point(msgspec.Struct):
    """A period's number. `start` is a local date, or an instant with its offset for hours and minutes."""

    start: str
    value: float | None
    complete: bool


class Group(msgspec.Struct):
    """The points of one key."""

    key: str
    points: list[Point]


class Series(msgspec.Struct, omit_defaults=True):
    """One number over time; every period is there. With `by` it has `groups`, the highest totals first, at most 100."""

    measure: str
    window: str
    zone: str
    updated_at: str | None
    filter: dict[str, str] = {}
    points: list[Point] = []
    by: str = ""
    groups: list[Group] = []


class Retention(msgspec.Struct):
    """Cohorts and the mean over them."""

    period: str
    mode: str
    zone: str
    updated_at: str | None
    cohorts: list[Cohort]
    overall: list[Overall]


class EventShown(msgspec.Struct):
    """An event, its fields called as in the table `bot_events`."""

    event_id: str
    user_id: str
    at: str
    received_at: str
    direction: str
    kind: str
    text: str
    intent: str
    intent_confidence: float | None
    not_handled: bool
    platform: str
    conversation_id: str
    session_id: str
    message_id: str
    event_name: str
    amount: float | None
    currency: str
    locale: str
    attributes: dict[str, str]
    user_attributes: dict[str, str]
    warnings: list[str]
    dialect: str
    sdk: str
    raw_partition: int
    raw_offset: int
    raw_index: int


class EventPage(msgspec.Struct):
    """Newest first. Without `next_cursor` it was the last page."""

    events: list[EventShown]
    next_cursor: str | None


class Conversation(msgspec.Struct):
    """A conversation, newest first."""

    conversation_id: str
    events: list[EventShown]
    next_cursor: str | None


class UserShown(msgspec.Struct):
    """What a user did so far, and what is known of them: the newest value of each field, and every one of three."""

    user_id: str
    first_at: str
    last_at: str
    first_active_at: str | None
    last_active_at: str | None
    events: int
    messages_in: int
    messages_out: int
    platform: str
    locale: str
    user_attributes: dict[str, str]
    emails: list[str]
    phones: list[str]
    languages: list[str]


class UserPage(msgspec.Struct):
    """Seen last first."""

    users: list[UserShown]
    next_cursor: str | None


class UserWithEvents(UserShown):
    """A user and their newest events."""

    recent: list[EventShown]


class LiveCell(msgspec.Struct):
    """A number that changed."""

    measure: str
    dim: str
    key: str
    window: str
    start: str
    value: int


class LiveCells(msgspec.Struct):
    """Content of the event `counters`; with another `generation` than before, all that came before is void."""

    updated_at: str | None
    generation: int
    cells: list[LiveCell]


class LiveLine(msgspec.Struct):
    """Content of the event `event`: a message or a custom event."""

    event_id: str
    user_id: str
    at: str
    direction: str
    kind: str
    text: str
    intent: str
    not_handled: bool
    platform: str
    event_name: str


class Column(msgspec.Struct):
    """A column of a table."""

    name: str
    type: str


class Table(msgspec.Struct):
    """The rows of a query; `truncated` where there were more."""

    meta: list[Column]
    data: list[dict[str, Any]]
    rows: int
    truncated: bool


class Ready(msgspec.Struct):
    """Whether everything consumes, and if not, why."""

    ready: bool
    reasons: list[str]
