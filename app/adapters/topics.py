"""
Every topic there is, with its settings, and the code that makes the broker agree.

Auto-creation stays off: a topic exists because it is listed here.
All topics stamp records with the broker's clock (`LogAppendTime`), so retention and compaction go by age in the log, never by
event time, and the broker's guard against times in the future cannot refuse a record.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, for_code

from app.adapters.heartbeat import HEARTBEATS
from app.config import MIB, Settings
from app.errors import BotpulseError

__all__ = [
    "ALERTS",
    "ALERT_DELIVERIES",
    "ALERT_INPUTS",
    "ALERT_STATE",
    "BOT_EVENTS",
    "COUNTERS",
    "DEAD_LETTERS",
    "LINKS",
    "RAW_EVENTS",
    "REGISTRY",
    "TRACK_STATE",
    "Topic",
    "ensure_topics",
    "missing_topics",
    "topics",
]

RAW_EVENTS = "raw-events"
BOT_EVENTS = "bot-events"
COUNTERS = "counters"
DEAD_LETTERS = "dead-letters"
LINKS = "links"
REGISTRY = "registry"
TRACK_STATE = "botpulse-track-state-changelog"
ALERT_INPUTS = "alert-inputs"
ALERTS = "alerts"
ALERT_DELIVERIES = "alert-deliveries"
ALERT_STATE = "botpulse-alert-state-changelog"

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LINKS_RETENTION_DAYS = 90
ALERTS_RETENTION_DAYS = 365
DELIVERIES_RETENTION_DAYS = 90

EVERYWHERE = {"max.message.bytes": str(16 * MIB), "message.timestamp.type": "LogAppendTime"}
COMPACTED = {
    "cleanup.policy": "compact",
    "segment.bytes": str(32 * MIB),
    "min.cleanable.dirty.ratio": "0.1",
    "delete.retention.ms": str(DAY_MS),
}


@dataclass(frozen=True)
class Topic:
    """A topic as it should be; *config* holds what differs from the broker's defaults."""

    name: str
    partitions: int
    config: dict[str, str] = field(default_factory=dict)


def topics(settings: Settings) -> tuple[Topic, ...]:
    """List every topic. Whatever is keyed by user or follows it has the same number of partitions."""
    many = settings.partitions
    raw_retention = {
        "retention.ms": str(settings.raw_retention_days * DAY_MS),
        "retention.bytes": str(settings.raw_retention_bytes),
    }
    # A worker frozen for up to an hour may write stale state late; until then compaction must keep both records.
    lagging = {"min.compaction.lag.ms": str(HOUR_MS)}
    return (
        Topic(RAW_EVENTS, many, EVERYWHERE | raw_retention),
        Topic(BOT_EVENTS, many, EVERYWHERE | {"retention.ms": str(7 * DAY_MS)}),
        Topic(COUNTERS, many, EVERYWHERE | {"retention.ms": str(7 * DAY_MS)}),
        Topic(DEAD_LETTERS, many, EVERYWHERE | {"retention.ms": str(30 * DAY_MS)}),
        Topic(HEARTBEATS, 1, EVERYWHERE | {"retention.ms": str(HOUR_MS), "segment.bytes": str(8 * MIB)}),
        Topic(
            LINKS,
            1,
            EVERYWHERE
            | COMPACTED
            | {"cleanup.policy": "compact,delete", "retention.ms": str(LINKS_RETENTION_DAYS * DAY_MS)},
        ),
        Topic(REGISTRY, 1, EVERYWHERE | COMPACTED),
        Topic(TRACK_STATE, many, EVERYWHERE | COMPACTED | lagging),
        Topic(ALERT_INPUTS, many, EVERYWHERE | {"retention.ms": str(2 * DAY_MS)}),
        Topic(ALERTS, many, EVERYWHERE | {"retention.ms": str(ALERTS_RETENTION_DAYS * DAY_MS)}),
        Topic(
            ALERT_DELIVERIES,
            many,
            EVERYWHERE
            | COMPACTED
            | {"cleanup.policy": "compact,delete", "retention.ms": str(DELIVERIES_RETENTION_DAYS * DAY_MS)},
        ),
        Topic(ALERT_STATE, many, EVERYWHERE | COMPACTED | lagging),
    )


def ensure_topics(settings: Settings) -> list[str]:
    """Create what is missing, correct settings that differ, and return the names of the created when all are usable."""
    wanted = topics(settings)
    admin = _admin(settings)
    try:
        created = _create(admin, wanted, settings.replication)
        admin.wait_for_topics([topic.name for topic in wanted], timeout_ms=30_000)
        _check_partitions(admin, wanted)
        _correct(admin, [topic for topic in wanted if topic.name not in created])
    except KafkaError as error:
        msg = (
            f"the broker at {settings.kafka} refused to set up the topics: {error}; its own log may say more"
        )
        raise BotpulseError(msg, "topics") from error
    finally:
        admin.close()
    return created


def missing_topics(settings: Settings) -> list[str]:
    """Name the topics the broker does not have."""
    admin = _admin(settings)
    try:
        present = set(admin.list_topics())
    finally:
        admin.close()
    return [topic.name for topic in topics(settings) if topic.name not in present]


def _admin(settings: Settings) -> KafkaAdminClient:
    if not settings.kafka:
        msg = "no broker is set; set BOTPULSE_KAFKA=host:port, or let `botpulse up` start one"
        raise BotpulseError(msg, "settings")
    servers = settings.kafka.split(",")
    # Asked first, because the client tries for long and leaves a socket behind with every try.
    if not any(map(_listens, servers)):
        raise _absent(settings)
    try:
        return KafkaAdminClient(bootstrap_servers=servers, bootstrap_timeout_ms=10_000)
    except (KafkaError, OSError, ValueError) as error:
        raise _absent(settings) from error


def _listens(server: str) -> bool:
    host, _, port = server.strip().rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except (OSError, ValueError):
        return False
    return True


def _absent(settings: Settings) -> BotpulseError:
    msg = f"no broker answers at {settings.kafka}; start it, or correct BOTPULSE_KAFKA"
    return BotpulseError(msg, "kafka")


def _create(admin: KafkaAdminClient, wanted: Iterable[Topic], replication: int) -> list[str]:
    present = set(admin.list_topics())
    absent = {
        topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": replication,
            "configs": topic.config,
        }
        for topic in wanted
        if topic.name not in present
    }
    if not absent:
        return []
    answer = admin.create_topics(absent, raise_errors=False)
    return [one["name"] for one in answer["topics"] if _was_created(one)]


def _was_created(answer: dict[str, Any]) -> bool:
    """Tell whether this call made the topic; another process doing the same at the same time is no failure."""
    fault = for_code(answer["error_code"])
    if fault.__name__ not in ("NoError", "TopicAlreadyExistsError"):
        msg = f"{answer['name']}: {answer.get('error_message') or fault.__name__}"
        raise fault(msg)
    return bool(fault.__name__ == "NoError")


def _check_partitions(admin: KafkaAdminClient, wanted: tuple[Topic, ...]) -> None:
    found = {
        one["name"]: len(one["partitions"]) for one in admin.describe_topics([topic.name for topic in wanted])
    }
    wrong = [topic for topic in wanted if found[topic.name] != topic.partitions]
    if not wrong:
        return
    differing = ", ".join(
        f"{topic.name} has {found[topic.name]} instead of {topic.partitions}" for topic in wrong
    )
    hint = (
        f"set BOTPULSE_PARTITIONS={found[wrong[0].name]}"
        if wrong[0].name != REGISTRY
        else f"delete {REGISTRY}"
    )
    msg = f"wrong number of partitions: {differing}; {hint}, or use an empty broker"
    raise BotpulseError(msg, "partitions")


def _correct(admin: KafkaAdminClient, existing: Iterable[Topic]) -> None:
    """Apply settings that were changed since a topic was created, such as the retention of raw-events."""
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name, topic.config) for topic in existing]
    if resources:
        admin.alter_configs(resources)
