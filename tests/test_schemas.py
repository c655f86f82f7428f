"""The files in `schemas/` say what the code does: every topic, every version, every example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from app.adapters.topics import topics
from app.config import Settings
from app.schemas import FOLDER, MESSAGES, Message, main, schema_files

FIELDS = {
    "topic", "description", "key", "partitioning", "producers", "consumers", "cleanup", "retention", "versions",
    "encoding",
}  # fmt: skip
EXAMPLES = sorted(FOLDER.glob("*/examples/*.json"))


def described() -> dict[str, dict[str, Any]]:
    """Read the file of every topic, by its name."""
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.yaml")}


def message_of(example: Path) -> Message:
    """Return what *example* is an example of."""
    topic, version = example.parts[-3], example.name.partition(".")[0]
    [message] = [one for one in MESSAGES if (one.topic, one.version) == (topic, version)]
    return message


def test_every_topic_has_a_file() -> None:
    """A topic of the table has a file named like it, and no other has."""
    assert {topic.name for topic in topics(Settings())} == set(described())


@pytest.mark.parametrize("topic", sorted(described()))
def test_a_topic_is_fully_described(topic: str) -> None:
    """A file names its own topic and says everything that is asked of it."""
    found = described()[topic]

    assert (topic, FIELDS) == (found["topic"], set(found))


def test_cleanup_is_that_of_the_topic() -> None:
    """A file says `compact` where the topic is compacted, and only there."""
    compacted = {
        topic.name for topic in topics(Settings()) if topic.config.get("cleanup.policy") == "compact"
    }

    assert compacted == {name for name, found in described().items() if found["cleanup"] == "compact"}


def test_versions_are_those_with_a_schema() -> None:
    """The versions a file names are those there are types for."""
    named = {(name, version) for name, found in described().items() for version in found["versions"]}

    assert {(one.topic, one.version) for one in MESSAGES} == named


def test_schemas_are_current() -> None:
    """The generated files are what the types say now."""
    assert dict(schema_files()) == {path: (FOLDER / path).read_text("utf-8") for path, _ in schema_files()}


def test_check_notices_a_stale_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` fails and names what differs; after writing it is content."""
    before = main(["--check"], tmp_path)
    main([], tmp_path)
    (tmp_path / "counters" / "v1.schema.json").write_text("{}")
    stale = main(["--check"], tmp_path)

    assert (1, 1, True) == (before, stale, "counters/v1.schema.json" in capsys.readouterr().err)


def test_every_version_has_an_example() -> None:
    """There is no schema without an example."""
    assert {(one.topic, one.version) for one in MESSAGES} == {message_of(path)[:2] for path in EXAMPLES}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parts[-3]} {path.stem}")
def test_example_fits_its_schema(example: Path) -> None:
    """An example is allowed by the JSON Schema of its version."""
    message = message_of(example)
    schema = json.loads((FOLDER / message.topic / f"{message.version}.schema.json").read_text("utf-8"))

    jsonschema.Draft202012Validator(schema).validate(json.loads(example.read_text("utf-8")))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parts[-3]} {path.stem}")
def test_example_is_what_we_would_write(example: Path) -> None:
    """Read and written again by our types, an example has lost and gained nothing."""
    content = json.loads(example.read_text("utf-8"))
    read = msgspec.json.decode(example.read_bytes(), type=message_of(example).type)

    assert content == json.loads(msgspec.json.encode(read))


def test_schema_refuses_what_is_none() -> None:
    """A delivery without items is refused, so the schemas do check something."""
    schema = json.loads((FOLDER / "raw-events" / "v1.schema.json").read_text("utf-8"))

    assert not jsonschema.Draft202012Validator(schema).is_valid(
        {"bot": "b", "way": "native", "received_at": 1}
    )
