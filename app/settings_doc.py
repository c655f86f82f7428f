"""Writes `docs/settings.md` from the settings themselves: `python -m app.settings_doc`; a test compares."""

from __future__ import annotations

from pathlib import Path

from app.config import Settings

__all__ = ["PATH", "text"]

PATH = Path(__file__).parents[1] / "docs" / "settings.md"

_HEAD = """# Settings

By environment only, each with the prefix `BOTPULSE_`; flags of `botpulse up` set the same. Secrets come as files.

| variable | default | meaning |
| --- | --- | --- |
"""


def text() -> str:
    """Return the document."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else str(field.default)
        rows.append(
            f"| `BOTPULSE_{name.upper()}` | {f'`{default}`' if default else ''} | {field.description} |\n"
        )

    return _HEAD + "".join(rows)


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
