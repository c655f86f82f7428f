"""
The `botpulse` command: one file per subcommand, imported only when it is used.

A module here whose name has no leading underscore is a subcommand: it exposes a click command named `command`, and the first
line of its docstring is its line in `botpulse --help`.  `dead_letters.py` is `dead-letters`, `import_.py` is `import`.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import os
import pkgutil
from pathlib import Path
from typing import Any

import click

from app.cli._failures import is_foreseen, report

__all__ = ["main"]


class Commands(click.Group):
    """Finds subcommands by file name, so that `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every subcommand there is a file for."""
        names = (module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))
        return sorted(name.rstrip("_").replace("_", "-") for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the file of *cmd_name* and return its command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{__name__}.{_file(cmd_name).stem}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands with the first line of their files."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(name)) for name in self.list_commands(ctx)])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note whether a machine reads the answer before anything can fail."""
        ctx.meta["json"] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; a failure becomes one line and exit code 1."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            raise  # whoever reads the output has enough; click ends quietly then
        except Exception as error:
            if os.environ.get("BOTPULSE_TRACEBACK") and not is_foreseen(error):
                raise
            report(error, as_json=ctx.meta["json"])
            ctx.exit(1)


def _file(command: str) -> Path:
    stem = Path(__file__).parent / command.replace("-", "_")
    plain = stem.with_suffix(".py")
    return plain if plain.exists() else stem.with_name(f"{stem.name}_.py")


def _summary(command: str) -> str:
    docstring = ast.get_docstring(ast.parse(_file(command).read_text(encoding="utf-8"))) or ""
    return docstring.strip().partition("\n")[0]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(importlib.metadata.version("botpulse"), "--version")
def main() -> None:
    """
    Analytics for chat and voice bots, on one machine or many.

    \b
    Example:
      botpulse up            start everything here and print the address
      botpulse doctor        say what is wrong and what to do
    """
