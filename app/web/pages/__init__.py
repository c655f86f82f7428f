"""
The pages a person sees: `attach` gives the application sign-in, the list of bots, and a live page for each of them.

    sign_in     the form                      rendering   a template as an answer, with its headers
    bots        the list, and one bot         assets      style sheets, scripts and icons
    refusals    what is refused, as a page    about       what every number means
    account     one's own, and passwords      people      who may do what

A page comes from the server without numbers; its scripts read them where everybody else does, under /data/v1.
"""

from __future__ import annotations

from aiohttp import web

from app.web.pages import account, assets, bots, people, refusals, rendering, sign_in

__all__ = ["attach"]


def attach(app: web.Application) -> None:
    """Give *app* its pages."""
    for area in (assets, rendering, refusals, sign_in, account, people, bots):
        area.attach(app)
