"""Colours of the style sheet: whatever is read can be read, in both schemes (WCAG 2.1 AA)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import app.web

SHEET = (Path(app.web.__file__).parent / "static" / "app.css").read_text(encoding="utf-8")

TEXT = [
    ("text", "ground"), ("text", "card"), ("text", "sunken"), ("quiet", "ground"), ("quiet", "card"), ("quiet", "sunken"),
    ("accent", "card"), ("accent", "ground"), ("on-accent", "accent"), ("good", "good-soft"), ("warn", "warn-soft"),
    ("bad", "bad-soft"), ("bad", "card"),
]  # fmt: skip
DRAWN = [
    ("in", "card"),
    ("second", "card"),
    ("good", "card"),
    ("warn", "card"),
    ("bad", "card"),
    ("accent", "card"),
]
DEEPEST_HEAT = 0.56
"""The most of `in` that the retention table mixes under its numbers (retention.js)."""


def scheme(is_dark: bool) -> dict[str, tuple[float, ...]]:
    """Return the colours of a scheme."""
    light, dark = re.findall(r":root \{(.*?)\n\s*\}", SHEET, re.DOTALL)[:2]
    found = re.findall(r"--([\w-]+): #([0-9a-f]{6});", light + (dark if is_dark else ""))
    return {name: tuple(int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)) for name, colour in found}


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the ratio of two colours."""
    lower, higher = sorted((luminance(one), luminance(other)))
    return (higher + 0.05) / (lower + 0.05)


def luminance(colour: tuple[float, ...]) -> float:
    """Return the relative luminance."""
    parts = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "paper"), TEXT)
def test_text_can_be_read(ink: str, paper: str, is_dark: bool) -> None:
    """Text has at least 4.5:1 against what it stands on."""
    colours = scheme(is_dark)
    assert contrast(colours[ink], colours[paper]) >= 4.5


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "paper"), DRAWN)
def test_drawings_can_be_seen(ink: str, paper: str, is_dark: bool) -> None:
    """Bars, lines and marks have at least 3:1."""
    colours = scheme(is_dark)
    assert contrast(colours[ink], colours[paper]) >= 3


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_numbers_on_the_deepest_heat_can_be_read(is_dark: bool) -> None:
    """The strongest cell of the retention table still carries its number."""
    colours = scheme(is_dark)
    mixed = tuple(
        DEEPEST_HEAT * a + (1 - DEEPEST_HEAT) * b
        for a, b in zip(colours["in"], colours["sunken"], strict=True)
    )
    assert contrast(colours["text"], mixed) >= 4.5
