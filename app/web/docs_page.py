"""The OpenAPI document as one page that needs nothing else: no scripts, no assets."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any, Final

__all__ = ["docs_page"]

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430; background: #fff }
h1 { margin: 0 } h2 { margin-top: 2.5rem; text-transform: capitalize } a { color: inherit }
details { border: 1px solid #d9dee6; border-radius: .5rem; margin: .5rem 0; padding: .5rem .8rem }
summary { cursor: pointer } code, pre { font: 13px/1.45 ui-monospace, monospace }
pre { background: #f5f7fa; padding: .8rem; border-radius: .4rem; overflow: auto }
b { display: inline-block; min-width: 3.2rem; font: 600 12px ui-monospace, monospace; color: #2757c4 }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0 }
@media (prefers-color-scheme: dark) {
  body { background: #12161d; color: #dfe5ee } details { border-color: #2c3542 } pre { background: #1a212b } b { color: #8fb4ff }
}
"""


def docs_page(document: dict[str, Any]) -> str:
    """Return the page of *document*."""
    info = document["info"]
    return "".join(
        [
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_text(info['title'])} API</title><style>{_STYLE}</style>",
            f"<h1>{_text(info['title'])} API</h1><p>{_text(info['description'])} Version {_text(info['version'])}. ",
            'For machines: <a href="/openapi.json">openapi.json</a>.</p>',
            *_areas(document),
            "<h2>Types</h2>",
            *(_folded(name, schema) for name, schema in sorted(document["components"]["schemas"].items())),
            "</html>",
        ]
    )


def _areas(document: dict[str, Any]) -> Iterator[str]:
    operations = [
        (path, method, operation)
        for path, ways in document["paths"].items()
        for method, operation in ways.items()
    ]
    for area in dict.fromkeys(operation["tags"][0] for _, _, operation in operations):
        yield f"<h2>{_text(area)}</h2>"
        for path, method, operation in operations:
            if operation["tags"][0] == area:
                yield _operation(path, method, operation)


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    keys = ", ".join(name for one in operation.get("security", []) for name in one) or "none"
    rows = "".join(map(_parameter, operation["parameters"]))
    table = f"<table><tr><th>parameter<th>in<th>meaning{rows}</table>" if rows else ""
    body = operation.get("requestBody")
    return "".join(
        [
            f'<details id="{_text(operation["operationId"])}"><summary><b>{method.upper()}</b> <code>{_text(path)}</code> ',
            f"{_text(operation['summary'])}</summary><p>Key: {_text(keys)}</p>{table}",
            f"<p>Body</p>{_schema(body)}" if body else "",
            *(
                f"<p>{status} {_text(one['description'])}</p>{_schema(one)}"
                for status, one in operation["responses"].items()
            ),
            "</details>",
        ]
    )


def _parameter(one: dict[str, Any]) -> str:
    schema = one["schema"]
    possible = next((one["enum"] for one in (schema, *schema.get("anyOf", ())) if "enum" in one), ())
    choices = f" One of {', '.join(possible)}." if possible else ""
    default = f" Default {schema['default']}." if "default" in schema else ""
    needed = " Required." if one["required"] else ""
    about = _text(one.get("description", "") + choices + default + needed)
    return f"<tr><td><code>{_text(one['name'])}</code><td>{_text(one['in'])}<td>{about}"


def _folded(name: str, schema: dict[str, Any]) -> str:
    return (
        f'<details id="{_text(name)}"><summary><code>{_text(name)}</code></summary>{_pre(schema)}</details>'
    )


def _schema(content: dict[str, Any]) -> str:
    return "".join(
        f"<code>{_text(kind)}</code>{_pre(one['schema'])}" for kind, one in content["content"].items()
    )


def _pre(schema: Any) -> str:
    return f"<pre>{_text(json.dumps(schema, indent=2, ensure_ascii=False))}</pre>"


def _text(value: Any) -> str:
    return html.escape(str(value))
