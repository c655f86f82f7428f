"""What every address that changes the registry does alike: in whose name, why, and what has happened so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from app.core.refusal import Refusal
from app.core.registry import Fact, State
from app.core.shown import PastShown, past_shown
from app.ports import Decide
from app.web.api.asking import answer, caller_of, judge_again, parameters
from app.web.errors import Fault
from app.web.parts import PARTS

__all__ = [
    "LONGEST_WHY",
    "History",
    "change",
    "created",
    "given",
    "history_of",
    "now_ms",
    "state_of",
    "why_of",
]

LONGEST_WHY: Final = 500


class History(msgspec.Struct):
    """What happened to one object, the newest first."""

    history: list[PastShown]


async def change(request: web.Request, decide: Decide, why: str = "") -> State:
    """
    Carry out a command in the name of whoever asks, who said *why* in the body or in the address.

    They are judged again by what the registry says when it is decided: what was demanded of them before may be over.
    """
    _refuse_long(why)

    def judged(state: State) -> Sequence[Fact] | Refusal:
        judge_again(request)
        return decide(state)

    return await request.app[PARTS].registry.change(judged, judge_again(request).name, why)


async def history_of(request: web.Request, kind: str, id: str) -> web.Response:
    """Answer who changed a subject, when and why; whoever only reads a bot is not told the names of its people."""
    parameters(request, ())
    registry = request.app[PARTS].registry
    past = await registry.past(kind, id)
    shown, caller = past_shown(registry.state, past), caller_of(request)
    bot = request.match_info.get("bot")
    if not (caller.may(bot, "editor") if bot else caller.is_admin):
        shown = [msgspec.structs.replace(one, name="") for one in shown]
    return answer(History(shown))


def why_of(request: web.Request) -> str:
    """Return the reason in the address; there is nothing else to say in it."""
    why = parameters(request, ("why",)).get("why", "")
    _refuse_long(why)
    return why


def given(asked: msgspec.Struct) -> dict[str, Any]:
    """Return the fields that the body has, but for the reason."""
    fields = msgspec.structs.asdict(asked)
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET and name != "why"}


def created(content: Any) -> web.Response:
    """Return *content* as what is there from now on."""
    response = answer(content)
    response.set_status(201)
    return response


def state_of(request: web.Request) -> State:
    """Return what the registry says now."""
    return request.app[PARTS].registry.state


def now_ms(request: web.Request) -> int:
    """Return the time by the process's clock."""
    return request.app[PARTS].clock()


def _refuse_long(why: str) -> None:
    if len(why) > LONGEST_WHY:
        raise Fault(400, "too_long", f"`why` has at most {LONGEST_WHY} characters.", field="why")
