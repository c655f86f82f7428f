"""
Raw webhook bodies to the JSON object that is kept: JSON as it is, form fields and XML elements by their names.

What comes is told by its first byte, never by the content type, which senders get wrong.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree as Xml
import msgspec
from defusedxml.common import DefusedXmlException

from app.core.bodies import mend
from app.core.outcome import Reason, Rejection

__all__ = ["form_item", "json_item", "xml_item"]

_MAX_FIELDS: Final = 1000
_MAX_DEPTH: Final = 100


def json_item(body: bytes) -> bytes | Rejection:
    """Return *body* without a byte order mark and blanks around; whether it is JSON is for its reader to say."""
    stripped = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not stripped:
        return Rejection(Reason.NOT_JSON, "the body is empty; send a JSON object")

    return mend(stripped)


def form_item(body: bytes) -> bytes | Rejection:
    """Return form fields as a JSON object of strings; a single field `payload` that holds JSON is that JSON."""
    if body.lstrip()[:1] == b"{":
        return json_item(body)
    try:
        fields = dict(parse_qsl(body.decode().strip(), keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError:
        return Rejection(Reason.UNKNOWN_SHAPE, "this is no form: send UTF-8 and at most 1000 fields")
    if not fields:
        return Rejection(Reason.UNKNOWN_SHAPE, "the form has no fields")
    if set(fields) == {"payload"}:
        return json_item(fields["payload"].encode())

    return msgspec.json.encode(fields)


def xml_item(body: bytes) -> bytes | Rejection:
    """Return the elements below the root as a JSON object: text as strings, repeated elements as arrays."""
    if body.lstrip()[:1] == b"{":
        return json_item(body)
    try:
        value = _value(Xml.fromstring(body.strip()))
    except DefusedXmlException:
        why = "entities and document types in XML are not taken; send elements and text only"
        return Rejection(Reason.UNKNOWN_SHAPE, why)
    except (ParseError, ValueError, LookupError):
        return Rejection(Reason.UNKNOWN_SHAPE, "this is no XML; send one element that holds the others")
    except RecursionError:
        return Rejection(Reason.TOO_DEEP, "the XML is nested too deep; send at most 100 levels")
    if not isinstance(value, dict):
        return Rejection(Reason.UNKNOWN_SHAPE, "the XML holds no elements")

    return msgspec.json.encode(value)


Value = str | dict[str, "Value"] | list["Value"]


def _value(element: Element, depth: int = 1) -> Value:
    if depth > _MAX_DEPTH:
        raise RecursionError
    if not len(element):
        return element.text or ""
    members: dict[str, Value] = {}
    for child in element:
        value = _value(child, depth + 1)
        before = members.get(child.tag)
        if before is None:
            members[child.tag] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            members[child.tag] = [before, value]

    return members
