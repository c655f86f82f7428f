"""
How the registry is: what it holds, and which records of its log changed nothing, and why.

    GET /data/v1/registry    administrators
"""

from __future__ import annotations

import msgspec
from aiohttp import web

from app.core.times import iso
from app.web.api.asking import admin_of, answer, parameters
from app.web.api.changing import state_of

__all__ = ["LostShown", "RegistryShown", "attach"]

_TABLES = (
    "bots",
    "instances",
    "keys",
    "people",
    "hook_secrets",
    "dashboards",
    "alerts",
    "short_links",
    "imports",
)


class LostShown(msgspec.Struct):
    """A record that changed nothing: a change that came too late (`who` and `at` say whose), or one that cannot be read."""

    record: str
    code: str
    message: str
    at: str | None
    who: str


class RegistryShown(msgspec.Struct):
    """
    `subjects` counts what there is by kind, `revisions` how often all of it was changed.

    `refused` counts changes that lost against another, `skipped` records that this version cannot read; `lost` are the last of both.
    """

    subjects: dict[str, int]
    revisions: int
    refused: int
    skipped: int
    lost: list[LostShown]


def attach(app: web.Application) -> None:
    """Give *app* the standing of the registry."""
    app.router.add_get("/data/v1/registry", _show)


async def _show(request: web.Request) -> web.Response:
    admin_of(request)
    parameters(request, ())
    state = state_of(request)
    lost = [LostShown(one.key, one.code, one.message, iso(one.when), one.who) for one in reversed(state.lost)]
    return answer(
        RegistryShown(
            {name: len(getattr(state, name)) for name in _TABLES},
            sum(state.revisions.values()),
            state.refused,
            state.skipped,
            lost,
        )
    )
