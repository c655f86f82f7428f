"""docs/conformance.md is true: all points are in it, and each names tests that are there, or says why none is."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/conformance.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \| (.+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
NODES = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
WITHOUT_A_TEST = {36, 37}
"""What there is nothing of yet."""


@cache
def names_in(path: str) -> set[str]:
    """Return the names of the tests of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_all_points_are_there() -> None:
    """Forty, each once, in their order."""
    assert list(range(1, 41)) == [int(number) for number, *_ in ROWS]


def test_each_point_has_a_test_or_a_reason() -> None:
    """Only of what is not built yet there is a reason instead of a test."""
    untested = {int(number): shown for number, *_, shown in ROWS if "::test_" not in shown}

    assert set(untested) == WITHOUT_A_TEST
    assert all(shown.startswith("not here: ") for shown in untested.values())


@pytest.mark.parametrize(("path", "name"), NODES, ids=lambda value: value)
def test_each_test_is_there(path: str, name: str) -> None:
    """A test that is named exists under this name."""
    assert name in names_in(path)
