"""`botpulse bench`: each part it names is a module that can be run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import bench

ROOT = Path(bench.__file__).parents[2]


@pytest.mark.parametrize("part", bench.PARTS)
def test_each_part_is_a_benchmark_that_takes_json(part: str) -> None:
    """The module starts and knows the option that the command passes on."""
    asked = [sys.executable, "-m", f"benchmarks.{part}", "--help"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert 0 == done.returncode, done.stderr
    assert "--json" in done.stdout


def test_the_help_names_every_part() -> None:
    """Whoever asks what can be measured is told all of it."""
    said = " ".join(CliRunner().invoke(bench.command, ["--help"]).output.split())

    assert f"all of them: {', '.join(bench.PARTS)}." in said


def test_an_unknown_part_is_refused() -> None:
    """A word that is no part starts nothing, and the answer lists what there is."""
    done = CliRunner().invoke(bench.command, ["unheard-of"])

    assert 2 == done.exit_code
    assert all(part in done.output for part in bench.PARTS)
