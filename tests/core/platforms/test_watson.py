"""Watson Assistant: answers and log entries of both versions, and what its webhooks send."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.outcome import Reason
from app.core.platforms.context import Context
from app.core.platforms.watson import read

AT = 1_700_000_000_000
CONTEXT = Context("bot", AT + 100_000, "webhook", "watson")

V1: dict[str, Any] = {
    "input": {"text": "music"},
    "intents": [{"intent": "play", "confidence": 0.75}, {"intent": "stop", "confidence": 0.1}],
    "entities": [{"entity": "genre", "value": "jazz"}],
    "output": {"text": ["", "Playing", "jazz."], "nodes_visited": ["n1"]},
    "context": {"conversation_id": "C", "metadata": {"user_id": "U"}},
}
V2: dict[str, Any] = {
    "output": {
        "generic": [{"response_type": "text", "text": "Playing jazz."}],
        "intents": [{"intent": "play", "confidence": 0.75}],
        "debug": {"nodes_visited": [{"dialog_node": "n1"}]},
    },
    "context": {"global": {"system": {"user_id": "U"}, "session_id": "C"}},
}


def _log(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "request": {"input": {"text": "music"}},
        "response": entry,
        "request_timestamp": "2023-11-14T22:13:20.001Z",
        "response_timestamp": "2023-11-14T22:13:20.250Z",
        "log_id": "L",
        "language": "en",
    }


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(V1, id="V1 answer"),
        pytest.param(V2 | {"input": {"text": "music"}}, id="V2 answer with its question"),
        pytest.param(_log(V1), id="V1 log"),
        pytest.param(_log(V2), id="V2 log"),
        pytest.param({"logs": [_log(V1)], "pagination": {}}, id="list of logs"),
        pytest.param({"event": {"name": "message_logged"}, "payload": _log(V2)}, id="webhook of logs"),
    ],
)
def test_turns(body: dict[str, Any]) -> None:
    """Question and answer are two messages; the intent is of the question, texts are joined, empty ones dropped."""
    asked, answered = read(body, CONTEXT).events

    assert ("in", "U", "C", "music", "play", 0.75) == (
        asked.direction,
        asked.user_id,
        asked.conversation_id,
        asked.text,
        asked.intent,
        asked.intent_confidence,
    )
    assert ("out", "U", "C", "Playing jazz.", "") == (
        answered.direction,
        answered.user_id,
        answered.conversation_id,
        answered.text,
        answered.intent,
    )
    assert answered.attributes["nodes"] == '["n1"]'


def test_a_log_has_its_own_id_and_times() -> None:
    """Both sides of a log entry have its id, each its own time; told apart by their side."""
    asked, answered = read(_log(V1), CONTEXT).events

    assert (AT + 1, AT + 250, "L", "L", "en") == (
        asked.at,
        answered.at,
        asked.message_id,
        answered.message_id,
        asked.locale,
    )
    assert asked.event_id != answered.event_id
    assert asked.attributes["entities"] == '[["genre","jazz"]]'


def test_a_time_beside_an_answer() -> None:
    """Callers may add a time in milliseconds, which holds for both sides."""
    assert [AT, AT] == [event.at for event in read(V1 | {"timestamp": AT}, CONTEXT).events]


def test_an_answer_without_its_question() -> None:
    """Then the intent stands on the answer, since it is known nowhere else."""
    (event,) = read(V2, CONTEXT).events

    assert ("out", "play") == (event.direction, event.intent)


def test_a_question_alone() -> None:
    """What a webhook sends before the message is processed has an input only."""
    body = {"event": {"name": "message_received"}, "payload": {"input": {"text": "hi"}, "user_id": "U"}}
    (event,) = read(body, CONTEXT).events

    assert ("in", "hi", "U") == (event.direction, event.text, event.user_id)


def test_an_empty_input_opens_a_conversation() -> None:
    """The first answer of V1 repeats an empty input: nobody said anything."""
    assert ["out"] == [event.direction for event in read(V1 | {"input": {"text": ""}}, CONTEXT).events]


@pytest.mark.parametrize(
    ("generic", "kinds", "text"),
    [
        pytest.param([{"response_type": "text", "text": "a"}, {"response_type": "text", "text": "b"}], ["text"], "a b", id="texts"),
        pytest.param([{"response_type": "text", "values": [{"text": "a"}]}], ["text"], "a", id="values"),
        pytest.param([{"response_type": "option", "title": "Which?", "options": [{"label": "x"}]}], ["text"], "Which?", id="choice"),
        pytest.param([{"response_type": "image", "source": "http://i", "title": "T"}], ["image"], "T", id="image"),
        pytest.param([{"response_type": "text", "text": "a"}, {"response_type": "image", "source": "i"}], ["text"], "a", id="text with image"),
        pytest.param([{"response_type": "pause"}], ["system"], "", id="pause"),
        pytest.param([{"response_type": "connect_to_agent", "message_to_human_agent": "m"}], ["handover"], "", id="human"),
        pytest.param([{"response_type": "text", "text": "a"}, {"response_type": "connect_to_agent"}], ["text", "handover"], "a", id="text and human"),
    ],
)  # fmt: skip
def test_kinds_of_answers(generic: list[Any], kinds: list[str], text: str) -> None:
    """An answer is its words, else what it shows; that a human takes over is an event of its own."""
    events = read({"output": {"generic": generic}}, CONTEXT).events

    assert kinds == [event.kind for event in events]
    assert text == events[0].text
    assert all((event.direction == "out") == (event.kind not in ("system", "handover")) for event in events)


def test_nobody_is_nobody_in_a_log() -> None:
    """Without a user the conversation stands for one only where an SDK reports."""
    body = V1 | {"context": {"conversation_id": "C"}}
    reported = Context("bot", AT, "botanalytics-v1", "watson")

    assert {""} == {event.user_id for event in read(body, CONTEXT).events}
    assert {"C"} == {event.user_id for event in read(body, reported).events}


def test_a_bad_log_costs_only_itself() -> None:
    """An entry that holds nothing is refused by its place; its neighbours are read."""
    outcome = read({"logs": [_log(V1), {"x": 1}, _log(V2)]}, CONTEXT)

    assert len(outcome.events) == 4
    assert [(Reason.UNKNOWN_SHAPE, "logs[1]")] == [(one.reason, one.path) for one in outcome.rejections]
