"""
How the web process says no: one exception, one JSON shape, and a net below everything.

    {"error": {"code": "unknown_key", "message": "what is wrong and what to do", "request_id": "..."}}
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
import structlog
from aiohttp import web

from app.core.refusal import Refusal
from app.ports import Refused, Unavailable

__all__ = ["Fault", "error_body", "errors_as_json", "next_request_id"]

_log = structlog.get_logger(__name__)
_encode = msgspec.json.Encoder().encode

# One random part for the process and a count are as unique as a random number each, and much cheaper.
_PROCESS: Final = secrets.token_hex(6)
_count = itertools.count(1)

_STATE_CODES: Final = frozenset(
    {"conflict", "archived", "not_archived", "revoked", "rotated", "last_admin", "disabled", "watched"}
)
"""Refusals that the same request may not meet once something else has changed."""

_VALUE_CODES: Final = frozenset({"unknown_measure", "unknown_platform", "unknown_role"})
"""Refusals of a value that was sent: what the address names is there."""

_CODES: Final = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


class Fault(Exception):  # noqa: N818 an answer, not a mishap
    """An answer other than the one asked for; *message* says what is wrong and what to do."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        field: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.headers = dict(headers or {})

    @classmethod
    def of(cls, error: Unavailable) -> Fault:
        """Say that something is away for now."""
        return cls(503, error.code, error.message, {"Retry-After": str(error.retry_after_s)})

    @classmethod
    def because(cls, refusal: Refusal) -> Fault:
        """Say that a command is refused, and why."""
        return cls(_status_of(refusal.code), refusal.code, refusal.message, field=refusal.field)


def next_request_id() -> str:
    """Return a name for a request, to be found again in answers and logs."""
    return f"{_PROCESS}-{next(_count):x}"


def error_body(code: str, message: str, request_id: str, field: str = "") -> bytes:
    """Return the body of a refusal; *field* is the one at fault, if there is one."""
    named = {"field": field} if field else {}
    return _encode({"error": {"code": code, "message": message, **named, "request_id": request_id}})


@web.middleware
async def errors_as_json(
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> web.StreamResponse:
    """Turn whatever a handler raises into the one shape; nothing unexpected reaches the client as text."""
    try:
        return await handler(request)
    except Fault as fault:
        return _response(fault)
    except Refused as error:
        return _response(Fault.because(error.refusal))
    except Unavailable as error:
        return _response(Fault.of(error))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _response(_fault_of(error))
    except Exception:  # noqa: BLE001 the last net, below everything that is expected
        request_id = next_request_id()
        _log.exception(
            "request_failed",
            request_id=request_id,
            method=request.method,
            path=request.path,
        )
        return _response(
            Fault(500, "internal", "This is a defect of botpulse; its log says more."),
            request_id,
        )


def _status_of(code: str) -> int:
    if code.startswith("unknown_") and code not in _VALUE_CODES:
        return 404
    if code == "not_allowed":
        return 403
    return 409 if code.endswith("_taken") or code in _STATE_CODES else 400


def _fault_of(error: web.HTTPException) -> Fault:
    code = _CODES.get(error.status, "refused")
    kept = {name: value for name, value in error.headers.items() if name in {"Allow", "Retry-After"}}
    if error.status == 404:
        return Fault(
            404,
            code,
            "There is nothing at this address; /openapi.json lists what there is.",
        )
    if error.status == 405:
        return Fault(405, code, f"This address takes {kept.get('Allow', 'other methods')}.", kept)
    return Fault(error.status, code, error.text or error.reason, kept)


def _response(fault: Fault, request_id: str = "") -> web.Response:
    body = error_body(fault.code, fault.message, request_id or next_request_id(), fault.field)
    return web.Response(
        body=body,
        status=fault.status,
        headers=fault.headers,
        content_type="application/json",
    )
