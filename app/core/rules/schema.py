"""The JSON Schema of a rule, for editors and other programs: its shape, not whether patterns compile or anything can match."""

from __future__ import annotations

from typing import Any, Final

from app.core.rules.conditions import LONGEST, MOST_VALUES
from app.core.rules.language import FIELDS, OPS, POSSIBLE, SIZES, Sort
from app.core.rules.patterns import PATTERN_OPS

__all__ = ["rule_schema"]

_NODE: Final = {"$ref": "#/$defs/rule"}
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": LONGEST}
_NUMBER: Final = {"type": "number"}
_ATTRIBUTE: Final = {
    "type": "string",
    "pattern": r"^(user_)?attributes\.[\s\S]",
    "maxLength": LONGEST,
    "description": "`attributes.NAME` is an attribute of the event, `user_attributes.NAME` one of the user.",
}


def rule_schema() -> dict[str, Any]:
    """Return the schema."""
    groups = [_object({name: {"type": "array", "items": _NODE, "minItems": 1}}) for name in ("all", "any")]
    conditions = [one for field, sort in FIELDS.items() for one in _conditions({"const": field}, sort, field)]
    conditions += _conditions(_ATTRIBUTE, Sort.ATTRIBUTE, "")

    return {
        "$ref": "#/$defs/rule",
        "$defs": {"rule": {"anyOf": [*groups, _object({"not": _NODE}), *conditions]}},
    }


def _conditions(field: dict[str, Any], sort: Sort, name: str) -> list[dict[str, Any]]:
    """Return what may be asked of a field: equality, lists, patterns, sizes, and whether it is there."""
    one = {"enum": sorted(POSSIBLE[name])} if sort is Sort.CHOICE else _values(sort)
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_VALUES}
    asked: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"const": "is"}, one),
        ({"const": "in"}, many),
        ({"enum": [*PATTERN_OPS]}, _TEXT),
        ({"enum": [*SIZES]}, _NUMBER),
    ]
    possible = [(op, value) for op, value in asked if _ops(op) <= set(OPS[sort])]
    found = [_object({"field": field, "op": op, "value": value}) for op, value in possible]
    found[0]["required"].remove("op")

    return [*found, _object({"field": field, "op": {"const": "exists"}})]


def _ops(op: dict[str, Any]) -> set[str]:
    return set(op.get("enum") or [op["const"]])


def _values(sort: Sort) -> dict[str, Any]:
    if sort is Sort.FLAG:
        return {"type": "boolean"}

    return _NUMBER if sort is Sort.NUMBER else _TEXT


def _object(members: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": members,
        "required": [*members],
        "additionalProperties": False,
    }
