"""Parameters as a Rails application takes them: of query, form and JSON alike, with names like `instance[token]`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from app.core.bodies import mend, object_of
from app.core.outcome import Rejection
from app.web.errors import Fault

__all__ = ["parameters_of"]

_MOST: Final = 1000
_NESTED: Final = re.compile(r"([^\[\]]+)\[([^\[\]]+)\]")


def parameters_of(query: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return the parameters of a request; what the body says holds before the query."""
    return _nested(query.items()) | _of_body(body.removeprefix(b"\xef\xbb\xbf").strip())


def _of_body(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    if body[:1] in b"{[":
        found = object_of(mend(body))
        if isinstance(found, Rejection):
            raise Fault(400, found.reason, found.message)
        return found
    try:
        return _nested(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST))
    except ValueError as error:
        raise Fault(400, "bad_form", "The body is neither JSON nor a form in UTF-8.") from error


def _nested(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for name, value in fields:
        found = _NESTED.fullmatch(name)
        if found is None:
            parameters[name] = value
            continue
        inner = parameters.setdefault(found[1], {})
        if isinstance(inner, dict):
            inner[found[2]] = value

    return parameters
