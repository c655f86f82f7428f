"""The topics on the broker are those of the table, with its settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from app.adapters import topics as table
from app.adapters.topics import ensure_topics, missing_topics, topics
from app.config import Settings
from app.errors import BotpulseError
from tests.broker import own_broker
from tests.waiting import until

pytestmark = pytest.mark.kafka

HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings naming a broker whose topics are made by this module only."""
    with own_broker(tmp_path_factory.mktemp("topics")) as address:
        found = Settings(kafka=address, partitions=3, raw_retention_days=90)
        ensure_topics(found)
        yield found


def config_of(settings: Settings, topic: str) -> dict[str, str]:
    """Read the settings of *topic* that differ from the broker's."""
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka)
    try:
        answer = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    finally:
        admin.close()
    return {name: row["value"] for name, row in answer["topic"][topic].items()}


def test_all_topics_are_there(settings: Settings) -> None:
    """After setting up, no topic of the table is missing."""
    assert [] == missing_topics(settings)


def test_second_time_creates_nothing(settings: Settings) -> None:
    """Setting up again is allowed and makes nothing."""
    assert [] == ensure_topics(settings)


@pytest.mark.parametrize("topic", topics(Settings()), ids=lambda topic: topic.name)
def test_settings_reach_the_broker(settings: Settings, topic: table.Topic) -> None:
    """The broker holds every setting of the table."""
    held = config_of(settings, topic.name)

    assert topic.config == {name: held.get(name) for name in topic.config}


def test_state_survives_a_frozen_worker(settings: Settings) -> None:
    """The changelog of track is compacted, but nothing in it before an hour has passed."""
    held = config_of(settings, table.TRACK_STATE)

    assert ("compact", str(HOUR_MS)) == (held["cleanup.policy"], held["min.compaction.lag.ms"])


def test_changed_retention_is_applied(settings: Settings) -> None:
    """A setting changed after a topic was made reaches it with the next start."""

    def is_kept_for(days: int) -> bool:
        return config_of(settings, table.RAW_EVENTS)["retention.ms"] == str(days * 24 * HOUR_MS)

    # The broker answers a change before everything in it has heard of it.
    ensure_topics(settings.model_copy(update={"raw_retention_days": 7}))
    until(lambda: is_kept_for(7))
    ensure_topics(settings)
    until(lambda: is_kept_for(90))


def test_other_number_of_partitions_is_refused(settings: Settings) -> None:
    """Existing topics are not silently used with another number of partitions; the way out is named."""
    with pytest.raises(BotpulseError, match=r"raw-events has 3 instead of 5.*BOTPULSE_PARTITIONS=3"):
        ensure_topics(settings.model_copy(update={"partitions": 5}))


def test_absent_broker_is_named() -> None:
    """Nobody listening at the address gives one sentence with the address in it."""
    with pytest.raises(BotpulseError, match=r"no broker answers at 127\.0\.0\.1:1;"):
        ensure_topics(Settings(kafka="127.0.0.1:1"))


def test_unset_broker_is_told() -> None:
    """Without an address the setting to give is named."""
    with pytest.raises(BotpulseError, match="BOTPULSE_KAFKA"):
        ensure_topics(Settings(kafka=""))
