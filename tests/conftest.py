"""Fixtures every test may ask for."""

from tests.broker import broker
from tests.sdks.packages import packages
from tests.stack import stack

__all__ = ["broker", "packages", "stack"]
