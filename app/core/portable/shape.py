"""What stands in the file: as little as says it, as what is left out is the default."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec

from app.core.registry import InstanceState, Role, Scope

__all__ = [
    "FORMAT",
    "Portable",
    "PortableAlert",
    "PortableBot",
    "PortableChannel",
    "PortableDashboard",
    "PortableHook",
    "PortableInstance",
    "PortableKey",
    "PortablePerson",
    "addresses_in",
    "plain_of",
    "sealed_in",
]

FORMAT: Final = 1

_Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class PortableKey(msgspec.Struct, forbid_unknown_fields=True):
    """A key that is not revoked; `sha256` is all that is known of its text."""

    scope: Scope
    sha256: _Hash
    channel: str = ""
    name: str = ""
    expires_at: str = ""
    created_at: str = ""


class PortableHook(msgspec.Struct, forbid_unknown_fields=True):
    """A secret of a webhook, as it was sealed: only with the same seal key it is of use."""

    platform: str
    sealed: str
    created_at: str = ""


class PortableInstance(msgspec.Struct, forbid_unknown_fields=True):
    """An install of a bot."""

    platform: str
    token_sha256: _Hash
    state: InstanceState = "pending"
    uid: str = ""
    attributes: dict[str, str] = {}
    sealed: str = ""
    installed_at: str = ""
    created_at: str = ""


class PortableDashboard(msgspec.Struct, forbid_unknown_fields=True):
    """A dashboard; `rule` in the text form. Versions count only where the dashboard is new to a registry."""

    name: str
    rule: str = ""
    measure: str = ""
    enabled: bool = True
    default: str = ""
    version: int = 1
    counted_from: int = 1
    created_at: str = ""


class PortableChannel(msgspec.Struct, forbid_unknown_fields=True):
    """Where an alert is told. A webhook without `sealed` keeps the secret that it has, or gets one."""

    kind: Literal["webhook", "email"]
    to: str
    sealed: str = ""


class PortableAlert(msgspec.Struct, forbid_unknown_fields=True):
    """An alert: `op` is above, below, rises_by or falls_by; `against` before, day or week."""

    name: str
    measure: str
    op: Literal["above", "below", "rises_by", "falls_by"]
    threshold: float
    against: Literal["before", "day", "week"] = "before"
    window_s: int = 3600
    for_s: int = 0
    cool_down_s: int = 300
    channels: list[PortableChannel] = []
    enabled: bool = True
    created_at: str = ""


class PortableBot(msgspec.Struct, forbid_unknown_fields=True):
    """A bot, and what belongs to it by id."""

    name: str
    platform: str = "generic"
    more_platforms: list[str] = []
    time_zone: str = "UTC"
    week_start: Literal["monday", "sunday"] = "monday"
    session_gap_s: int = 900
    confidence_threshold: float | None = None
    archived: bool = False
    created_at: str = ""
    dashboards: dict[str, PortableDashboard] | None = None
    alerts: dict[str, PortableAlert] | None = None
    keys: dict[str, PortableKey] | None = None
    hooks: dict[str, PortableHook] | None = None
    instances: dict[str, PortableInstance] | None = None


class PortablePerson(msgspec.Struct, forbid_unknown_fields=True):
    """
    Somebody, by e-mail; `password` is an argon2 hash, without which they set it by a link.

    `passed_on` says that others may know the password, as the link by which it was set was shown to them.
    """

    id: str = ""
    name: str = ""
    admin: bool = False
    time_zone: str = "UTC"
    roles: dict[str, Role] = {}
    disabled: bool = False
    password: str = ""
    passed_on: bool = False
    created_at: str = ""


class Portable(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file: bots by id, keys for all bots by id, people by e-mail."""

    botpulse: Literal[1]
    bots: dict[str, PortableBot] | None = None
    keys: dict[str, PortableKey] | None = None
    people: dict[str, PortablePerson] | None = None


def plain_of(part: Any) -> Any:
    """Return *part* as plain data without what is the default: by value, as msgspec goes by identity."""
    if isinstance(part, msgspec.Struct):
        fields = ((field, getattr(part, field.name)) for field in msgspec.structs.fields(part))
        return {field.name: plain_of(value) for field, value in fields if not _is_default(field, value)}
    if isinstance(part, dict):
        return {name: plain_of(value) for name, value in part.items()}
    return [plain_of(one) for one in part] if isinstance(part, list) else part


def sealed_in(file: Portable) -> Iterator[tuple[str, str]]:
    """Yield what is sealed in *file*, each with its place."""
    for bot, one in (file.bots or {}).items():
        for id_, hook in (one.hooks or {}).items():
            yield f"bots.{bot}.hooks.{id_}.sealed", hook.sealed
        for id_, instance in (one.instances or {}).items():
            if instance.sealed:
                yield f"bots.{bot}.instances.{id_}.sealed", instance.sealed
    for place, channel in _channels_in(file):
        if channel.sealed:
            yield f"{place}.sealed", channel.sealed


def addresses_in(file: Portable) -> Iterator[tuple[str, str]]:
    """Yield the e-mail addresses that alerts of *file* are told to, each with its place."""
    for place, channel in _channels_in(file):
        if channel.kind == "email":
            yield f"{place}.to", channel.to


def _channels_in(file: Portable) -> Iterator[tuple[str, PortableChannel]]:
    for bot, one in (file.bots or {}).items():
        for id_, alert in (one.alerts or {}).items():
            for number, channel in enumerate(alert.channels):
                yield f"bots.{bot}.alerts.{id_}.channels[{number}]", channel


def _is_default(field: msgspec.structs.FieldInfo, value: Any) -> bool:
    if field.default_factory is not msgspec.NODEFAULT:
        return bool(value == field.default_factory())
    return field.default is not msgspec.NODEFAULT and bool(value == field.default)
