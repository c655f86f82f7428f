"""Traces of a bot in the broker: what links tell, and notes of the registry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kafka import KafkaProducer

from app.adapters.registry import records
from app.adapters.topics import LINKS, REGISTRY, ensure_topics
from app.adapters.traces import Traces
from app.config import Settings
from app.core.registry import Bot, Import, Key, KeyUse, ShortLink
from tests.broker import own_broker
from tests.facts import records_of

pytestmark = pytest.mark.kafka

AT = 1_700_000_000_000
TOLD = records_of(
    Bot("a", "A", "slack", AT),
    Bot("ab", "AB", "slack", AT),
    Key("ka", "ingest", "a" * 64, AT, "a"),
    Key("kb", "ingest", "b" * 64, AT, "ab"),
    ShortLink("s1", "a", "u", "https://x", AT),
    ShortLink("s2", "ab", "u", "https://x", AT),
    Import("i", "a"),
    KeyUse("ka", AT),
    KeyUse("kb", AT),
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A broker with links of two bots, and a registry that knows both."""
    with own_broker(tmp_path_factory.mktemp("kafka")) as address:
        settings = Settings(kafka=address)
        ensure_topics(settings)
        producer = KafkaProducer(bootstrap_servers=address, acks="all")
        for key, value in [
            (b"a|one", b"1"),
            (b"a|two", b"2"),
            (b"a|two", None),
            (b"ab|one", b"3"),
            (b"a|one", b"4"),
        ]:
            producer.send(LINKS, value, key=key, partition=0)
        for key, value in TOLD:
            producer.send(REGISTRY, value, key=key, partition=0)
        producer.flush()
        producer.close()
        yield settings


async def test_links(settings: Settings) -> None:
    """Each link of the bot that still stands is deleted once; a bot whose name begins alike keeps its own."""
    traces = Traces(settings)

    assert 1 == await traces.forget_links("a")
    assert 0 == await traces.forget_links("a")
    assert 1 == await traces.forget_links("ab")


async def test_notes(settings: Settings) -> None:
    """Short links, imports and uses of its keys go; everything else of the registry stays."""
    traces = Traces(settings)
    assert 3 == await traces.forget_notes("a")
    assert 0 == await traces.forget_notes("a")
    standing = dict(await records(settings.kafka))

    assert {b"link:s1", b"import:a:i", b"key_use:ka"} == {
        key for key, value in standing.items() if value is None
    }
    assert len(TOLD) == len(standing)
