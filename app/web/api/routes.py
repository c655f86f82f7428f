"""What is said of an address in the tables that the OpenAPI document is made of."""

from __future__ import annotations

from typing import Any, NamedTuple

from app.web.api import shapes

__all__ = ["Parameter", "Route"]


class Parameter(NamedTuple):
    """A parameter of the query: one of `choices`, or what fits `pattern`; anything where it has neither."""

    name: str
    about: str
    choices: tuple[str, ...] = ()
    default: str = ""
    required: bool = False
    pattern: str = ""


class Route(NamedTuple):
    """
    An address: `answer` is the type of a `status` in JSON, or the content type where it is something else.

    `statuses` are refusals beside those that every address of its kind has.
    """

    method: str
    path: str
    area: str
    about: str
    answer: Any
    key: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    refusal: Any = shapes.Problem
    statuses: tuple[int, ...] = ()
    status: int = 200
    is_body_needed: bool = True
