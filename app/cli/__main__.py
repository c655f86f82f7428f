"""Lets `python -m app.cli` stand for `botpulse` where the script may not be on the path."""

from app.cli import main

main(prog_name="botpulse")
