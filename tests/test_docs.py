"""The documents say what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app import settings_doc
from app.cli import main
from app.core.outcome import Reason

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_settings_are_current() -> None:
    """docs/settings.md is what the settings say; make it with `python -m app.settings_doc`."""
    assert settings_doc.text() == settings_doc.PATH.read_text(encoding="utf-8")


def test_every_reason_is_explained() -> None:
    """docs/reasons.md has each reason of the closed list, and no other."""
    listed = re.findall(
        r"^\| `(\w+)` \|", (ROOT / "docs/reasons.md").read_text(encoding="utf-8"), re.MULTILINE
    )

    assert [reason.value for reason in Reason] == listed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page leads to a file."""
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))

    assert [] == [link for link in links if "://" not in link and not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_exist(page: Path) -> None:
    """Every `botpulse NAME` in a page is a command."""
    named = set(re.findall(r"`botpulse ([a-z][a-z-]+)", page.read_text(encoding="utf-8")))

    assert set() == named - set(main.list_commands(None))  # type: ignore[attr-defined]


def test_readme_is_one_screen() -> None:
    """The README fits a screen and a half."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 70
