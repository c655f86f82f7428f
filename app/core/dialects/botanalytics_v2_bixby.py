"""
Samsung Bixby, as Botanalytics' library for capsules reports it: what an action was given, what it answered.

    {timestamp, inputs, intent | action, $vivContext, $deviceContext}     a request
    {timestamp, output, action, $vivContext, ...}                         the answer to it

Bixby tells a capsule what was understood, not what was said.
"""

from __future__ import annotations

from typing import Any

from app.core.outcome import Outcome, Reason, Rejection
from app.core.platforms.building import add, add_intent, make_event
from app.core.platforms.context import Context
from app.core.platforms.fields import first, flat, named, text
from app.core.platforms.voice import plain, time_of

__all__ = ["read_bixby"]


def read_bixby(body: dict[str, Any], context: Context) -> Outcome:
    """Read a request or an answer."""
    if _MARKS.isdisjoint(body):
        body = named(body.get("message"))
    if _MARKS.isdisjoint(body):
        why = "this is no report of a capsule: there is neither `inputs` nor `output` nor `action`"
        return Outcome([], [Rejection(Reason.UNKNOWN_SHAPE, why, "message")])
    viv = named(body.get("$vivContext"))
    is_answer = "output" in body
    said = _said(body.get("output"))
    kind = "intent" if not is_answer else "text" if said else "template"
    user_id = first([viv.get("bixbyUserId"), viv.get("userId")])
    event = make_event(context, kind, "out" if is_answer else "in", user_id, time_of(body.get("timestamp")))
    event.text = said
    event.session_id = text(viv.get("sessionId"))
    event.locale = text(viv.get("locale"))
    event.attributes = (
        flat("action", text(body.get("action")))
        | flat("output", None if said else body.get("output"))
        | flat("device", named(body.get("$deviceContext")))
        | flat("timezone", text(viv.get("timezone")))
        | flat("device", text(viv.get("deviceModel")))
    )
    if not is_answer:
        intent = named(body.get("intent"))
        name = first([body.get("intent"), intent.get("name"), intent.get("goal"), body.get("action")])
        add_intent(event, {"name": name, "inputs": _inputs(body.get("inputs"))}, context)
    outcome = Outcome()
    add(outcome, event, "$vivContext.bixbyUserId")

    return outcome


_MARKS = frozenset({"inputs", "output", "intent", "action", "$vivContext"})


def _inputs(inputs: object) -> dict[str, object]:
    """Return what the action was given, less what Bixby adds to it (`$vivContext`)."""
    return {name: value for name, value in named(inputs).items() if not name.startswith("$")}


def _said(output: object) -> str:
    found = named(output)

    return plain(
        first([output, found.get("speech"), found.get("dialog"), found.get("text"), found.get("message")])
    )
