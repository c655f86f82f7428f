"""
Who is asking, and what they may do: API keys, sessions, and how people come to have a password.

    callers    who asks               sessions   the cookie             desk       signing in and out
    attempts   how often one may try  links      that set a password    checking   passwords' hashes, beside the loop
    posting    hands links over       origins    what other sites ask for     forms    what was typed
    addresses  where a request comes from, also behind a proxy
"""

from __future__ import annotations

from aiohttp import web

from app.web.auth import addresses, attempts, checking, desk, posting
from app.web.auth.attempts import Attempts
from app.web.auth.callers import Caller, reader_of
from app.web.auth.desk import onward
from app.web.auth.origins import refuse_foreign
from app.web.auth.sessions import COOKIE, session_key

__all__ = ["COOKIE", "Attempts", "Caller", "attach", "onward", "reader_of", "refuse_foreign", "session_key"]


def attach(app: web.Application) -> None:
    """Give *app* sign-in and sign-out."""
    for area in (addresses, attempts, checking, posting, desk):
        area.attach(app)
