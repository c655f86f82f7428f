"""The documents say what is true."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from app import settings_doc
from app.cli import main
from app.core.confinement import TABLES
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


def test_the_tables_of_sql_are_named() -> None:
    """docs/api.md lists those that an analyst may ask, in their order."""
    [listed] = re.findall(
        r"^Tables: `(.*?)`", (ROOT / "docs/api.md").read_text(encoding="utf-8"), re.MULTILINE
    )

    assert list(TABLES) == listed.split()


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


def shell_lines(page: Path) -> Iterator[list[str]]:
    """Yield the words of each line of shell of a page that calls `botpulse` or `make`."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = line.split()[:1]
            if words in (["botpulse"], ["make"]):
                yield shlex.split(line, comments=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_options_exist(page: Path) -> None:
    """Every option of a `botpulse` line is one of its command."""
    for words in shell_lines(page):
        command: click.Command | None = main if words[0] == "botpulse" else None
        for word in words[1:]:
            if command is not None and word.startswith("--"):
                assert word.partition("=")[0] in {opt for param in command.params for opt in param.opts}, words  # fmt: skip
            elif isinstance(command, click.Group):
                command = command.get_command(click.Context(command), word)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_exist(page: Path) -> None:
    """Every `make NAME` in a page is a target."""
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z-]+)", text)) | {words[1] for words in shell_lines(page) if words[0] == "make"}  # fmt: skip
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    assert set() == named - targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_exist(page: Path) -> None:
    """Every file or folder of ours that a page names is there."""
    named = re.findall(
        r"`((?:app|tests|clickhouse|benchmarks|schemas|docs)/[\w./-]+)`", page.read_text(encoding="utf-8")
    )

    assert [] == [name for name in named if not (ROOT / name).exists()]


def test_readme_names_the_python_and_the_licence() -> None:
    """Both as the package says."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "requires-python"
    ]

    assert f"Python {wanted.removeprefix('>=')}+" in readme
    assert "Licence: MIT" in readme
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_readme_is_one_screen() -> None:
    """The README fits a screen and a half."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 70
